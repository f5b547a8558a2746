//! Update-KubeCertificate: a plan, a question, and exactly that.

use std::path::Path;
use std::time::Duration;

use pwsh_tests::engine::{Outcome, Script};
use pwsh_tests::fake::Fake;
use pwsh_tests::{compare, program};
use serde_json::{Value, json};
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::tree::Tree;
use tempfile::TempDir;

const DAY: Duration = Duration::from_secs(86_400);

fn demo() -> TempDir {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    disk
}

fn run(text: &str, disk: &Path) -> Outcome {
    Script::new(text).with("DISK", disk).run()
}

/// The steps that the program's own plan has.
fn planned(targets: &[&str], disk: &Path) -> Vec<String> {
    let plan = program::items(&[&["renew"], targets, &["--dry-run"]].concat(), disk).remove(0);
    let phases = plan["plan"]["phases"].as_array().expect("phases");
    let steps = phases.iter().flat_map(|phase| phase["steps"].as_array().expect("steps"));
    steps.map(|step| step["id"].as_str().expect("an id").to_owned()).collect()
}

/// The steps that `-WhatIf` names.
fn what_if(printed: &str) -> Vec<String> {
    let lines = printed.lines().filter(|line| line.starts_with("What if: "));
    lines.map(|line| line.split([',', ':']).nth(2).expect("a step").trim().to_owned()).collect()
}

#[test]
fn what_if_names_each_step_of_the_real_plan_and_changes_nothing() {
    let disk = demo();
    let before = Tree::read(disk.path());
    let outcome = run(
        "$answer = @(Update-KubeCertificate -Root $env:DISK -WhatIf)
        Update-KubeCertificate -Root $env:DISK -WhatIf -Force | Out-Null",
        disk.path(),
    );
    assert_eq!(before.diff_with_times(&Tree::read(disk.path())), Vec::<String>::new());
    let steps = planned(&[], disk.path());
    assert_eq!(what_if(&outcome.printed), [&steps[..], &steps[..]].concat());
    assert!(steps.len() > 5 && outcome.printed.contains(&format!("on {}, renew-apiserver: ", disk.path().display())));
    assert_eq!(outcome.answer, json!([]));
}

#[test]
fn what_if_of_the_calling_script_counts() {
    let disk = demo();
    let before = Tree::read(disk.path());
    let outcome = run(
        "function Invoke-Repair { [CmdletBinding(SupportsShouldProcess)] param() Update-KubeCertificate -Root $env:DISK -Force }
        Invoke-Repair -WhatIf
        & { $WhatIfPreference = $true; Update-KubeCertificate -Root $env:DISK -Confirm:$false }",
        disk.path(),
    );
    before.assert_unchanged(&Tree::read(disk.path()));
    assert_eq!(what_if(&outcome.printed).len(), 2 * planned(&[], disk.path()).len());
}

#[test]
fn a_real_node_is_renewed_and_shows_new_dates() {
    let root = tempfile::tempdir().expect("a folder");
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm.leaf_validity = 3 * DAY;
    kubeadm.write(root.path());
    let outcome = run(
        "$old = @(Get-KubeCertificate -Root $env:DISK)
        $done = @(Update-KubeCertificate -Root $env:DISK -All -Validity 365.00:00:00 -Confirm:$false)
        $new = @(Get-KubeCertificate -Root $env:DISK)
        $again = @(Update-KubeCertificate -Root $env:DISK -Confirm:$false -Verbose 4>&1)
        $answer = @{
            Done = $done; Type = $done[0].PSObject.TypeNames[0]; StepType = $done[0].Steps[0].PSObject.TypeNames[0]
            Ends = @($new | Where-Object { -not $_.IsAuthority } | ForEach-Object { [int]($_.NotAfter - [datetime]::UtcNow).TotalDays })
            Same = \"$($old.Target)\" -ceq \"$($new.Target)\"; Again = @($again | ForEach-Object { \"$_\" })
        }",
        root.path(),
    );
    let done = &outcome.answer["Done"][0];
    assert_eq!((&done["State"], &done["Root"]), (&json!("done"), &json!(root.path())));
    assert_eq!(outcome.answer["Type"], "KubectlCerts.RunResult");
    assert_eq!(outcome.answer["StepType"], "KubectlCerts.RunStep");
    // Strict mode must not stumble over what the wire leaves out.
    assert_eq!((&done["LeftAlone"], &done["Steps"][0]["PendingUntil"]), (&json!([]), &Value::Null));
    let ends: Vec<i64> = outcome.answer["Ends"].as_array().expect("days").iter().filter_map(Value::as_i64).collect();
    assert_eq!((ends.len(), ends.iter().min(), ends.iter().max()), (12, Some(&365), Some(&365)), "{ends:?}");
    assert_eq!(outcome.answer["Same"], true);
    let again = outcome.answer["Again"].as_array().expect("verbose text");
    assert_eq!(again.last(), Some(&json!("nothing to do")), "{again:?}");

    // The program's own journal knows the run, and its result on another such disk has the same shape.
    let runs = program::items(&["runs", "list"], root.path());
    assert_eq!((&runs[0]["run"], &runs[0]["state"]), (&done["Run"], &json!("done")));
    let other = tempfile::tempdir().expect("a folder");
    kubeadm.write(other.path());
    let item = program::items(&["renew", "--all", "--validity", "365d", "--yes"], other.path()).remove(0);
    let shape = |result: &Value| -> Vec<Value> {
        let steps = result["Steps"].as_array().expect("steps");
        steps
            .iter()
            .map(|step| json!([step["Id"], step["Changed"], step["Evidence"].as_array().map(Vec::len)]))
            .collect()
    };
    assert_eq!(shape(done), shape(&compare::expected(&item)));
}

#[test]
fn the_plan_that_was_shown_goes_back_word_for_word() {
    let disk = demo();
    let fake = Fake::listening();
    let outcome = Script::new(
        "Update-KubeCertificate apiserver -Root $env:DISK -Force -InformationVariable said | Out-Null
        $plan = @($said | Where-Object { $_.Tags -contains 'KubectlCerts.Plan' })[0].MessageData
        $answer = @{ Digest = $plan.Digest; Steps = @($plan.Phases.Steps | ForEach-Object { $_.PSObject.TypeNames[0] }); At = $plan.At -is [datetime] }",
    )
    .with("DISK", disk.path())
    .program(&fake.path())
    .run();
    let answers = fake.answers();
    let item = answers.iter().find(|line| line["item"]["kind"] == "Plan").map(|line| &line["item"]).expect("a plan");
    let questions = fake.questions();
    let sent: Vec<&Value> = questions.iter().filter_map(|question| question["request"].get("apply")).collect();
    assert_eq!(sent.iter().map(|apply| &apply["plan"]).collect::<Vec<_>>(), [&item["plan"]]);
    assert_eq!(outcome.answer, json!({ "Digest": item["digest"], "Steps": ["KubectlCerts.PlanStep"], "At": true }));
}

#[test]
fn a_pipeline_chooses_what_is_renewed() {
    let disk = demo();
    let before = Tree::read(disk.path());
    let outcome = run(
        "Get-KubeCertificate -Root $env:DISK | Where-Object Name -in 'apiserver', 'etcd-peer' | Update-KubeCertificate -WhatIf
        Test-KubeCertificate -Root $env:DISK | Where-Object Code -eq 'not-yet-valid' | Update-KubeCertificate -WhatIf
        # Nothing is not everything.
        Get-KubeCertificate -Root $env:DISK | Where-Object Name -eq 'no such' | Update-KubeCertificate -Force",
        disk.path(),
    );
    assert_eq!(what_if(&outcome.printed), ["renew-apiserver", "renew-etcd-peer", "renew-scheduler.conf"]);
    before.assert_unchanged(&Tree::read(disk.path()));
}

#[test]
fn one_question_is_asked_and_the_answer_counts() {
    let disk = demo();
    let before = Tree::read(disk.path());
    let asked = |text: &str, typed: &str| Script::new(text).with("DISK", disk.path()).typed(typed).run();
    let text = "$answer = @(Update-KubeCertificate apiserver, etcd-peer -Root $env:DISK).Count";

    let no = asked(text, "n\n");
    before.assert_unchanged(&Tree::read(disk.path()));
    assert_eq!(no.answer, 0);
    for said in ["renew-apiserver: ", "renew-etcd-peer: ", "Do this? Each file is backed up first."] {
        assert_eq!(no.printed.matches(said).count(), 1, "{}", no.printed);
    }
    // -Force does not take back -Confirm.
    let forced = asked("$answer = @(Update-KubeCertificate apiserver -Root $env:DISK -Force -Confirm).Count", "n\n");
    before.assert_unchanged(&Tree::read(disk.path()));
    assert_eq!((forced.answer, forced.printed.matches("Do this?").count()), (json!(0), 1));

    let nobody = Script::new(
        "$answer = try { Update-KubeCertificate apiserver -Root $env:DISK; 'went on' } catch { 'stopped' }",
    );
    assert_eq!(nobody.with("DISK", disk.path()).non_interactive().run().answer, "stopped");
    before.assert_unchanged(&Tree::read(disk.path()));

    assert_eq!(asked(text, "y\n").answer, 1);
    assert!(!before.diff(&Tree::read(disk.path())).is_empty());
}

#[test]
fn what_happens_is_told_on_the_streams_for_it() {
    let disk = demo();
    let outcome = run(
        "$shell = [powershell]::Create([initialsessionstate]::CreateDefault2())
        [void]$shell.AddScript('param($module, $disk) Import-Module $module; Update-KubeCertificate apiserver, etcd-peer -Root $disk -Force -Verbose')
        [void]$shell.AddArgument($env:TEST_MODULE).AddArgument($env:DISK)
        $result = $shell.Invoke()
        $answer = @{
            Progress = @($shell.Streams.Progress | ForEach-Object { \"$($_.StatusDescription)|$($_.PercentComplete)|$($_.RecordType)\" })
            Verbose = @($shell.Streams.Verbose | ForEach-Object { \"$_\" })
            Said = @($shell.Streams.Information | ForEach-Object { $_.Tags[0] }); Run = $result[0].Run
            Begins = @($shell.Streams.Information | ForEach-Object { \"$($_.MessageData)\" })
        }",
        disk.path(),
    );
    let texts = |name: &str| -> Vec<String> {
        let list = outcome.answer[name].as_array().expect("a list");
        list.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    };
    let progress = texts("Progress");
    assert_eq!(progress.len(), 3, "{progress:?}");
    assert!(progress[0].starts_with("renew-apiserver: ") && progress[0].ends_with("|0|Processing"), "{progress:?}");
    assert!(progress[1].starts_with("renew-etcd-peer: ") && progress[1].ends_with("|50|Processing"), "{progress:?}");
    assert!(progress[2].ends_with("|Completed"), "{progress:?}");
    let verbose = texts("Verbose");
    assert!(verbose.iter().any(|line| line.starts_with("renew-etcd-peer: done; ")), "{verbose:?}");
    let run = outcome.answer["Run"].as_str().expect("a run");
    assert!(texts("Begins").iter().any(|line| line.starts_with(&format!("run {run} begins: "))), "{outcome:?}");
    assert_eq!(texts("Said"), ["KubectlCerts.Plan", "KubectlCerts"]);
}
