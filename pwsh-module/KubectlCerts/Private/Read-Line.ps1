function Read-Line {
    <#
    .SYNOPSIS
    The next lines of standard output, as many as have come, at least one; nothing when there are none any more.

    .DESCRIPTION
    Both streams are read without blocking and looked at in turns: a blocking read would keep Ctrl-C from working, and a
    stream that nobody reads stops the program when its pipe is full. No event handlers: they would run on threads without
    a runspace. What comes on standard error is for people (a login plugin asks to enter a code, say) and is shown as it comes.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory)][hashtable]$Conversation)

    $process = $Conversation.Process
    $reader = $process.StandardOutput
    $quiet = $null
    for (;;) {
        if ($Conversation.Reading.IsCompleted) {
            $lines = [System.Collections.Generic.List[string]]::new()
            $reading = $Conversation.Reading
            while ($reading.IsCompleted -and $lines.Count -lt 1000) {
                $line = $reading.Result
                if ($null -eq $line) { break }
                $lines.Add($line)
                # Begun here, so that the next line is fetched while the caller looks at these.
                $reading = $reader.ReadLineAsync()
            }
            $Conversation.Reading = $reading
            if ($lines.Count) { return $lines }
            # Standard error may still hold the reason. But something that the program left behind may keep it open: when
            # nothing has come for a second, it is enough.
            if ($null -eq $quiet) { $quiet = [System.Diagnostics.Stopwatch]::StartNew() }
            if ($null -eq $Conversation.Listening -or $quiet.ElapsedMilliseconds -gt 1000) { return }
        }
        if ($null -ne $Conversation.Listening -and $Conversation.Listening.IsCompleted) {
            $said = $Conversation.Listening.Result
            if ($null -eq $said) {
                $Conversation.Listening = $null
            } else {
                $Conversation.Listening = $process.StandardError.ReadLineAsync()
                $quiet = $null
                $text = ConvertTo-PlainText -Text $said
                $Conversation.Said.Enqueue($text)
                if ($Conversation.Said.Count -gt 20) { [void]$Conversation.Said.Dequeue() }
                Write-Warning -Message $text
            }
            continue
        }
        $waiting = [System.Collections.Generic.List[System.Threading.Tasks.Task]]::new()
        if (-not $Conversation.Reading.IsCompleted) { $waiting.Add($Conversation.Reading) }
        if ($null -ne $Conversation.Listening) { $waiting.Add($Conversation.Listening) }
        # Not for ever: Ctrl-C is noticed between two waits.
        [void][System.Threading.Tasks.Task]::WaitAny($waiting.ToArray(), 200)
    }
}
