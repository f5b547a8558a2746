function Update-KubeCertificate {
    <#
    .SYNOPSIS
    Renews certificates of a control-plane node: makes a plan, asks, does it, and proves that it took effect.

    .DESCRIPTION
    Renews the leaf certificates and kubeconfigs of kubeadm's layout, on this machine or on a disk under -Root: those that
    are wrong or near their end, or the ones that you name. Each gets a new key; everything else in it stays as it is. Every
    file is backed up first.

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

    .PARAMETER Within
    Also what ends within this time, for example 90.00:00:00 (90 days) or (New-TimeSpan -Days 90).

    .PARAMETER Validity
    Lifetime of the new certificates, instead of that of the old ones.

    .PARAMETER Force
    Does not ask. The same as -Confirm:$false; -WhatIf still changes nothing, and with -Confirm you are asked nevertheless.
    It makes nothing possible that is refused without it.

    .INPUTS
    What these commands give out, files of Get-ChildItem, names of targets, or objects with a property Target (and Root, if
    they have it).

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
        [switch]$All,
        # A bare number would be taken as that many ticks of 100 ns.
        [ValidateScript({ if ($_ -lt [timespan]::FromSeconds(1)) { throw "'$_' is less than a second; write a time such as 90.00:00:00 for 90 days" }; $true })][timespan]$Within,
        [ValidateScript({ if ($_ -lt [timespan]::FromSeconds(1)) { throw "'$_' is less than a second; write a time such as 365.00:00:00 for 365 days" }; $true })][timespan]$Validity,
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
            Add-Scope -To $scopes -Cmdlet $PSCmdlet -Piped $_ -Given $given -Target $Target -Root $Root
        } catch { $PSCmdlet.ThrowTerminatingError($_) }
    }
    end {
        # None when nothing came through the pipeline: that does not mean everything.
        foreach ($one in $scopes.Values) {
            try {
                $renew = @{ scope = $one.Scope; all = [bool]$All; mode = 'plan' }
                if ($PSBoundParameters.ContainsKey('Within')) { $renew.within = [long]$Within.TotalSeconds }
                if ($PSBoundParameters.ContainsKey('Validity')) { $renew.validity = [long]$Validity.TotalSeconds }
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
