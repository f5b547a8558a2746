function Resolve-FullPath {
    <#
    .SYNOPSIS
    A path that means the same from every folder: a relative one begins at PowerShell's location, "~" is the home folder.

    .DESCRIPTION
    The text is taken as it is: no wildcards, no escapes. PowerShell's own way of resolving paths would change some, such as
    a backslash in a name on Linux.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory)][string]$Path)

    if ($Path -match '^~(?=$|[/\\])') { $Path = $HOME + $Path.Substring(1) }
    [System.IO.Path]::Combine((Get-WorkingFolder), $Path)
}
