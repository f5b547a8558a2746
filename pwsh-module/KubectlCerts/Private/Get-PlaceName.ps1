function Get-PlaceName {
    <#
    .SYNOPSIS
    Where something is done, for people: the nodes, a disk in a folder, or this machine.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param(
        # A plan, a result of a run, or the event that tells of its beginning.
        [Parameter(Mandatory)]$Of
    )

    $nodes = $Of.PSObject.Properties['Nodes']
    if ($nodes -and @($nodes.Value).Count) { return $nodes.Value -join ', ' }
    if ($Of.Root -eq '/') { 'this machine' } else { $Of.Root }
}
