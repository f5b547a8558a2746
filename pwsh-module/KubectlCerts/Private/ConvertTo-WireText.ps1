$script:BeginsWithMark = [System.Text.RegularExpressions.Regex]::new('(?<=[\[{,:]\s*)"\\u0001', 'Compiled, CultureInvariant')

function ConvertTo-WireText {
    <#
    .SYNOPSIS
    JSON for the program.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        [Parameter(Mandatory)]$Value,
        # It came from ConvertFrom-WireLine and goes back exactly as it came; a plan, for instance.
        [switch]$Marked
    )

    # The default depth of two cuts, in Windows PowerShell 5.1 without a word.
    $text = ConvertTo-Json -InputObject $Value -Depth 20 -Compress
    if ($Marked) { $text = $script:BeginsWithMark.Replace($text, '"') }
    $text
}
