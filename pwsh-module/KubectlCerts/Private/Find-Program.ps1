function Find-Program {
    <#
    .SYNOPSIS
    The path of kubectl-certs: what $env:KUBECTL_CERTS says, else the one that came with the module, else the one on PATH.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet)

    $chosen = $env:KUBECTL_CERTS
    if ($chosen) {
        # Whoever names a program wants that one: no other is taken instead.
        if (Test-Path -LiteralPath $chosen -PathType Leaf) { return (Convert-Path -LiteralPath $chosen) }
        $why = "the environment variable KUBECTL_CERTS names '$chosen', and there is no such file"
        $hints = 'let it name the program kubectl-certs, or remove it: Remove-Item Env:KUBECTL_CERTS'
    } else {
        $runtime = Get-RuntimeName
        $name = if ($runtime -like 'win-*') { 'kubectl-certs.exe' } else { 'kubectl-certs' }
        $bundled = [System.IO.Path]::Combine((Split-Path -Parent $PSScriptRoot), 'bin', $runtime, $name)
        if (Test-Path -LiteralPath $bundled -PathType Leaf) { return $bundled }
        $found = @(Get-Command -Name 'kubectl-certs' -CommandType Application -ErrorAction Ignore)
        if ($found.Count) { return $found[0].Path }
        $why = "the program kubectl-certs was not found: not beside the module for $runtime, not on PATH"
        $hints = @(
            'put it in a folder on PATH, where kubectl finds it too, as: kubectl certs'
            'or let the environment variable KUBECTL_CERTS name it: $env:KUBECTL_CERTS = ''PATH'''
        )
    }
    $Cmdlet.ThrowTerminatingError((New-CertsError -Kind 'program-not-found' -Message $why -Hint $hints -Target $chosen))
}
