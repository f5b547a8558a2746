function Get-CallerPreference {
    <#
    .SYNOPSIS
    The preferences of the script that called a command, for the command to make them its own.

    .DESCRIPTION
    Commands of script modules only see the global ones (about_Preference_Variables). A script that was called with -WhatIf
    would change things through us, and one that sets $ErrorActionPreference = 'Stop' would go on after our errors.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param(
        [Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet,
        # What the command was called with: that wins.
        [Parameter(Mandatory)][AllowEmptyCollection()][System.Collections.IDictionary]$Bound
    )

    $variables = @{
        Confirm           = 'ConfirmPreference'
        Debug             = 'DebugPreference'
        ErrorAction       = 'ErrorActionPreference'
        InformationAction = 'InformationPreference'
        ProgressAction    = 'ProgressPreference'
        Verbose           = 'VerbosePreference'
        WarningAction     = 'WarningPreference'
        WhatIf            = 'WhatIfPreference'
    }
    $preferences = @{}
    foreach ($parameter in $variables.Keys) {
        $value = $Cmdlet.SessionState.PSVariable.GetValue($variables[$parameter])
        if ($null -ne $value -and -not $Bound.ContainsKey($parameter)) { $preferences[$variables[$parameter]] = $value }
    }
    $preferences
}
