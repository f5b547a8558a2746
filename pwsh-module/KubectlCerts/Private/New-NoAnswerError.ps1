function New-NoAnswerError {
    <#
    .SYNOPSIS
    The error for a program that ended without saying how it went: it crashed or was killed.
    #>
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It changes nothing.')]
    param(
        [Parameter(Mandatory)][string]$Path,
        # As Stop-Program left it.
        [Parameter(Mandatory)][hashtable]$Conversation
    )

    $text = "'$Path' ended without an answer (exit code $($Conversation.ExitCode))"
    if ($Conversation.Said.Count) { $text += "; its last words:" + [System.Environment]::NewLine + ($Conversation.Said -join [System.Environment]::NewLine) }
    $hints = 'if it was changing something, its journal tells how far it came: kubectl certs runs list'
    New-CertsError -Kind 'no-answer' -Message $text -Hint $hints -Target $Path
}
