function Get-WorkingFolder {
    <#
    .SYNOPSIS
    Where PowerShell is. That is another folder than its process is in, and the last one in a file system when it is in the
    registry now, say.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param()

    $ExecutionContext.SessionState.Path.CurrentFileSystemLocation.ProviderPath
}
