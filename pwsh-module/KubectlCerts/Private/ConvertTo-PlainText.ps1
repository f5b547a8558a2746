function ConvertTo-PlainText {
    <#
    .SYNOPSIS
    One line of text for a person. Names come from certificates and from the cluster, so anybody may have chosen them: nothing
    in them may steer a terminal or turn a line around.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory)][AllowEmptyString()][string]$Text)

    $Text -replace '[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]', [string][char]0xFFFD
}
