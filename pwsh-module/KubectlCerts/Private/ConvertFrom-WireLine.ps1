# A string begins at a quote after a bracket, comma or colon: within strings, quotes are escaped.
$script:BeginsLikeDate = [System.Text.RegularExpressions.Regex]::new('(?<=[\[{,:]\s*)"(?=\d{4}-|\\?/Date\(|\\u0001)', 'Compiled, CultureInvariant')

function ConvertFrom-WireLine {
    <#
    .SYNOPSIS
    One line of the program as an object in which every string is still a string.

    .DESCRIPTION
    PowerShell 7 makes a DateTime of whatever looks like a date, be it a date or the name of a host; Windows PowerShell 5.1
    does not, and "-DateKind String" came with 7.5. So a mark (U+0001) goes in front of such strings here, and
    ConvertTo-KubeObject and ConvertTo-WireText take it off. What begins with the mark already gets a second one.
    #>
    [CmdletBinding()]
    param([Parameter(Mandatory)][string]$Line)

    ConvertFrom-Json -InputObject $script:BeginsLikeDate.Replace($Line, '"\u0001')
}
