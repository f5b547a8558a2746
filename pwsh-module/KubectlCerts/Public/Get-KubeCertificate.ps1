function Get-KubeCertificate {
    <#
    .SYNOPSIS
    Gets the certificates of a Kubernetes cluster, or of a node's disk: what exists, where, and until when.

    .DESCRIPTION
    Without any parameter, looks at the cluster of the current context of your kubeconfig: Secrets, webhooks, the kubeconfig
    itself and the API server; and at the files of this machine where it is a control-plane node. With -Root, only files are
    read. With -Ssh or -AllNodes, the files, processes and ports of those nodes, also while the API server is down.

    Each object is one certificate in one place. Its Target is a name that every command accepts, so objects can be piped on.
    Dates are DateTime values in UTC. What could not be read is told as a warning.

    The work is done by the program kubectl-certs. It is looked for in the environment variable KUBECTL_CERTS, beside this
    module, and on PATH.

    .PARAMETER Target
    What to look at: file:PATH or PATH, secret/NAMESPACE/NAME, kubeconfig:PATH, webhook/validating/NAME, tls://HOST:PORT, or
    a name such as apiserver or admin.conf. Also taken from the pipeline.

    .PARAMETER Root
    The disk of a node in this folder (that in which etc/kubernetes lies). Only files below it are read.

    .PARAMETER Namespace
    Only objects in this namespace.

    .PARAMETER AllNamespaces
    Objects in all namespaces, which is the default.

    .PARAMETER Kubeconfig
    Path of the kubeconfig to use.

    .PARAMETER Context
    Context of the kubeconfig to use.

    .PARAMETER Selector
    Only objects with these labels, written as for kubectl: app=web,tier!=test.

    .PARAMETER Ssh
    Nodes that are reached by SSH, as [USER@]HOST[:PORT] or by their names in ssh_config. It needs root there, or sudo without
    a password, and an OpenSSH client here.

    .PARAMETER AllNodes
    All nodes of the cluster, by the addresses in their Node objects.

    .PARAMETER SshUser
    Who logs in to the nodes of -AllNodes.

    .PARAMETER SshKey
    File of the private key to log in with, instead of what ssh_config and the agent have.

    .PARAMETER SshJump
    Host to go through, as [USER@]HOST[:PORT].

    .PARAMETER SshConfig
    Another ssh_config than your own.

    .PARAMETER SshOption
    Options as for ssh -o, for example ConnectTimeout=5.

    .PARAMETER NodeHelper
    Folder with the helpers for nodes: kubectl-certs-linux-amd64, kubectl-certs-linux-arm64.

    .PARAMETER Detailed
    Also who signed it (verified), all places that hold it, who uses it, who trusts it, and what is wrong with it. Needs
    targets.

    .INPUTS
    What these commands give out, files of Get-ChildItem, names of targets, or objects with a property Target (and Root,
    Ssh, Kubeconfig, Context, if they have them).

    .OUTPUTS
    KubectlCerts.Certificate, or KubectlCerts.CertificateDetails with -Detailed.

    .EXAMPLE
    Get-KubeCertificate

    The certificates of the cluster that kubectl talks to.

    .EXAMPLE
    Get-KubeCertificate -Root D:\disks\node1 | Where-Object State -ne valid

    What is expired or will be soon on a node's disk.

    .EXAMPLE
    Get-KubeCertificate -Ssh root@cp1, root@cp2, root@cp3 | Sort-Object NotAfter

    What is on three control-plane nodes.

    .EXAMPLE
    Get-KubeCertificate | Where-Object NotAfter -lt ([datetime]::UtcNow.AddDays(30)) | Sort-Object NotAfter | Format-List

    What ends within 30 days, in full.

    .EXAMPLE
    Get-KubeCertificate apiserver -Root D:\disks\node1 -Detailed | Select-Object -ExpandProperty TrustedBy

    Who trusts the certificate of the API server.

    .LINK
    Test-KubeCertificate

    .LINK
    Update-KubeCertificate
    #>
    [CmdletBinding()]
    [OutputType('KubectlCerts.Certificate')]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)][AllowNull()][AllowEmptyCollection()][AllowEmptyString()][string[]]$Target,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$Root,
        [ValidateNotNullOrEmpty()][string]$Namespace,
        [switch]$AllNamespaces,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$Kubeconfig,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$Context,
        [ValidateNotNullOrEmpty()][string]$Selector,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string[]]$Ssh,
        [Parameter(ValueFromPipelineByPropertyName)][switch]$AllNodes,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshUser,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshKey,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshJump,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshConfig,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string[]]$SshOption,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$NodeHelper,
        [switch]$Detailed
    )

    begin {
        foreach ($one in (Get-CallerPreference -Cmdlet $PSCmdlet -Bound $PSBoundParameters).GetEnumerator()) {
            $ExecutionContext.SessionState.PSVariable.Set($one.Key, $one.Value)
        }
        $scopes = [ordered]@{}
        $given = @{} + $PSBoundParameters
    }
    process {
        try {
            $nodes = @{ Ssh = $Ssh; AllNodes = [bool]$AllNodes; SshUser = $SshUser; SshKey = $SshKey; SshJump = $SshJump; SshConfig = $SshConfig; SshOption = $SshOption; NodeHelper = $NodeHelper }
            Add-Scope -To $scopes -Cmdlet $PSCmdlet -Piped $_ -Given $given -Target $Target -Root $Root -Kubeconfig $Kubeconfig -Context $Context -Namespace $Namespace -AllNamespaces:$AllNamespaces -Selector $Selector -Nodes $nodes
        } catch { $PSCmdlet.ThrowTerminatingError($_) }
    }
    end {
        # None when nothing came through the pipeline: that does not mean everything.
        foreach ($one in $scopes.Values) {
            try {
                $verb = if ($Detailed) { 'show' } else { 'list' }
                $request = ConvertTo-WireText -Value @{ $verb = @{ scope = $one.Scope } }
                $answer = Get-Answer -Cmdlet $PSCmdlet -Request $request
            } catch { $PSCmdlet.ThrowTerminatingError($_) }
            ConvertFrom-Item -Answer $answer -Carry $one.Carry
            if ($answer.Error) { $PSCmdlet.WriteError($answer.Error) }
        }
    }
}
