//! Whatever goes wrong is an error record with an id, a category, a target and what to do next.

use pwsh_tests::engine::Script;
use pwsh_tests::fake::{FINISHED, Fake};
use pwsh_tests::program;
use serde_json::{Value, json};
use support::kubeadm::Kubeadm;

/// The record that a command fails with.
fn told(text: &str, root: &std::path::Path) -> Value {
    Script::new(&format!("$answer = try {{ {text}; 'no error' }} catch {{ Get-Told $_ }}"))
        .with("DISK", root)
        .run()
        .answer
}

#[test]
fn a_bad_root_and_a_bad_target_say_so() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let record = told("Get-KubeCertificate -Root \"$env:DISK/no such\"", disk.path());
    assert_eq!(record["Id"], "KubectlCerts.not-found,Get-KubeCertificate");
    assert_eq!(record["Category"], "ObjectNotFound");
    assert_eq!(record["Target"], json!(disk.path().join("no such")));

    for command in ["Get", "Test", "Update"] {
        let record = told(&format!("{command}-KubeCertificate 'no such' -Root $env:DISK"), disk.path());
        assert_eq!(record["Id"], format!("KubectlCerts.usage,{command}-KubeCertificate"));
        assert_eq!((&record["Category"], &record["Target"]), (&json!("InvalidArgument"), &json!("no such")));
        let action = record["Action"].as_str().expect("text");
        assert!(action.contains("targets look like"), "{action}");
        let message = record["Message"].as_str().expect("text");
        assert!(message.contains("'no such' names no certificate"), "{message}");
    }
}

#[test]
fn a_hostile_target_is_named_as_it_is_and_shown_without_harm() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let hostile = "\u{1b}[31m 'x' \"y\" $(z)\n日本";
    let record = Script::new("$answer = try { Get-KubeCertificate $env:TEXT -Root $env:DISK } catch { Get-Told $_ }")
        .with("TEXT", hostile)
        .with("DISK", disk.path())
        .run()
        .answer;
    assert_eq!(record["Target"], hostile);
    let message = record["Message"].as_str().expect("text");
    assert!(message.contains("'x' \"y\" $(z)") && !message.contains(['\u{1b}', '\n']), "{message:?}");
}

#[test]
fn what_is_refused_is_an_invalid_operation() {
    let root = tempfile::tempdir().expect("a folder");
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.external_ca = true;
    kubeadm.write(root.path());
    let record = told("Update-KubeCertificate -All -Root $env:DISK -Force", root.path());
    assert_eq!(record["Id"], "KubectlCerts.refused,Update-KubeCertificate");
    assert_eq!(record["Category"], "InvalidOperation");
    let (message, action) = (record["Message"].as_str().expect("text"), record["Action"].as_str().expect("text"));
    assert!(
        message.contains("external authority") && action.contains("--csr-out") && action.lines().count() == 3,
        "{record:#}"
    );
}

#[test]
fn each_kind_has_its_category() {
    let kinds = [
        ("usage", "InvalidArgument"),
        ("not-found", "ObjectNotFound"),
        ("unreadable", "ResourceUnavailable"),
        ("refused", "InvalidOperation"),
        ("failed-safe", "OperationStopped"),
        ("failed-unsafe", "InvalidResult"),
        ("locked", "ResourceBusy"),
        ("interrupted", "OperationStopped"),
        ("of-a-later-version", "NotSpecified"),
    ];
    let lines = kinds.map(|(kind, _)| {
        let error = json!({ "kind": kind, "message": "2026-11-22T18:57:00Z is a date", "hints": ["a", "b"] });
        json!({ "event": "failed", "error": error, "exitCode": 5 }).to_string()
    });
    // A line a start, in turns.
    let text: String = lines.iter().enumerate().map(|(i, line)| format!("{i}) echo '{line}' ;;\n")).collect();
    let count = "n=$(($(wc -l <\"$HERE/questions\") - 1))";
    let fake = Fake::doing(&format!("{count}\ncase $n in\n{text}esac\n"));
    let outcome = Script::new(&format!(
        "$answer = @(1..{} | ForEach-Object {{ try {{ Get-KubeCertificate }} catch {{ Get-Told $_ }} }})",
        kinds.len()
    ))
    .program(&fake.path())
    .run();
    for (record, (kind, category)) in outcome.answer.as_array().expect("records").iter().zip(kinds) {
        assert_eq!(record["Id"], format!("KubectlCerts.{kind},Get-KubeCertificate"));
        assert_eq!(record["Category"], category, "{kind}");
        assert_eq!((&record["Target"], &record["Message"]), (&Value::Null, &json!("2026-11-22T18:57:00Z is a date")));
        assert_eq!(record["Action"].as_str().map(|text| text.lines().collect()), Some(vec!["a", "b"]));
    }
}

/// Looking goes on with the next place, as Get-Item does; changing is over.
#[test]
fn errors_end_a_change_and_not_a_look() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let outcome = Script::new(
        "$ErrorActionPreference = 'Continue'
        $two = [pscustomobject]@{ Target = 'ca'; Root = '/no such' }, [pscustomobject]@{ Target = 'ca'; Root = $env:DISK }
        $names = @($two | Get-KubeCertificate -ErrorAction SilentlyContinue -ErrorVariable failed | ForEach-Object Name)
        $caught = try { 'nosuch' | Update-KubeCertificate -Force -Root $env:DISK -ErrorAction SilentlyContinue; 'no' } catch { 'yes' }
        $answer = @{ Names = $names; Failed = $failed.Count; Caught = $caught }",
    )
    .with("DISK", disk.path())
    .run();
    assert_eq!(outcome.answer, json!({ "Names": ["ca"], "Failed": 1, "Caught": "yes" }));
}

/// Functions of a module do not see what a script sets for itself; these look for it.
#[test]
fn the_preferences_of_the_calling_script_count() {
    let outcome = Script::new(
        "$global:ErrorActionPreference = 'Continue'
        $answer = & {
            $ErrorActionPreference = 'Stop'
            try { Get-KubeCertificate 'no such' *>$null; 'went on' } catch { 'stopped' }
        }",
    )
    .run();
    assert_eq!(outcome.answer, "stopped");
}

#[test]
fn a_program_that_dies_is_an_error_with_its_last_words() {
    let half = r#"echo '{"event":"item","item":{"kind":"Certificate","target":"ca"}}'; printf '{"event":"fini'"#;
    // More than a pipe holds, so that who does not read it never ends.
    let fake =
        Fake::doing(&format!("{half}; yes 'a long story' | head -n 20000 >&2; echo 'the last words' >&2; exit 41\n"));
    let outcome = Script::new(
        "$ErrorActionPreference = 'Continue'
        $items = @(Get-KubeCertificate -WarningAction SilentlyContinue -ErrorAction SilentlyContinue -ErrorVariable failed)
        $change = try { Update-KubeCertificate -Force -WarningAction SilentlyContinue } catch { Get-Told $_ }
        $answer = @{ Items = $items.Count; Look = Get-Told $failed[0]; Change = $change }",
    )
    .program(&fake.path())
    .run();
    assert_eq!(outcome.answer["Items"], 1);
    for (record, command) in [("Look", "Get"), ("Change", "Update")] {
        let record = &outcome.answer[record];
        assert_eq!(record["Id"], format!("KubectlCerts.no-answer,{command}-KubeCertificate"));
        assert_eq!(record["Category"], "ProtocolError");
        let message = record["Message"].as_str().expect("text");
        assert!(message.contains("ended without an answer (exit code 41)"), "{message}");
        assert_eq!(message.lines().last(), Some("the last words"));
        assert!(message.len() < 2000, "{} bytes", message.len());
    }
}

#[test]
fn a_program_that_is_not_there_or_not_ours_is_an_error() {
    let script = "$answer = try { Get-KubeCertificate; 'no error' } catch { Get-Told $_ }";
    let missing = Script::new(script).program("/no/such program".as_ref()).run().answer;
    assert_eq!(missing["Id"], "KubectlCerts.program-not-found,Get-KubeCertificate");
    assert_eq!((&missing["Category"], &missing["Target"]), (&json!("NotInstalled"), &json!("/no/such program")));

    let nowhere = Script::new(script).program("".as_ref()).with("PATH", "/no/where").run().answer;
    assert_eq!(nowhere["Id"], "KubectlCerts.program-not-found,Get-KubeCertificate");
    assert!(nowhere["Action"].as_str().expect("text").contains("KUBECTL_CERTS"), "{nowhere:#}");

    let later = r#"echo '{"event":"item","item":{"kind":"Version","version":"9.0.0","api":"certs/v9"}}'"#;
    for (text, said) in [
        (later, "it says certs/v9"),
        ("echo 'usage: something else' >&2; exit 2", "it says nothing"),
        ("yes 'something else'", "it says 'something else'"),
    ] {
        let other = Fake::script(text);
        let record = Script::new(script).program(&other.path()).run().answer;
        assert_eq!(record["Id"], "KubectlCerts.program-not-usable,Get-KubeCertificate");
        let message = record["Message"].as_str().expect("text");
        assert!(message.contains("does not speak certs/v1alpha1") && message.contains(said), "{message}");
    }

    let text = tempfile::NamedTempFile::new().expect("a file");
    let record = Script::new(script).program(text.path()).run().answer;
    assert_eq!(record["Id"], "KubectlCerts.program-not-usable,Get-KubeCertificate");
    assert!(record["Action"].as_str().expect("text").contains("chmod +x"), "{record:#}");
}

#[test]
fn the_program_on_path_and_the_one_beside_the_module_are_found() {
    let fake = Fake::saying(&[r#"{"event":"item","item":{"kind":"Certificate","target":"from path"}}"#, FINISHED]);
    let path = format!("{}:{}", fake.folder().display(), std::env::var("PATH").expect("a PATH"));
    let outcome = Script::new("$answer = (Get-KubeCertificate).Target").program("".as_ref()).with("PATH", path).run();
    assert_eq!(outcome.answer, "from path");

    let bundled = Fake::saying(&[r#"{"event":"item","item":{"kind":"Certificate","target":"bundled"}}"#, FINISHED]);
    let outcome = Script::new(
        "$copy = Join-Path $HOME KubectlCerts
        Copy-Item -LiteralPath $env:TEST_MODULE -Destination $copy -Recurse
        $runtime = & (Get-Module KubectlCerts) { Get-RuntimeName }
        [void](New-Item -ItemType Directory -Path \"$copy/bin/$runtime\")
        Copy-Item -LiteralPath $env:BUNDLED -Destination \"$copy/bin/$runtime/kubectl-certs\"
        Remove-Module KubectlCerts
        Import-Module $copy
        $answer = @{ Target = (Get-KubeCertificate).Target; Runtime = $runtime }",
    )
    .program("".as_ref())
    .with("BUNDLED", bundled.path())
    .run();
    assert_eq!(outcome.answer["Target"], "bundled");
    let runtime = outcome.answer["Runtime"].as_str().expect("text");
    assert!(["linux-x64", "linux-arm64", "osx-x64", "osx-arm64"].contains(&runtime), "{runtime}");
}

#[test]
fn what_a_later_program_adds_is_passed_over() {
    let fake = Fake::saying(&[
        r#"{"event":"weather","sun":true}"#,
        r#"{"event":"progress","progress":{"run":"r","seq":1,"time":"2026-01-01T00:00:00Z","what":{"dreamt":{"of":"sheep"}}}}"#,
        r#"{"event":"progress","progress":{"run":"r","seq":2,"time":"2026-01-01T00:00:00Z","what":"slept"}}"#,
        r#"{"event":"item","item":{"kind":"Certificate","target":"ca","mood":{"is":"good","since":["2026"]}}}"#,
        r#"{"event":"item","item":{"kind":"Poem","lines":["a"]}}"#,
        r#"{"event":"finished","items":2,"gaps":0,"exitCode":0,"more":1}"#,
    ]);
    let outcome = Script::new(
        "$all = @(Get-KubeCertificate)
        $answer = @{ Mood = $all[0].Mood.Is; Since = $all[0].Mood.Since; Type = $all[1].PSObject.TypeNames[0]; Lines = $all[1].Lines }",
    )
    .program(&fake.path())
    .run();
    assert_eq!(
        outcome.answer,
        json!({ "Mood": "good", "Since": ["2026"], "Type": "KubectlCerts.Poem", "Lines": ["a"] })
    );
}
