//! Ctrl-C in the middle of a run: the step is ended, the rest can be gone on with.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::{Value, json};
use support::kubeadm::Kubeadm;

use crate::disk::Disk;
use crate::witness::{assert_all_new, identities};

/// RSA keys take long enough that the signal comes before the run is over.
fn slow_disk() -> Disk {
    Disk::with(&Kubeadm::new(6443))
}

fn interrupt(pid: u32) {
    let told = Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill runs");
    assert!(told.success());
}

/// A renewal that has begun, and what it has said so far.
fn begun(disk: &Disk) -> (Child, BufReader<ChildStderr>, String) {
    let root = disk.root();
    let renew = disk.command(["renew", "--all", "--yes", "--root", root.to_str().expect("UTF-8")]);
    // What a shell starts in the background ignores SIGINT, and so would its children.
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=INT").arg(renew.get_program()).args(renew.get_args());
    command.env_clear().envs(renew.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut said = BufReader::new(child.stderr.take().expect("standard error"));
    let mut heard = String::new();
    while !heard.contains("run 2") {
        assert_ne!(said.read_line(&mut heard).expect("a line"), 0, "the run never began: {heard}");
    }
    (child, said, heard)
}

#[test]
fn the_first_interrupt_ends_the_step_and_resume_does_the_rest() {
    let disk = slow_disk();
    let (mut child, mut said, mut heard) = begun(&disk);
    interrupt(child.id());
    said.read_to_string(&mut heard).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{heard}");
    assert!(heard.contains("stopping before the next step") && heard.contains("runs resume"), "{heard}");
    let runs = disk.on_root(&["runs", "list", "-o", "json"]).expect(0).item("Run");
    assert!(runs["stepsDone"].as_u64() < runs["stepsTotal"].as_u64(), "{runs}");
    let resumed = disk.on_root(&["runs", "resume", "-o", "json"]).expect(0).item("RunResult");
    assert_eq!(resumed["state"], "done");
    disk.on_root(&["check"]).expect(0);
}

/// Wherever it is: the journal tells, and both ways out are open.
#[test]
fn the_second_interrupt_ends_the_program_at_once() {
    for way_out in ["resume", "undo"] {
        let disk = slow_disk();
        let (before, old) = (disk.material(), identities(&disk.file("")));
        let (mut child, mut said, mut heard) = begun(&disk);
        interrupt(child.id());
        while !heard.contains("stopping before the next step") {
            assert_ne!(said.read_line(&mut heard).expect("a line"), 0, "it ended at the first: {heard}");
        }
        interrupt(child.id());
        said.read_to_string(&mut heard).expect("the rest");
        assert_eq!(child.wait().expect("it ends").code(), Some(130), "{heard}");
        let runs = disk.on_root(&["runs", "list", "-o", "json"]).expect(0).item("Run");
        assert!(runs["stepsDone"].as_u64() < runs["stepsTotal"].as_u64(), "{runs}");
        disk.on_root(&["runs", way_out]).expect(0);
        match way_out {
            "undo" => before.assert_unchanged(&disk.material()),
            _ => assert_all_new(&disk.file(""), &old),
        }
    }
}

#[test]
fn an_interrupted_api_says_so_in_its_last_line() {
    let disk = slow_disk();
    let mut command = disk.command(["api"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program runs");
    let mut input = child.stdin.take().expect("standard input");
    let question = json!({
        "api": "certs/v1alpha1", "stopOnEof": true,
        "request": { "renew": { "scope": { "root": disk.root() }, "all": true, "mode": "apply" } },
    });
    writeln!(input, "{question}").expect("the question is read");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
    let first = lines.next().expect("an event").expect("a line");
    assert!(first.contains("started"), "{first}");
    interrupt(child.id());
    // PowerShell closes its end too: that is not a second signal.
    drop(input);
    let last = lines.map(|line| line.expect("a line")).last().expect("more than one line");
    let last: Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!((&last["event"], &last["exitCode"]), (&json!("failed"), &json!(130)), "{last}");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}
