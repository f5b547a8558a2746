function ConvertTo-PlainText {
    <#
    .SYNOPSIS
    One line of text for a person. Names come from certificates and from the cluster, so anybody may have chosen them: nothing
    in them may steer a terminal or turn a line around.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory)][AllowEmptyString()][string]$Text)

    $Text -replace '[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069]', [string][char]0xFFFD
}
