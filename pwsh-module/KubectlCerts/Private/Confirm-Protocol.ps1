# Path, time and length of the programs that were asked already: one that is replaced meanwhile is asked again.
$script:KnownPrograms = @{}

function Confirm-Protocol {
    <#
    .SYNOPSIS
    Asks a program once which wire it speaks, and fails where that is not this module's.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet,
        [Parameter(Mandatory)][string]$Path
    )

    $file = Get-Item -LiteralPath $Path -Force
    $key = "$Path|$($file.LastWriteTimeUtc.Ticks)|$($file.Length)"
    if ($script:KnownPrograms.ContainsKey($key)) { return }

    $speaks = 'nothing that this module understands'
    $conversation = Start-Program -Cmdlet $Cmdlet -Path $Path -Request '"version"'
    try {
        # Another program of this name may print anything, and at length.
        $line = @(Read-Line -Conversation $conversation -WarningAction SilentlyContinue) | Select-Object -First 1
        if ($line -match '^\{"event":"item".*"api":"(?<api>[^"]+)"') { $speaks = $Matches.api }
        elseif ($line) { $speaks = "'$($line.Substring(0, [math]::Min(80, $line.Length)))'" }
    } finally {
        [void](Stop-Program -Conversation $conversation)
    }
    if ($speaks -cne $script:Api) {
        $text = "'$Path' does not speak $($script:Api), which this module needs; it says $speaks"
        $hints = 'use a program and a module of the same version', 'let the environment variable KUBECTL_CERTS name the right program'
        $Cmdlet.ThrowTerminatingError((New-CertsError -Kind 'program-not-usable' -Message $text -Hint $hints -Target $Path))
    }
    $script:KnownPrograms[$key] = $true
}
