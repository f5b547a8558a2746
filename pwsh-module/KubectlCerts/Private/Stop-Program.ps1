function Stop-Program {
    <#
    .SYNOPSIS
    Ends a program that Start-Program started: closing its input asks it to stop, at once or at the end of a step.

    .DESCRIPTION
    Runs in a finally block, so also after Ctrl-C and after "Select-Object -First 1", where nothing may be written to the
    pipeline any more. What only reads is ended at once. What changes something is waited for, however long its step
    takes: a step that is cut off is what nobody wants.
    #>
    [CmdletBinding()]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It tidies up after a request.')]
    param(
        [Parameter(Mandatory)][hashtable]$Conversation,
        [switch]$Changes
    )

    $ErrorActionPreference = 'Stop'
    $process = $Conversation.Process
    try { $process.StandardInput.BaseStream.Close() } catch { Write-Debug "closing its input: $($_.Exception.Message)" }
    $waited = [System.Diagnostics.Stopwatch]::StartNew()
    $told = $false
    while (-not $process.WaitForExit(20)) {
        # With nobody reading, a full pipe would keep it from ending.
        foreach ($stream in 'Reading', 'Listening') {
            $reader = if ($stream -eq 'Reading') { $process.StandardOutput } else { $process.StandardError }
            while ($null -ne $Conversation[$stream] -and $Conversation[$stream].IsCompleted) {
                $line = if ($Conversation[$stream].IsFaulted) { $null } else { $Conversation[$stream].Result }
                $Conversation[$stream] = if ($null -ne $line) { $reader.ReadLineAsync() } else { $null }
            }
        }
        if (-not $Changes -and $waited.Elapsed.TotalSeconds -ge 0.5) {
            # It may end by itself at this very moment.
            try { $process.Kill() } catch { Write-Debug "ending it: $($_.Exception.Message)" }
            break
        }
        if ($Changes -and -not $told -and $waited.Elapsed.TotalSeconds -ge 1) {
            $told = $true
            # Straight to the host, since the pipeline may be stopping.
            $Host.UI.WriteWarningLine('kubectl-certs ends the step that it is in; please wait')
        }
    }
    if ($process.WaitForExit(1000)) { $Conversation.ExitCode = $process.ExitCode }
    $process.Dispose()
}
