function Get-NodeScope {
    <#
    .SYNOPSIS
    What the parameters for nodes mean: for the request, and for the next command in a pipeline. Both are empty where none was
    given.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        # The parameters by their names, given or not.
        [Parameter(Mandatory)][hashtable]$Nodes
    )

    # In the order in which they are asked for in a key, so that the same nodes are one request.
    $fields = [ordered]@{
        Ssh = 'hosts'; AllNodes = 'allNodes'; SshUser = 'user'; SshKey = 'key'; SshJump = 'jump'; SshConfig = 'config'
        SshOption = 'options'; NodeHelper = 'helper'
    }
    $scope = [ordered]@{}
    $carry = @{}
    foreach ($name in $fields.Keys) {
        $value = $Nodes[$name]
        if (-not $value) { continue }
        if (@('SshKey', 'SshConfig', 'NodeHelper') -contains $name) { $value = Resolve-FullPath -Path $value }
        $scope[$fields[$name]] = $value
        $carry[$name] = $value
    }
    @{ Scope = $scope; Carry = $carry }
}
