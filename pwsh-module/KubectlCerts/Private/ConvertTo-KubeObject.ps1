# Members of an item that are objects of a type of their own, so that they get a table.
$script:TypeOfMember = @{
    'KubectlCerts.CertificateDetails/findings' = 'KubectlCerts.Finding'
    'KubectlCerts.Plan/phases'                 = 'KubectlCerts.PlanPhase'
    'KubectlCerts.PlanPhase/steps'             = 'KubectlCerts.PlanStep'
    'KubectlCerts.RunResult/steps'             = 'KubectlCerts.RunStep'
}

# Members whose own members become the item's, so that a certificate has the same properties with and without details.
$script:LiftedMembers = 'KubectlCerts.CertificateDetails/certificate', 'KubectlCerts.Plan/plan'

# Members that the wire leaves out when there is nothing to say: an object always has them, for strict mode's sake.
$script:MembersAlwaysThere = @{
    'KubectlCerts.Error'     = @{ Hints = @(); Target = $null }
    'KubectlCerts.Plan'      = @{ Nodes = @() }
    'KubectlCerts.PlanStep'  = @{ Node = $null; PendingSeconds = $null }
    'KubectlCerts.RunResult' = @{ LeftAlone = @(); Nodes = @() }
    'KubectlCerts.RunStep'   = @{ PendingUntil = $null }
}

$script:NameOfMember = @{}

function ConvertTo-KubeObject {
    <#
    .SYNOPSIS
    An object of the wire as one for PowerShell: names in Pascal case, a type name, dates as DateTime in UTC.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]$Value,
        # Without one, it is a plain object.
        [string]$TypeName = ''
    )

    $members = foreach ($member in $Value.PSObject.Properties) {
        if ($script:LiftedMembers -contains "$TypeName/$($member.Name)") { $member.Value.PSObject.Properties } else { $member }
    }
    $properties = [ordered]@{}
    foreach ($member in $members) {
        $field = $member.Name
        # Which kind of item it is, the type name tells.
        if ($field -eq 'kind' -and $TypeName -eq "KubectlCerts.$($member.Value)") { continue }
        $name = $script:NameOfMember[$field]
        if (-not $name) {
            $name = $field.Substring(0, 1).ToUpperInvariant() + $field.Substring(1)
            $script:NameOfMember[$field] = $name
        }
        $inner = $member.Value
        # Most values are as they should be. A call for each of them would double the time of a long list.
        $plain = $true
        foreach ($one in $inner) {
            if ($one -is [string]) { $plain = -not $one.Length -or $one[0] -ne [char]1 }
            elseif ($one -is [array] -or $one -is [System.Management.Automation.PSCustomObject]) { $plain = $false }
            if (-not $plain) {
                $inner = ConvertTo-KubeValue -Value $inner -Field $field -TypeName "$($script:TypeOfMember["$TypeName/$field"])"
                break
            }
        }
        $properties[$name] = $inner
    }
    $more = $script:MembersAlwaysThere[$TypeName]
    if ($more) { foreach ($name in $more.Keys) { if (-not $properties.Contains($name)) { $properties[$name] = $more[$name] } } }
    $object = [pscustomobject]$properties
    if ($TypeName) { $object.PSObject.TypeNames.Insert(0, $TypeName) }
    # Details are a certificate too: with its type, so that its table shows them.
    if ($TypeName -eq 'KubectlCerts.CertificateDetails') { $object.PSObject.TypeNames.Insert(1, 'KubectlCerts.Certificate') }
    $object
}
