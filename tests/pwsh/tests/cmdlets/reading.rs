//! Get-KubeCertificate and Test-KubeCertificate give what the program gives.

use std::fs;

use pwsh_tests::compare::assert_same;
use pwsh_tests::engine::Script;
use pwsh_tests::fake::{FINISHED, Fake};
use pwsh_tests::program;
use serde_json::json;

#[test]
fn certificates_are_those_of_the_program() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let script = Script::new("$answer = @(Get-KubeCertificate -Root $env:DISK)").with("DISK", disk.path());
    assert_same(&script.run().answer, &program::items(&["list"], disk.path()));
}

#[test]
fn details_are_those_of_the_program() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let script = Script::new("$answer = @(Get-KubeCertificate apiserver, admin.conf -Root $env:DISK -Detailed)");
    let mut items = program::items(&["show", "apiserver", "admin.conf"], disk.path());
    for item in &mut items {
        // Findings within are items of their own, but without a kind.
        assert!(item["findings"].is_array(), "{item}");
    }
    assert_same(&script.with("DISK", disk.path()).run().answer, &items);
}

#[test]
fn findings_are_those_of_the_program() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let script = || Script::new("$answer = @(Test-KubeCertificate -Root $env:DISK)").with("DISK", disk.path()).run();
    // Messages tell what is left in hours, which may change between two readings. Once.
    let (before, outcome) = (program::items(&["check"], disk.path()), script());
    let after = program::items(&["check"], disk.path());
    assert_same(&outcome.answer, if before == after { &before } else { &after });
    assert!(outcome.answer.as_array().expect("findings").len() > 10);
}

#[test]
fn dates_are_utc_and_lists_are_arrays() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let outcome = Script::new(
        "$Error.Clear()
        $all = @(Get-KubeCertificate -Root $env:DISK)
        $dates = @($all | ForEach-Object { $_.NotBefore; $_.NotAfter })
        $answer = @{
            Dates  = @($dates | Where-Object { $_ -is [datetime] -and $_.Kind -eq 'Utc' }).Count - $dates.Count
            Lists  = @($all | Where-Object { $_.DnsNames -isnot [array] -or $_.KeyUsages -isnot [array] }).Count
            Single = @($all | Where-Object { $_.ExtendedKeyUsages.Count -eq 1 })[0].ExtendedKeyUsages -is [array]
            Sorted = @($all | Sort-Object NotAfter)[0].NotAfter -le @($all | Sort-Object NotAfter)[-1].NotAfter
            # A command that succeeds leaves no errors behind, not even caught ones.
            Errors = $Error.Count
            Types  = @($all | ForEach-Object { $_.PSObject.TypeNames[0] } | Select-Object -Unique)
            Detail = (Get-KubeCertificate ca -Root $env:DISK -Detailed).PSObject.TypeNames[0..1]
        }",
    )
    .with("DISK", disk.path())
    .run();
    let wanted = json!({
        "Dates": 0, "Errors": 0, "Lists": 0, "Single": true, "Sorted": true, "Types": ["KubectlCerts.Certificate"],
        "Detail": ["KubectlCerts.CertificateDetails", "KubectlCerts.Certificate"],
    });
    assert_eq!(outcome.answer, wanted);
}

/// PowerShell 7 makes dates of strings that look like one; 5.1 does of others. Neither may happen to names.
#[test]
fn names_that_look_like_dates_stay_names() {
    let names =
        ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00+02:00", "/Date(0)/", "\u{1}2026-01-01", "a\"b", "日本 é 😀"];
    let item = json!({ "event": "item", "item": {
        "kind": "Certificate", "target": names[0], "subject": names[1], "notAfter": "9999-12-31T23:59:59Z",
        "notBefore": "1950-01-01T00:00:00Z", "dnsNames": names, "name": null,
    }});
    let fake = Fake::saying(&[&item.to_string(), FINISHED]);
    let outcome = Script::new(
        "$one = Get-KubeCertificate
        $answer = @{ One = $one; Dates = @($one.NotAfter, $one.NotBefore | ForEach-Object { $_.ToString('u') }) }",
    )
    .program(&fake.path())
    .run();
    assert_eq!(outcome.answer["One"]["DnsNames"], json!(names));
    assert_eq!(outcome.answer["One"]["Target"], names[0]);
    assert_eq!(outcome.answer["One"]["Subject"], names[1]);
    assert_eq!(outcome.answer["Dates"], json!(["9999-12-31 23:59:59Z", "1950-01-01 00:00:00Z"]));
}

#[test]
fn hostile_names_of_folders_and_files_are_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = "it's \"a\" $(b) `c` [d] %41 #5 é 日本\n;--all";
    let disk = folder.path().join(name);
    program::demo(&disk);
    let file = folder.path().join(format!("{name}.crt"));
    fs::copy(disk.join("etc/kubernetes/pki/ca.crt"), &file).expect("a certificate is copied");

    let outcome = Script::new(
        "$answer = @{
            Disk = @(Get-KubeCertificate -Root $env:DISK)
            # As it was printed, it is accepted again; also through the pipeline.
            Again = @(Get-KubeCertificate -Root $env:DISK | Get-KubeCertificate)
            File = @(Get-KubeCertificate $env:FILE)
            Piped = @(Get-ChildItem -LiteralPath $env:FOLDER -Filter *.crt | Get-KubeCertificate)
        }",
    )
    .with("DISK", &disk)
    .with("FILE", &file)
    .with("FOLDER", folder.path())
    .run();
    let items = program::items(&["list"], &disk);
    assert_same(&outcome.answer["Disk"], &items);
    assert_same(&outcome.answer["Again"], &items);
    assert_eq!(outcome.answer["Disk"][0]["Root"], json!(disk));
    let authority = items.iter().find(|item| item["name"] == "ca").expect("an authority");
    for found in ["File", "Piped"] {
        assert_eq!(outcome.answer[found][0]["Fingerprint"], authority["fingerprint"], "{found}");
    }
}

#[test]
fn what_could_not_be_read_is_a_warning_with_its_reason() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let broken = "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n";
    fs::write(disk.path().join("etc/kubernetes/pki/apiserver.crt"), broken).expect("a file is broken");
    let outcome = Script::new(
        "$found = @(Get-KubeCertificate -Root $env:DISK -WarningVariable warnings -WarningAction SilentlyContinue)
        $answer = @{ Found = $found.Count; Warnings = @($warnings | ForEach-Object { \"$_\" }) }",
    )
    .with("DISK", disk.path())
    .run();
    let warnings = outcome.answer["Warnings"].as_array().expect("warnings");
    let warning = warnings[0].as_str().expect("text");
    assert!(warning.contains("apiserver.crt could not be read (bad-pem)"), "{warning}");
    assert_eq!((warnings.len(), &outcome.answer["Found"]), (1, &json!(21)));
}

#[test]
fn findings_are_an_error_only_where_that_is_asked_for() {
    let disk = tempfile::tempdir().expect("a folder");
    program::demo(disk.path());
    let outcome = Script::new(
        "$found = @(Test-KubeCertificate front-proxy-client -Root $env:DISK)
        $none = @(Test-KubeCertificate front-proxy-client -Root $env:DISK -FailOn Error)
        $ignored = @(Test-KubeCertificate front-proxy-client -Root $env:DISK -FailOn Info -Ignore expiring)
        $still = @(Test-KubeCertificate front-proxy-client -Root $env:DISK -FailOn Warning -ErrorAction SilentlyContinue -ErrorVariable failed)
        $stopped = try { Test-KubeCertificate front-proxy-client -Root $env:DISK -FailOn Warning } catch { Get-Told $_ }
        $answer = @{
            Counts = $found.Count, $none.Count, $ignored.Count, $still.Count
            Failed = Get-Told $failed[0]; Stopped = @($stopped)[-1]
        }",
    )
    .with("DISK", disk.path())
    .run();
    assert_eq!(outcome.answer["Counts"], json!([1, 1, 0, 1]));
    for record in ["Failed", "Stopped"] {
        assert_eq!(outcome.answer[record]["Id"], "KubectlCerts.findings,Test-KubeCertificate", "{record}");
    }
}
