function Add-Scope {
    <#
    .SYNOPSIS
    Remembers what one call of a process block asks for. Targets of the same place become one request.

    .DESCRIPTION
    One start of the program for a whole pipeline, unless its objects come from several disks or clusters. No targets means
    everything there is, so nothing that is empty by accident may pass for that.
    #>
    [CmdletBinding()]
    param(
        # Place to scope; an ordered dictionary that the command keeps.
        [Parameter(Mandatory)][AllowEmptyCollection()][System.Collections.Specialized.OrderedDictionary]$To,
        [Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet,
        # What came through the pipeline this time.
        [AllowNull()]$Piped,
        # Parameters that were given and not piped.
        [Parameter(Mandatory)][AllowEmptyCollection()][System.Collections.IDictionary]$Given,
        [AllowNull()][AllowEmptyCollection()][AllowEmptyString()][string[]]$Target,
        [string]$Root,
        [string]$Kubeconfig,
        [string]$Context,
        [string]$Namespace,
        [switch]$AllNamespaces,
        [string]$Selector,
        # The parameters for nodes, by their names.
        [hashtable]$Nodes = @{}
    )

    # A scope that is only half understood would be a wider one.
    $ErrorActionPreference = 'Stop'
    if ($Piped -is [System.IO.FileSystemInfo]) {
        # It has properties of our names with other meanings: the target of a link, the root of a drive.
        $Target = $Piped.FullName
        $Root = $Given['Root']
    }
    $named = $Cmdlet.MyInvocation.ExpectingInput -or $Given.Contains('Target')
    if ($named -and -not @($Target | Where-Object { $_ }).Count) {
        throw (New-CertsError -Kind 'usage' -Message 'there is no target in what was given; without a target it would mean everything' -Hint 'leave out -Target and the pipeline to mean everything' -Target $Piped)
    }

    $carry = @{}
    if ($Root) { $carry.Root = Resolve-FullPath -Path $Root }
    if ($Kubeconfig) { $carry.Kubeconfig = Resolve-FullPath -Path $Kubeconfig }
    if ($Context) { $carry.Context = $Context }
    $ssh = Get-NodeScope -Nodes $Nodes
    $carry += $ssh.Carry
    $key = ConvertTo-WireText -Value @($carry['Root'], $carry['Kubeconfig'], $carry['Context'], $ssh.Scope)
    if (-not $To.Contains($key)) {
        $scope = @{ targets = @(); allNamespaces = [bool]$AllNamespaces; connection = @{} }
        if ($Root) { $scope.root = $carry.Root }
        if ($Kubeconfig) { $scope.connection.kubeconfig = $carry.Kubeconfig }
        if ($Context) { $scope.connection.context = $Context }
        if ($ssh.Scope.Count) { $scope.ssh = $ssh.Scope }
        if ($Namespace) { $scope.namespace = $Namespace }
        if ($Selector) { $scope.selector = $Selector }
        $To[$key] = @{ Scope = $scope; Carry = $carry }
    }
    $To[$key].Scope.targets += @($Target | Where-Object { $null -ne $_ })
}
