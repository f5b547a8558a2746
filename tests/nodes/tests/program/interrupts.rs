//! Ctrl-C while nodes are changed over SSH: a terminal sends it to the program and to its ssh alike.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nodes_tests::helper;
use rustix::process::{Pid, Signal, kill_process_group};
use support::kubeadm::KeyAlgorithm;

use crate::operator::Operator;

/// RSA keys take long enough that the signal comes before the run is over.
fn begun(operator: &Operator) -> (std::process::Child, BufReader<std::process::ChildStderr>, String) {
    let renew = operator.command(helper::built(), &["renew", "--all", "--yes"]);
    // What a shell starts in the background ignores SIGINT, and so would its children.
    let mut command = Command::new("/usr/bin/env");
    command.arg("--default-signal=INT").arg(renew.get_program()).args(renew.get_args());
    command.env_clear().envs(renew.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.arg("--node-helper").arg(helper::folder()).args(operator.hosts());
    command.current_dir(operator.folder.path()).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut said = BufReader::new(child.stderr.take().expect("standard error"));
    let mut heard = String::new();
    while !heard.contains("run 2") {
        assert_ne!(said.read_line(&mut heard).expect("a line"), 0, "the run never began: {heard}");
    }
    (child, said, heard)
}

fn interrupt(child: &std::process::Child) {
    let group = Pid::from_raw(child.id().try_into().expect("a pid")).expect("a pid");
    kill_process_group(group, Signal::INT).expect("it is there");
}

fn assert_can_be_ended(operator: &Operator, before: &support::tree::Tree) {
    operator.nodes[0].is_left_alone();
    let runs = operator.run(&["runs", "list", "-o", "json"]).expect(0).items();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(runs[0]["stepsDone"].as_u64() < runs[0]["stepsTotal"].as_u64(), "{runs:?}");
    operator.run(&["runs", "resume"]).expect(0);
    operator.run(&["check"]).expect(0);
    operator.run(&["runs", "undo"]).expect(0);
    before.assert_unchanged(&operator.tree());
}

#[test]
fn the_first_ends_the_step() {
    let operator = Operator::of(&["cp1"], KeyAlgorithm::Rsa2048);
    let before = operator.tree();
    let (mut child, mut said, mut heard) = begun(&operator);
    interrupt(&child);
    said.read_to_string(&mut heard).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{heard}");
    assert!(heard.contains("stopping before the next step") && heard.contains("runs resume"), "{heard}");
    assert_can_be_ended(&operator, &before);
}

#[test]
fn the_second_ends_the_program_at_once() {
    let operator = Operator::of(&["cp1"], KeyAlgorithm::Rsa2048);
    let before = operator.tree();
    let (mut child, mut said, mut heard) = begun(&operator);
    interrupt(&child);
    while !heard.contains("stopping before the next step") {
        assert_ne!(said.read_line(&mut heard).expect("a line"), 0, "it ended at the first: {heard}");
    }
    interrupt(&child);
    said.read_to_string(&mut heard).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "{heard}");
    assert_can_be_ended(&operator, &before);
}
