//! What is shown when nothing is asked for.

use pwsh_tests::engine::Script;
use pwsh_tests::fake::{FINISHED, Fake};
use pwsh_tests::program;
use serde_json::json;

/// As it would be shown at a prompt, in a console of 120 columns.
fn shown(text: &str, disk: &std::path::Path) -> String {
    let script = Script::new(&format!("$answer = {text} | Out-String -Width 120")).with("DISK", disk);
    script.run().answer.as_str().expect("text").to_owned()
}

/// The words of the line that begins with this one.
fn line<'a>(table: &'a str, first: &str) -> Vec<&'a str> {
    let words = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    words.into_iter().find(|words| words.first() == Some(&first)).unwrap_or_else(|| panic!("no {first} in\n{table}"))
}

#[test]
fn certificates_are_a_table_like_the_programs() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let table = shown("Get-KubeCertificate -Root $env:DISK", disk.path());
    assert_eq!(line(&table, "NAME"), ["NAME", "STATE", "EXPIRES", "LEFT", "SUBJECT", "SIGNED-BY"]);
    let output = program::run(&["list".as_ref(), "--root".as_ref(), disk.path().as_os_str()]);
    let text = String::from_utf8(output.stdout).expect("text");
    for name in ["apiserver", "etcd-ca", "admin.conf", "super-admin.conf", "front-proxy-client"] {
        assert_eq!(line(&table, name), line(&text, name), "{table}\n{text}");
    }
    assert!(table.lines().all(|line| line.trim_end().chars().count() <= 120), "{table}");
}

/// What a table shows as a name can be given to the commands; long ones go on in the next lines of their column.
#[test]
fn every_name_in_a_table_is_a_target() {
    let item = |target: &str, label: &str, name: serde_json::Value| {
        let item = json!({ "kind": "Certificate", "target": target, "label": label, "name": name, "state": "not-yet-valid",
            "secondsLeft": 60, "subject": "CN=it", "issuer": "CN=it", "notAfter": "2050-01-01T00:00:00Z" });
        json!({ "event": "item", "item": item }).to_string()
    };
    let lines = [
        item("file:/d/kubelet.crt#2", "file:/d/kubelet.crt#2", serde_json::Value::Null),
        item("file:/d/pki/x.crt", "file:/d/pki/x.crt", "apiserver".into()),
        item("file:/d/pki/y.crt", "etcd-peer", "etcd-peer".into()),
        FINISHED.to_owned(),
    ];
    let fake = Fake::saying(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let outcome = Script::new("$answer = Get-KubeCertificate | Out-String -Width 120").program(&fake.path()).run();
    let table = outcome.answer.as_str().expect("text");
    for name in ["file:/d/kubelet.crt#2", "file:/d/pki/x.crt", "etcd-peer"] {
        line(table, name);
    }
}

#[test]
fn findings_plans_and_runs_are_tables_too() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let table = shown("Test-KubeCertificate -Root $env:DISK", disk.path());
    assert_eq!(line(&table, "SEVERITY"), ["SEVERITY", "CODE", "NAME", "WHAT"]);
    assert_eq!(line(&table, "error")[..3], ["error", "bad-signature", "etcd-peer"]);

    let plan = shown(
        "$(Update-KubeCertificate etcd-peer -Root $env:DISK -WhatIf -InformationVariable said; $said[0].MessageData)",
        disk.path(),
    );
    assert!(plan.contains("for ") && plan.contains("renew-etcd-peer: etcd-peer until"), "{plan}");
    let steps = shown(
        "$(Update-KubeCertificate etcd-peer -Root $env:DISK -WhatIf -InformationVariable said; $said[0].MessageData.Phases.Steps)",
        disk.path(),
    );
    assert_eq!(line(&steps, "STEP"), ["STEP", "WHAT", "IMPACT"]);
    assert_eq!(line(&steps, "renew-etcd-peer")[1..3], ["etcd-peer", "until"]);

    let script = Script::new(
        "$done = Update-KubeCertificate etcd-peer -Root $env:DISK -Force
        $answer = @{ Run = $done.Run; Whole = $done | Out-String -Width 120; Steps = $done.Steps | Out-String -Width 120 }",
    );
    let outcome = script.with("DISK", disk.path()).run();
    let text = |name: &str| outcome.answer[name].as_str().expect("text").to_owned();
    assert_eq!(line(&text("Whole"), "done")[1], "renew-etcd-peer");
    assert!(text("Whole").contains(&format!("kubectl certs runs undo {}", text("Run"))), "{}", text("Whole"));
    assert_eq!(line(&text("Steps"), "STEP"), ["STEP", "CHANGED", "WHAT", "PENDING"]);
}

#[test]
fn details_are_a_list_and_a_finding_can_be_one() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let list = shown("Get-KubeCertificate apiserver -Root $env:DISK -Detailed", disk.path());
    assert_eq!(line(&list, "Subject")[2], "CN=kube-apiserver");
    assert_eq!(line(&list, "Signature")[2], "verified");
    assert!(line(&list, "NotAfter")[2].ends_with('Z'), "{list}");
    let table = shown("Get-KubeCertificate apiserver -Root $env:DISK -Detailed | Format-Table", disk.path());
    assert_eq!(line(&table, "apiserver")[1], "expired");
    let finding = shown("Test-KubeCertificate etcd-server -Root $env:DISK | Format-List", disk.path());
    assert!(finding.contains("Update-KubeCertificate 'etcd-server' -Root '"), "{finding}");
}

#[test]
fn nothing_in_a_name_steers_the_terminal() {
    let item = json!({ "event": "item", "item": {
        "kind": "Certificate", "target": "file:/x", "name": "a\u{1b}[31mb", "state": "valid", "secondsLeft": 3600 * 30,
        "subject": "CN=evil\r\n\u{202e}live,O=\u{7}", "issuer": "O=nobody\u{9b}", "notAfter": "2050-01-01T00:00:00Z",
    }});
    let gap = r#"{"event":"gap","gap":{"at":"file:/\u001b[2J","reason":"bad-pem","message":"\u0007"}}"#;
    let fake = Fake::saying(&[gap, &item.to_string(), FINISHED]);
    let outcome = Script::new("$answer = Get-KubeCertificate | Out-String").program(&fake.path()).run();
    let table = outcome.answer.as_str().expect("text");
    for text in [table, &outcome.printed] {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}', '\u{9b}']), "{text:?}");
    }
    assert!(table.contains("a\u{fffd}[31mb") && table.contains("1d6h"), "{table}");
}
