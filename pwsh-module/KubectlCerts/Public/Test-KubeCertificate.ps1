function Test-KubeCertificate {
    <#
    .SYNOPSIS
    Finds what is wrong with certificates, and what soon will be.

    .DESCRIPTION
    Looks at the same places as Get-KubeCertificate and verifies what it finds: dates, signatures, whether keys belong to
    certificates, whether those who verify a certificate trust who signed it.

    Each finding is an object; no findings, no output. What could not be read is told as a warning. Findings are no errors,
    unless you ask for that with -FailOn.

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

    .PARAMETER Ignore
    Findings to leave out: a code, or CODE=TARGET for one place.

    .PARAMETER FailOn
    An error (KubectlCerts.findings) follows the findings when one of them has this severity or a higher one: for scripts that
    shall stop then, with -ErrorAction Stop.

    .INPUTS
    What these commands give out, files of Get-ChildItem, names of targets, or objects with a property Target (and Root,
    Ssh, Kubeconfig, Context, if they have them).

    .OUTPUTS
    KubectlCerts.Finding

    .EXAMPLE
    Test-KubeCertificate

    What is wrong in the cluster that kubectl talks to.

    .EXAMPLE
    Test-KubeCertificate -Root D:\disks\node1 | Where-Object Severity -eq error | Format-List

    The worst on a node's disk, in full.

    .EXAMPLE
    Test-KubeCertificate -AllNodes -SshUser root

    What is wrong on the nodes of the cluster.

    .EXAMPLE
    Test-KubeCertificate -Ignore expiring, 'key-differs=secret/shop/web/tls.crt' -FailOn Warning -ErrorAction Stop

    Ends a script when there is anything but what is known.

    .LINK
    Get-KubeCertificate

    .LINK
    Update-KubeCertificate
    #>
    [CmdletBinding()]
    [OutputType('KubectlCerts.Finding')]
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
        [ValidateNotNullOrEmpty()][string[]]$Ignore = @(),
        [ValidateSet('Info', 'Warning', 'Error', 'Never')][string]$FailOn = 'Never'
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
        $failed = $false
        # None when nothing came through the pipeline: that does not mean everything.
        foreach ($one in $scopes.Values) {
            try {
                $request = ConvertTo-WireText -Value @{ check = @{ scope = $one.Scope; ignore = $Ignore; failOn = $FailOn.ToLowerInvariant() } }
                $answer = Get-Answer -Cmdlet $PSCmdlet -Request $request
            } catch { $PSCmdlet.ThrowTerminatingError($_) }
            ConvertFrom-Item -Answer $answer -Carry $one.Carry
            if ($answer.Error) { $PSCmdlet.WriteError($answer.Error) }
            # What the program ends with when a finding is at or above the limit.
            if ($answer.ExitCode -eq 1) { $failed = $true }
        }
        if ($failed) {
            $text = "there are findings of severity $($FailOn.ToLowerInvariant()) or higher"
            $PSCmdlet.WriteError((New-CertsError -Kind 'findings' -Message $text -Hint 'the findings are the output; Update-KubeCertificate -WhatIf shows what renewing would repair'))
        }
    }
}
