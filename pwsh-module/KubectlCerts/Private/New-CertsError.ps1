# The kinds of the program (its wire calls them so) and, below, those that only this side can have.
# A script can rely on the id "KubectlCerts.<kind>" and on the category.
$script:CategoryOfKind = @{
    'usage'              = 'InvalidArgument'
    'not-found'          = 'ObjectNotFound'
    'unreadable'         = 'ResourceUnavailable'
    'refused'            = 'InvalidOperation'
    'failed-safe'        = 'OperationStopped'
    'failed-unsafe'      = 'InvalidResult'
    'locked'             = 'ResourceBusy'
    'interrupted'        = 'OperationStopped'

    'findings'           = 'InvalidResult'
    'program-not-found'  = 'NotInstalled'
    'program-not-usable' = 'NotInstalled'
    'no-answer'          = 'ProtocolError'
}

function New-CertsError {
    <#
    .SYNOPSIS
    An error record with the kind as its id, its category, what it is about, and what to do next.
    #>
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'It changes nothing.')]
    param(
        [Parameter(Mandatory)][string]$Kind,
        [Parameter(Mandatory)][string]$Message,
        [AllowEmptyCollection()][string[]]$Hint = @(),
        [AllowNull()]$Target
    )

    # A later program may know kinds that this module does not.
    $category = $script:CategoryOfKind[$Kind]
    if (-not $category) { $category = 'NotSpecified' }
    $exception = [System.InvalidOperationException]::new($Message)
    $record = [System.Management.Automation.ErrorRecord]::new($exception, "KubectlCerts.$Kind", $category, $Target)
    $record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($Message)
    if ($Hint.Count -and $PSVersionTable.PSEdition -eq 'Desktop') {
        # Windows PowerShell shows no recommended action.
        $lines = @($Message) + @($Hint | ForEach-Object { "hint: $_" })
        $record.ErrorDetails = [System.Management.Automation.ErrorDetails]::new($lines -join [System.Environment]::NewLine)
    }
    $record.ErrorDetails.RecommendedAction = $Hint -join [System.Environment]::NewLine
    $record
}
