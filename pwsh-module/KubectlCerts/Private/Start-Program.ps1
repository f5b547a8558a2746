# The version of the wire that this module speaks.
$script:Api = 'certs/v1alpha1'

function Start-Program {
    <#
    .SYNOPSIS
    Starts the program, hands it one request and leaves its standard input open. Returns the conversation, for Read-Line
    and Stop-Program.

    .DESCRIPTION
    The command line is one fixed word; everything else goes through standard input. So nothing needs quoting (Windows
    PowerShell 5.1 loses quotes in arguments) and nothing can be seen in the list of processes. Bytes are written and read
    as UTF-8 whatever the console's code page is.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSUseShouldProcessForStateChangingFunctions', '', Justification = 'What changes things asks before it calls this.')]
    param(
        [Parameter(Mandatory)][System.Management.Automation.PSCmdlet]$Cmdlet,
        [Parameter(Mandatory)][string]$Path,
        # As JSON.
        [Parameter(Mandatory)][string]$Request
    )

    $utf8 = New-Object -TypeName System.Text.UTF8Encoding -ArgumentList $false
    $start = [System.Diagnostics.ProcessStartInfo]::new()
    $start.FileName = $Path
    $start.Arguments = 'api'
    $start.UseShellExecute = $false
    # On Windows: no window from a graphical host, and Ctrl-C reaches the program through us alone.
    $start.CreateNoWindow = $true
    $start.RedirectStandardInput = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.StandardOutputEncoding = $utf8
    $start.StandardErrorEncoding = $utf8
    # PowerShell's current location is not that of its process; relative targets mean the former.
    $start.WorkingDirectory = Get-WorkingFolder

    $process = [System.Diagnostics.Process]::new()
    $process.StartInfo = $start
    try {
        [void]$process.Start()
    } catch {
        $why = $_.Exception.GetBaseException().Message
        $hints = @("is it a program for this system ($(Get-RuntimeName)), and may you execute it?")
        # Archives and Install-Module lose the permission to execute.
        if ((Get-RuntimeName) -notlike 'win-*') { $hints += "for example: chmod +x '$Path'" }
        $Cmdlet.ThrowTerminatingError((New-CertsError -Kind 'program-not-usable' -Message "failed to start '$Path': $why" -Hint $hints -Target $Path))
    }
    try {
        # Text and not an object: a plan goes back to the program as it came.
        $question = '{"api":"' + $script:Api + '","request":' + $Request + ',"stopOnEof":true,"ascii":true}'
        $bytes = $utf8.GetBytes($question + "`n")
        $process.StandardInput.BaseStream.Write($bytes, 0, $bytes.Length)
        $process.StandardInput.BaseStream.Flush()
    } catch [System.IO.IOException] {
        # It has ended already; what it said about that is read next.
        Write-Debug "the program closed its input: $($_.Exception.Message)"
    }
    @{
        Process   = $process
        # The reads that are under way: of standard output, and of standard error until that has ended.
        Reading   = $process.StandardOutput.ReadLineAsync()
        Listening = $process.StandardError.ReadLineAsync()
        # Known when it has ended.
        ExitCode  = $null
        # The last lines of standard error.
        Said      = [System.Collections.Generic.Queue[string]]::new()
    }
}
