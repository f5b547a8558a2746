function Update-KubeCertificate {
    <#
    .SYNOPSIS
    Renews certificates of control-plane nodes: makes a plan, asks, does it, and proves that it took effect.

    .DESCRIPTION
    Renews the leaf certificates and kubeconfigs of kubeadm's layout, on this machine, on nodes that are reached with -Ssh or
    -AllNodes, or on a disk under -Root: those that are wrong or near their end, or the ones that you name. Each gets a new
    key, which never leaves its node; everything else in it stays as it is. Every file is backed up first.

    Your own kubeconfig is renewed with them (as operator-kubeconfig) where the user of its context has a certificate of this
    cluster in it; its new key is made here.

    A plan is made first. -WhatIf shows its steps and changes nothing. Otherwise you are asked once for the whole plan, and
    then exactly that plan is done; if the files have changed meanwhile, nothing is. Ctrl-C lets the step in progress end,
    and stops there. "kubectl certs runs" shows what was done, goes on with it, or takes it back.

    Whatever goes wrong is a terminating error, so that a script does not go on as if it had been done.

    .PARAMETER Target
    What to renew: a name such as apiserver or admin.conf, or the file. Without any, all that needs it. Also taken from the
    pipeline.

    .PARAMETER Root
    The disk of a node in this folder (that in which etc/kubernetes lies). Without it, this machine.

    .PARAMETER All
    Also what is far from its end.

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

    .PARAMETER Kubeconfig
    Path of the kubeconfig to use: for -AllNodes, and the one that is renewed as operator-kubeconfig.

    .PARAMETER Context
    Context of the kubeconfig to use.

    .PARAMETER Only
    Only leaves of these names (apiserver, admin.conf, ...), on every node. A name that is not there is an error.

    .PARAMETER Node
    Only on these of the nodes of -Ssh or -AllNodes; the others are still read.

    .PARAMETER Within
    Also what ends within this time, for example 90.00:00:00 (90 days) or (New-TimeSpan -Days 90).

    .PARAMETER Validity
    Lifetime of the new certificates, instead of that of the old ones.

    .PARAMETER AddSan
    DNS names or IP addresses that the certificates get beside their own. Name the certificates with -Only or as targets.

    .PARAMETER ReuseKey
    Keeps the keys instead of making new ones.

    .PARAMETER KeyAlgorithm
    Kind of the new keys, instead of that of the old ones.

    .PARAMETER Restart
    Restarts the API servers too that use what is renewed, one after the other and drained first, although they take notice
    by themselves. It needs nft on their nodes.

    .PARAMETER Drain
    How long load balancers need to notice that an API server is away, or back; 4 seconds unless given, at most 10 minutes.
    Needs -Restart.

    .PARAMETER Force
    Does not ask. The same as -Confirm:$false; -WhatIf still changes nothing, and with -Confirm you are asked nevertheless.
    It makes nothing possible that is refused without it.

    .INPUTS
    What these commands give out, files of Get-ChildItem, names of targets, or objects with a property Target (and Root, Ssh,
    Kubeconfig, Context, if they have them).

    .OUTPUTS
    KubectlCerts.RunResult; nothing when there is nothing to renew. The plan is on the information stream, tagged
    KubectlCerts.Plan.

    .EXAMPLE
    Update-KubeCertificate -WhatIf

    What would be renewed on this control-plane node, and how.

    .EXAMPLE
    Update-KubeCertificate apiserver, admin.conf -Root D:\disks\node1 -Force

    Renews these two on a node's disk without asking.

    .EXAMPLE
    Get-KubeCertificate -Root D:\disks\node1 | Where-Object State -eq expired | Update-KubeCertificate

    Renews what is expired, after a question.

    .EXAMPLE
    Update-KubeCertificate -All -Ssh root@cp1, root@cp2, root@cp3

    Renews a whole control plane from outside, also while the API server is down.

    .EXAMPLE
    Update-KubeCertificate -AllNodes -SshUser root -Only apiserver -AddSan api.example.org

    Every API server gets one name more.

    .EXAMPLE
    Update-KubeCertificate -Within 90.00:00:00 -WhatIf -InformationVariable said; $said.MessageData.Phases.Steps | Format-List

    The plan as objects.

    .LINK
    Get-KubeCertificate

    .LINK
    Test-KubeCertificate
    #>
    [CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
    [OutputType('KubectlCerts.RunResult')]
    param(
        [Parameter(Position = 0, ValueFromPipeline, ValueFromPipelineByPropertyName)][AllowNull()][AllowEmptyCollection()][AllowEmptyString()][string[]]$Target,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$Root,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string[]]$Ssh,
        [Parameter(ValueFromPipelineByPropertyName)][switch]$AllNodes,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshUser,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshKey,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshJump,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$SshConfig,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string[]]$SshOption,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$NodeHelper,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$Kubeconfig,
        [Parameter(ValueFromPipelineByPropertyName)][ValidateNotNullOrEmpty()][string]$Context,
        [switch]$All,
        [ValidateNotNullOrEmpty()][string[]]$Only = @(),
        [ValidateNotNullOrEmpty()][string[]]$Node = @(),
        # A bare number would be taken as that many ticks of 100 ns.
        [ValidateScript({ if ($_ -lt [timespan]::FromSeconds(1)) { throw "'$_' is less than a second; write a time such as 90.00:00:00 for 90 days" }; $true })][timespan]$Within,
        [ValidateScript({ if ($_ -lt [timespan]::FromSeconds(1)) { throw "'$_' is less than a second; write a time such as 365.00:00:00 for 365 days" }; $true })][timespan]$Validity,
        [ValidateNotNullOrEmpty()][string[]]$AddSan = @(),
        [switch]$ReuseKey,
        [ValidateSet('RSA-2048', 'RSA-3072', 'RSA-4096', 'ECDSA-P256', 'ECDSA-P384', 'ECDSA-P521', 'Ed25519')][string]$KeyAlgorithm,
        [switch]$Restart,
        [ValidateScript({ if ($_ -lt [timespan]::Zero -or ($_ -gt [timespan]::Zero -and $_ -lt [timespan]::FromSeconds(1))) { throw "'$_' is less than a second; write a time such as 00:00:10 for 10 seconds" }; $true })][timespan]$Drain,
        [switch]$Force
    )

    begin {
        foreach ($one in (Get-CallerPreference -Cmdlet $PSCmdlet -Bound $PSBoundParameters).GetEnumerator()) {
            $ExecutionContext.SessionState.PSVariable.Set($one.Key, $one.Value)
        }
        $scopes = [ordered]@{}
        $given = @{} + $PSBoundParameters
        # -WhatIf wins all the same, and so does an explicit -Confirm.
        if ($Force -and -not $PSBoundParameters.ContainsKey('Confirm')) { $ConfirmPreference = 'None' }
    }
    process {
        try {
            $nodes = @{ Ssh = $Ssh; AllNodes = [bool]$AllNodes; SshUser = $SshUser; SshKey = $SshKey; SshJump = $SshJump; SshConfig = $SshConfig; SshOption = $SshOption; NodeHelper = $NodeHelper }
            Add-Scope -To $scopes -Cmdlet $PSCmdlet -Piped $_ -Given $given -Target $Target -Root $Root -Kubeconfig $Kubeconfig -Context $Context -Nodes $nodes
        } catch { $PSCmdlet.ThrowTerminatingError($_) }
    }
    end {
        # None when nothing came through the pipeline: that does not mean everything.
        foreach ($one in $scopes.Values) {
            try {
                $renew = @{ scope = $one.Scope; all = [bool]$All; mode = 'plan' }
                if ($PSBoundParameters.ContainsKey('Within')) { $renew.within = [long]$Within.TotalSeconds }
                if ($PSBoundParameters.ContainsKey('Validity')) { $renew.validity = [long]$Validity.TotalSeconds }
                if ($Only.Count) { $renew.only = $Only }
                if ($Node.Count) { $renew.nodes = $Node }
                if ($AddSan.Count) { $renew.addSans = $AddSan }
                if ($ReuseKey) { $renew.reuseKey = $true }
                # As the program writes it, however it was typed.
                if ($KeyAlgorithm) { $renew.keyAlgorithm = if ($KeyAlgorithm -eq 'Ed25519') { 'Ed25519' } else { $KeyAlgorithm.ToUpperInvariant() } }
                if ($Restart) { $renew.restart = $true }
                if ($PSBoundParameters.ContainsKey('Drain')) { $renew.drain = [long]$Drain.TotalSeconds }
                $answer = Get-Answer -Cmdlet $PSCmdlet -Request (ConvertTo-WireText -Value @{ renew = $renew })
                if ($answer.Error) { throw $answer.Error }
                $plan = ConvertFrom-Item -Answer $answer
                $steps = @($plan.Phases | ForEach-Object { $_.Steps })

                # For -InformationVariable; never shown, since the steps are.
                Write-Information -MessageData $plan -Tags 'KubectlCerts.Plan' -InformationAction SilentlyContinue
                foreach ($left in $plan.LeftAlone) { Write-Verbose -Message (ConvertTo-PlainText -Text "left alone: $($left.Name): $($left.Why)") }
                if (-not $steps.Count) { Write-Verbose -Message 'nothing to do' }
                if (-not $steps.Count -or -not (Confirm-Plan -Cmdlet $PSCmdlet -Plan $plan -Step $steps)) { continue }

                # That very plan, as the program wrote it.
                $apply = ConvertTo-WireText -Marked -Value @{ apply = @{ plan = (ConvertFrom-WireLine -Line $answer.Items[0]).item.plan } }
                $answer = Get-Answer -Cmdlet $PSCmdlet -Request $apply -Steps $steps.Count -Changes
                if ($answer.Error) { throw $answer.Error }
            } catch { $PSCmdlet.ThrowTerminatingError($_) }
            ConvertFrom-Item -Answer $answer
        }
    }
}
