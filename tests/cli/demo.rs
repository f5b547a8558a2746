//! The demo shows the troubles that its own table tells of, and nothing else.

use std::collections::BTreeSet;

use kubectl_certs::demo::TROUBLES;

use crate::program::{Program, Ran};

#[test]
fn its_findings_are_its_troubles() {
    let program = Program::new();
    let folder = program.demo();
    let found: BTreeSet<(String, String)> = program
        .run(["check", "--root", &folder, "-o", "json"])
        .exits(1)
        .items()
        .iter()
        // A kubelet that signs for itself is what every kubelet does.
        .filter(|finding| finding["severity"] != "info")
        .map(|finding| {
            let target = finding["target"].as_str().expect("a target");
            let place = target.split_once(':').expect("a path").1.strip_prefix(&folder).expect("below the demo");
            let file = place.trim_start_matches('/').split('#').next().unwrap_or_default().to_owned();
            (finding["code"].as_str().expect("a code").to_owned(), file)
        })
        .collect();
    // kubelet.crt also holds the authority that the kubelet made for it: two findings, one place.
    let told: BTreeSet<(String, String)> =
        TROUBLES.iter().map(|trouble| (trouble.code.to_owned(), trouble.place.to_owned())).collect();
    assert_eq!(found, told);
    assert_eq!(told.len(), TROUBLES.len());
}

#[test]
fn it_runs_the_first_command_and_prints_ones_that_can_be_pasted() {
    let program = Program::new();
    let folder = program.work().join("it's a demo");
    let folder = folder.to_str().expect("UTF-8");
    let ran = program.run(["demo", folder]).exits(0);
    let check = program.run(["check", "--root", folder]).exits(1);
    // Severity, code and name; the sentences tell of the time that is left, which is another a moment later.
    let findings = |ran: &Ran| -> Vec<Vec<String>> {
        let cells = |line: &str| line.split_whitespace().take(3).map(str::to_owned).collect::<Vec<_>>();
        ran.lines().into_iter().map(cells).collect()
    };
    let (whole, part) = (findings(&ran), findings(&check));
    assert!(whole.windows(part.len()).any(|window| window == part), "{ran:#?}");
    let commands: Vec<&str> = ran.lines().into_iter().filter(|line| line.starts_with("  ")).collect();
    assert!(commands.len() >= 6, "{ran:#?}");
    for command in commands {
        let pasted = command.trim().replace("kubectl certs", "\"$PROGRAM\"");
        let mut shell = std::process::Command::new("sh");
        program.prepare(&mut shell);
        let output = shell.args(["-c", &pasted]).env("PROGRAM", env!("CARGO_BIN_EXE_kubectl-certs")).output();
        let output = output.expect("sh");
        let wanted = i32::from(command.contains(" check "));
        assert_eq!(output.status.code(), Some(wanted), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// `cargo run` and a download folder are not in PATH, and kubectl looks nowhere else.
#[test]
fn it_says_how_to_start_what_kubectl_does_not_find() {
    let program = Program::new();
    let note = format!("type {} instead of 'kubectl certs'", env!("CARGO_BIN_EXE_kubectl-certs"));
    program.run(["demo", "one"]).exits(0).says(&note);
    let folder = std::path::Path::new(env!("CARGO_BIN_EXE_kubectl-certs")).parent().expect("a folder");
    let ran = program.with("PATH", folder).run(["demo", "two"]).exits(0);
    assert!(!ran.err.contains("instead of"), "{ran:#?}");
}

#[test]
fn only_a_demo_is_replaced() {
    let program = Program::new();
    let folder = program.demo();
    program.run(["demo", &folder]).exits(2).says("--force");
    program.run(["demo", &folder, "--force"]).exits(0);
    // Runs on it are of the demo; what a person put there is not.
    program.run(["renew", "--root", &folder, "--yes"]).exits(0);
    program.run(["demo", &folder, "--force"]).exits(0);
    let mine = program.write("demo/etc/kubernetes/notes.txt", "mine");
    program.run(["demo", &folder, "--force"]).exits(4).says("notes.txt is not of the demo");
    assert!(mine.exists());
    let other = program.write("other/notes.txt", "mine");
    let other = other.parent().expect("a folder").display().to_string();
    program.run(["demo", &other, "--force"]).exits(4).says("left alone");
    assert_eq!(std::fs::read_dir(&other).expect("a folder").count(), 1);
}
