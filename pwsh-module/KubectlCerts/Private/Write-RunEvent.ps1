function Write-RunEvent {
    <#
    .SYNOPSIS
    What happens in a run, on the streams for it: a progress bar, verbose text, and information where it concerns the user.
    #>
    [CmdletBinding()]
    param(
        [Parameter(Mandatory)]$RunEvent,
        # What the progress bar shows; kept by the caller.
        [Parameter(Mandatory)][hashtable]$Progress
    )

    # An event without anything to tell is a word, another one an object with one member.
    $what = $RunEvent.What
    if ($what -is [string]) {
        Write-Verbose -Message (ConvertTo-PlainText -Text "run $($RunEvent.Run): $what")
        return
    }
    $member = @($what.PSObject.Properties)[0]
    $told = $member.Value
    switch ($member.Name) {
        'Started' {
            $Progress.Activity = ConvertTo-PlainText -Text $told.Title
            Write-Information -MessageData (ConvertTo-PlainText -Text "run $($RunEvent.Run) begins: $($told.Title) on $(Get-PlaceName -Of $told)") -Tags 'KubectlCerts'
        }
        'StepStarted' {
            $percent = if ($Progress.Steps) { [math]::Min(100, [int](100 * $Progress.Done / $Progress.Steps)) } else { -1 }
            Write-Progress -Activity $Progress.Activity -Status (ConvertTo-PlainText -Text "$($told.Step): $($told.Title)") -PercentComplete $percent
            $Progress.Shown = $true
            Write-Verbose -Message (ConvertTo-PlainText -Text "$($told.Step): $($told.Title)")
        }
        'Waiting' {
            Write-Progress -Activity $Progress.Activity -Status (ConvertTo-PlainText -Text "waiting: $($told.For)") -CurrentOperation (ConvertTo-PlainText -Text $told.Why)
            $Progress.Shown = $true
        }
        'StepSkipped' {
            $Progress.Done++
            Write-Verbose -Message (ConvertTo-PlainText -Text "$($told.Step): skipped, $($told.Why)")
        }
        'StepSucceeded' {
            $Progress.Done++
            Write-Verbose -Message (ConvertTo-PlainText -Text "$($told.Step): done; $($told.Evidence -join '; ')")
        }
        'StepFailed' { Write-Verbose -Message (ConvertTo-PlainText -Text "$($told.Step): failed: $($told.Error.Message)") }
        'Lost' { Write-Warning -Message (ConvertTo-PlainText -Text "$($told.Node) does not answer any more: $($told.Why)") }
        'GatePassed' { Write-Verbose -Message (ConvertTo-PlainText -Text "$($told.Phase): $($told.Evidence -join '; ')") }
        'Pending' {
            $until = if ($told.Until -is [datetime]) { $told.Until.ToString('u') } else { $told.Until }
            Write-Information -MessageData (ConvertTo-PlainText -Text "$($told.Step): pending until ${until}: $($told.Why)") -Tags 'KubectlCerts'
        }
        'Finished' { Write-Verbose -Message (ConvertTo-PlainText -Text "$($told.Done) done, $($told.Skipped) as it was") }
        # Its error ends the answer too, and is reported there.
        'Failed' { }
        default { Write-Verbose -Message (ConvertTo-PlainText -Text "$($RunEvent.Run): $($member.Name)") }
    }
}
