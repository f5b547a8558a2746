function Stop-Program {
    <#
    .SYNOPSIS
    Ends a program that Start-Program started: closing its input asks it to stop, at once or at the end of a step. Returns
    the last line that it wrote meanwhile, if it did.

    .DESCRIPTION
    Runs in a finally block, so also after Ctrl-C and after "Select-Object -First 1", where nothing may be written to the
    pipeline any more. What only reads is ended at once. What changes something is waited for, however long its step
    takes: a step that is cut off is what nobody wants.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It tidies up after a request.')]
    param(
        [Parameter(Mandatory)][hashtable]$Conversation,
        [switch]$Changes
    )

    $ErrorActionPreference = 'Stop'
    $process = $Conversation.Process
    $last = $null
    $told = $false
    try { $process.StandardInput.BaseStream.Close() } catch { Write-Debug "closing its input: $($_.Exception.Message)" }
    $waited = [System.Diagnostics.Stopwatch]::StartNew()
    do {
        # Asked first, so that what it wrote before it ended is read once more.
        $gone = $process.WaitForExit(20)
        # With nobody reading, a full pipe would keep it from ending.
        foreach ($stream in 'Reading', 'Listening') {
            $reader = if ($stream -eq 'Reading') { $process.StandardOutput } else { $process.StandardError }
            # Of a program that has ended, the rest comes at once; unless something that it left behind holds the pipe.
            while ($null -ne $Conversation[$stream] -and ($Conversation[$stream].IsCompleted -or ($gone -and [System.Threading.Tasks.Task]::WaitAny(@($Conversation[$stream]), 500) -eq 0))) {
                $line = if ($Conversation[$stream].IsFaulted) { $null } else { $Conversation[$stream].Result }
                if ($null -ne $line -and $stream -eq 'Reading') { $last = $line }
                $Conversation[$stream] = if ($null -ne $line) { $reader.ReadLineAsync() } else { $null }
            }
        }
        if (-not $gone -and -not $Changes -and $waited.Elapsed.TotalSeconds -ge 0.5) {
            # It may end by itself at this very moment.
            try { $process.Kill() } catch { Write-Debug "ending it: $($_.Exception.Message)" }
            break
        }
        if (-not $gone -and $Changes -and -not $told -and $waited.Elapsed.TotalSeconds -ge 1) {
            $told = $true
            # Straight to the host, since the pipeline may be stopping.
            $Host.UI.WriteWarningLine('kubectl-certs ends the step that it is in; please wait')
        }
    } until ($gone)
    if ($process.WaitForExit(1000)) { $Conversation.ExitCode = $process.ExitCode }
    $process.Dispose()
    $last
}
