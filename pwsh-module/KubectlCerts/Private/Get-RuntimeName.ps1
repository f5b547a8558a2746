function Get-RuntimeName {
    <#
    .SYNOPSIS
    The name of this machine's kind of system, as the folders below bin are called: win-x64, linux-arm64, osx-arm64.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param()

    if ([System.Environment]::OSVersion.Platform -eq [System.PlatformID]::Win32NT) {
        # Windows PowerShell 5.1 may run on a .NET Framework without RuntimeInformation, and 32-bit on a 64-bit system.
        $processor = $env:PROCESSOR_ARCHITEW6432
        if (-not $processor) { $processor = $env:PROCESSOR_ARCHITECTURE }
        $system = 'win'
    } else {
        $runtime = [System.Runtime.InteropServices.RuntimeInformation]
        $processor = "$($runtime::OSArchitecture)"
        $osx = [System.Runtime.InteropServices.OSPlatform]::OSX
        $system = if ($runtime::IsOSPlatform($osx)) { 'osx' } else { 'linux' }
    }
    $processor = $processor.ToLowerInvariant()
    if ($processor -eq 'amd64') { $processor = 'x64' }
    "$system-$processor"
}
