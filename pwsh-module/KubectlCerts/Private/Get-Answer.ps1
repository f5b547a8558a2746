function Get-Answer {
    <#
    .SYNOPSIS
    Asks the program one thing and waits for the end of its answer. Events and gaps are told as they come; items and the
    error are returned.

    .DESCRIPTION
    Items are kept as lines and not handed on from here: what stands further down a pipeline runs within this call then, and
    an error there would end the pipeline (because of try and finally), or the program in the middle of a change.
    ConvertFrom-Item hands them on one by one. Whatever ends this early, such as Ctrl-C, ends the program too.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        # The command that the user called, for errors to come from.
        [Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet,
        # As JSON.
        [Parameter(Mandatory)][string]$Request,
        # How many steps there will be, for the progress bar.
        [int]$Steps = 0,
        # It changes something: the end of a step is waited for.
        [switch]$Changes
    )

    $ErrorActionPreference = 'Stop'
    $path = Find-Program -Cmdlet $Cmdlet
    Confirm-Protocol -Cmdlet $Cmdlet -Path $path
    $answer = @{
        Items    = [System.Collections.Generic.List[string]]::new()
        ExitCode = $null
        Error    = $null
    }
    $progress = @{ Activity = 'kubectl-certs'; Steps = $Steps; Done = 0; Shown = $false }
    $ended = $false
    $conversation = Start-Program -Cmdlet $Cmdlet -Path $path -Request $Request
    try {
        while (-not $ended) {
            $lines = @(Read-Line -Conversation $conversation)
            if (-not $lines.Count) { break }
            foreach ($line in $lines) {
                if ($line.StartsWith('{"event":"item",', [System.StringComparison]::Ordinal)) {
                    $answer.Items.Add($line)
                    continue
                }
                # Half a line, from a program that was killed. That no answer follows is told below.
                if (-not $line.EndsWith('}')) { continue }
                $message = ConvertFrom-WireLine -Line $line
                switch ($message.event) {
                    'item' { $answer.Items.Add($line) }
                    'progress' { Write-RunEvent -RunEvent (ConvertTo-KubeObject -Value $message.progress) -Progress $progress }
                    'gap' {
                        $gap = ConvertTo-KubeObject -Value $message.gap
                        Write-Warning -Message (ConvertTo-PlainText -Text "$($gap.At) could not be read ($($gap.Reason)): $($gap.Message)")
                    }
                    'finished' {
                        $answer.ExitCode = $message.exitCode
                        $ended = $true
                    }
                    'failed' {
                        $failure = ConvertTo-KubeObject -Value $message.error -TypeName 'KubectlCerts.Error'
                        $text = ConvertTo-PlainText -Text $failure.Message
                        $answer.Error = New-CertsError -Kind $failure.Kind -Message $text -Hint $failure.Hints -Target $failure.Target
                        $ended = $true
                    }
                    # A later program may say more than this module knows.
                    default { Write-Debug -Message $line }
                }
            }
        }
    } finally {
        $last = Stop-Program -Conversation $conversation -Changes:$Changes
        if (-not $ended -and $Changes) { Write-Interruption -Line $last }
        if ($progress.Shown) { Write-Progress -Activity $progress.Activity -Completed }
    }
    if (-not $ended) { $answer.Error = New-NoAnswerError -Path $path -Conversation $conversation }
    $answer
}
