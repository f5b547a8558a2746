# The only members that are dates. The name of a host never is, whatever it looks like.
$script:DateMembers = 'at', 'notAfter', 'notBefore', 'pendingUntil', 'started', 'time', 'until'

function ConvertTo-KubeValue {
    <#
    .SYNOPSIS
    A value within an object of the wire, for ConvertTo-KubeObject. A list stays a list, also with one element or none.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)][AllowNull()][AllowEmptyString()][AllowEmptyCollection()]$Value,
        # The member that it is the value of; nothing within a list.
        [string]$Field = '',
        # Of the objects in it.
        [string]$TypeName = ''
    )

    if ($Value -is [array]) {
        $list = [object[]]::new($Value.Count)
        for ($i = 0; $i -lt $list.Count; $i++) { $list[$i] = ConvertTo-KubeValue -Value $Value[$i] -TypeName $TypeName }
        return , $list
    }
    if ($Value -is [System.Management.Automation.PSCustomObject]) { return ConvertTo-KubeObject -Value $Value -TypeName $TypeName }
    if ($Value -isnot [string] -or -not $Value.Length -or $Value[0] -ne [char]1) { return $Value }

    # The mark of ConvertFrom-WireLine.
    $plain = $Value.Substring(1)
    $date = [datetime]::MinValue
    $styles = [System.Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
    $isDate = $script:DateMembers -contains $Field -and
        [datetime]::TryParseExact($plain, "yyyy-MM-dd'T'HH:mm:ss'Z'", [cultureinfo]::InvariantCulture, $styles, [ref]$date)
    if ($isDate) { $date } else { $plain }
}
