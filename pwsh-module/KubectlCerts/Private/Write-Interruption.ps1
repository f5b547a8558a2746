function Write-Interruption {
    <#
    .SYNOPSIS
    Tells how a change ended that was interrupted, and how to go on with it.

    .DESCRIPTION
    After Ctrl-C no stream takes anything any more, so it goes straight to the host.
    #>
    [CmdletBinding()]
    param(
        # The last line of the program, if it wrote one.
        [AllowNull()][AllowEmptyString()][string]$Line
    )

    if (-not $Line -or -not $Line.StartsWith('{"event":"failed",', [System.StringComparison]::Ordinal)) { return }
    $failure = ConvertTo-KubeObject -Value (ConvertFrom-WireLine -Line $Line).error -TypeName 'KubectlCerts.Error'
    foreach ($text in @($failure.Message) + $failure.Hints) { $Host.UI.WriteWarningLine((ConvertTo-PlainText -Text $text)) }
}
