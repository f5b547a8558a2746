function ConvertFrom-Item {
    <#
    .SYNOPSIS
    The items of an answer as objects.
    #>
    [CmdletBinding()]
    param(
        # Of Get-Answer.
        [Parameter(Mandatory)][hashtable]$Answer,
        # Properties that each of them gets, so that the next command in a pipeline looks at the same place.
        [hashtable]$Carry = @{}
    )

    foreach ($line in $Answer.Items) {
        $item = (ConvertFrom-WireLine -Line $line).item
        $object = ConvertTo-KubeObject -Value $item -TypeName "KubectlCerts.$($item.kind)"
        foreach ($name in $Carry.Keys) { $object.PSObject.Properties.Add([psnoteproperty]::new($name, $Carry[$name])) }
        $object
    }
}
