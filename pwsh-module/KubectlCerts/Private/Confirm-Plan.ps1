function Confirm-Plan {
    <#
    .SYNOPSIS
    Whether the plan shall be done. With -WhatIf it prints each step; otherwise it is one question, since a plan is done as a
    whole or not at all.
    #>
    [CmdletBinding()]
    [OutputType([bool])]
    param(
        [Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet,
        [Parameter(Mandatory)]$Plan,
        [Parameter(Mandatory)][object[]]$Step
    )

    $where = Get-PlaceName -Of $Plan
    $lines = foreach ($one in $Step) { ConvertTo-PlainText -Text "$($one.Id): $($one.Title) ($($one.Impact))" }
    $caption = ConvertTo-PlainText -Text "Renew certificates on $where"
    if ($WhatIfPreference) {
        foreach ($line in $lines) { [void]$Cmdlet.ShouldProcess("on $where, $line", $line, $caption) }
        return $false
    }
    $list = $lines -join [System.Environment]::NewLine
    $count = if ($Step.Count -eq 1) { '1 step' } else { "$($Step.Count) steps" }
    $question = $list + [System.Environment]::NewLine + "Do this? Each file is backed up first."
    $Cmdlet.ShouldProcess("$caption ($count):" + [System.Environment]::NewLine + $list, $question, "$caption ($count)")
}
