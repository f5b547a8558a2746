//! Others work on the same disk: between plan and step, after a run, at the same moment.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use kubectl_certs::access::{Access, state_dir::StateDir};
use kubectl_certs::answer::{Control, answer};
use kubectl_certs::error::{Error, ErrorKind};
use kubectl_certs::event::What;
use kubectl_certs::report::Report;
use kubectl_certs::request::{Mode, Renew, Request, Runs, RunsVerb, Scope};
use serde_json::json;

use crate::disk::{Disk, Said};
use crate::renews_all::assert_as_before;
use crate::witness::{assert_all_new, identities};

#[test]
fn what_changes_between_plan_and_step_is_refused_and_kept() {
    let disk = Disk::ecdsa();
    let before = disk.material();
    let file = disk.file("scheduler.conf");
    let mut theirs = disk.read("scheduler.conf");
    theirs.push_str("# somebody else's\n");
    let text = theirs.clone();
    let error = renew_and_when(&disk, "renew-apiserver", move |_| {
        fs::write(&file, &text).expect("somebody writes");
    });
    let error = error.expect_err("the file is another than the plan's");
    assert_eq!(error.kind, ErrorKind::FailedSafe);
    assert!(error.message.contains("scheduler.conf was changed since this was planned"), "{error}");
    assert!(error.hints.iter().any(|hint| hint.contains("runs resume")), "{:?}", error.hints);
    assert_eq!(disk.read("scheduler.conf"), theirs);

    // What was begun must be ended, one way or the other, before anything new.
    disk.on_root(&["renew", "--all", "--yes"]).expect(4).naming(&["is not finished", "runs resume", "runs undo"]);
    disk.on_root(&["runs", "resume"]).expect(5).naming(&["scheduler.conf was changed"]);
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_eq!(disk.read("scheduler.conf"), theirs);
    disk.write("scheduler.conf", before.file("kubernetes/scheduler.conf").expect("a file"));
    before.assert_unchanged(&disk.material());
}

/// Each kind of file; what somebody did after the run would be lost.
#[test]
fn undo_refuses_what_was_changed_after_the_run_and_says_which() {
    let disk = Disk::ecdsa();
    let before = disk.material();
    disk.renew_all();
    let renewed = disk.material();
    let appended = |path: &str| format!("{}# by hand\n", disk.read(path));
    let edits: [(&str, Option<String>); 7] = [
        ("admin.conf", Some(appended("admin.conf"))),
        ("super-admin.conf", Some(disk.read("super-admin.conf").replace("127.0.0.1:6443", "api.example.org:6443"))),
        ("pki/apiserver.crt", Some(disk.read("pki/apiserver.crt") + &disk.read("pki/ca.crt"))),
        ("pki/apiserver.key", Some(appended("pki/apiserver.key"))),
        ("pki/etcd/server.crt", Some(disk.read("pki/etcd/peer.crt"))),
        ("pki/etcd/peer.key", None),
        ("scheduler.conf", None),
    ];
    for (path, edit) in edits {
        let ours = disk.read(path);
        match edit {
            Some(text) => disk.write(path, text),
            None => fs::remove_file(disk.file(path)).expect("a file"),
        }
        let edited = disk.material();
        disk.on_root(&["runs", "undo"]).expect(4).naming(&[path, "changed by somebody", "nothing was put back"]);
        edited.assert_unchanged(&disk.material());
        disk.write(path, ours);
    }
    renewed.diff(&disk.material()).iter().for_each(|line| assert!(line.contains("mode"), "{line}"));
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

#[test]
fn the_second_operator_is_told_who_is_first_and_since_when() {
    let disk = Disk::ecdsa();
    let (second, since) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(String::new())));
    let mut command = disk.command(["renew", "--all", "--yes", "--root"]);
    command.arg(disk.root());
    let (said, when) = (second.clone(), since.clone());
    let done = renew_and_when(&disk, "renew-etcd-peer", move |event_time| {
        *when.lock().expect("a time") = event_time;
        *said.lock().expect("an answer") = Some(Said::of(&mut command));
    });
    done.expect("the first operator is not disturbed");
    let said = second.lock().expect("an answer").take().expect("it was asked").expect(7);
    let pid = std::process::id().to_string();
    said.naming(&["is changing this node since", "@", &pid, "runs list", &since.lock().expect("a time")[..10]]);
    // What the second one saw was renewed meanwhile; asking anew is possible now.
    disk.on_root(&["renew", "apiserver", "--yes"]).expect(0);
}

#[test]
fn a_lock_counts_for_everything_that_changes_and_dies_with_its_holder() {
    let disk = Disk::ecdsa();
    let run = disk.renew_all()["run"].as_str().expect("a run").to_owned();
    let mut holder = lock(&disk);
    let before = disk.material();
    let verbs: [&[&str]; 4] =
        [&["renew", "--all", "--yes"], &["runs", "undo"], &["runs", "finish"], &["runs", "undo", &run]];
    for arguments in verbs {
        disk.on_root(arguments).expect(7).naming(&["alice@there", "2026-01-02T03:04:05Z", "run 20260102t030405z-abcd"]);
    }
    // Looking and planning disturb nobody.
    for arguments in [["list"].as_slice(), &["renew", "--all", "--dry-run"], &["runs", "list"]] {
        disk.on_root(arguments).expect(0);
    }
    before.assert_unchanged(&disk.material());
    holder.kill().expect("its end");
    holder.wait().expect("its end");
    disk.on_root(&["runs", "undo"]).expect(0);
}

/// Half of the files are new: that a fresh plan is another one says less than who is changing them.
#[test]
fn a_plan_that_another_run_has_overtaken_is_told_of_that_run() {
    let disk = Disk::ecdsa();
    let plan = disk.plan_all();
    disk.write("scheduler.conf", disk.read("scheduler.conf") + "# as if renewed\n");
    disk.apply(&plan).expect(4).naming(&["planning again gives another plan"]);
    assert!(!disk.state().exists(), "looking for a lock leaves nothing");
    let mut holder = lock(&disk);
    disk.apply(&plan).expect(7).naming(&["alice@there"]);
    holder.kill().expect("its end");
    holder.wait().expect("its end");
    disk.apply(&plan).expect(4).naming(&["planning again gives another plan"]);
}

/// However they meet, somebody wins and the disk is whole.
#[test]
fn two_at_the_same_moment_leave_a_whole_disk() {
    let disk = Disk::ecdsa();
    let old = identities(&disk.file(""));
    let start = || {
        let mut command = disk.command(["renew", "--all", "--yes", "--root"]);
        command.arg(disk.root()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
    };
    let both = [start(), start(), start()];
    let said = both.map(|child| Said::from(child.wait_with_output().expect("its end")));
    assert!(said.iter().any(|said| said.code == Some(0)), "{said:?}");
    assert!(said.iter().all(|said| matches!(said.code, Some(0 | 4 | 7))), "{said:?}");
    assert_all_new(&disk.file(""), &old);
}

/// Asked to stop, it does at the end of a step, and goes on later.
#[test]
fn a_stopped_run_goes_on() {
    let disk = Disk::ecdsa();
    let (before, old) = (disk.material(), identities(&disk.file("")));
    let control = Control::silent();
    let stop = control.stop.clone();
    let sink = Arc::new(move |event: &kubectl_certs::event::Event| {
        if matches!(&event.what, What::StepStarted { step, .. } if step == "renew-etcd-peer") {
            stop.store(true, Ordering::Relaxed);
        }
    });
    let error = renew(&disk, &Control { sink, ..control }).expect_err("it was stopped");
    assert_eq!(error.kind, ErrorKind::Interrupted);
    let half = identities(&disk.file(""));
    assert_ne!(half["pki/etcd/peer"], old["pki/etcd/peer"], "a step that was begun is ended");
    assert_eq!(half["pki/etcd/server"], old["pki/etcd/server"]);
    let differences = before.diff(&disk.material());
    assert_eq!(differences.len(), 10, "{differences:?}");
    disk.on_root(&["runs", "resume"]).expect(0);
    assert_all_new(&disk.file(""), &old);
    let new = identities(&disk.file(""));
    for (name, (identity, _)) in &old {
        let done_before = half[name].0 != *identity;
        assert_eq!(done_before, half[name] == new[name], "{name} is renewed once");
    }
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

/// Renews everything in this process; `act` is called when that step begins, with the time of the event.
pub(crate) fn renew_and_when(
    disk: &Disk,
    step: &'static str,
    act: impl FnMut(String) + Send + 'static,
) -> Result<Report, Error> {
    let act = Mutex::new(act);
    let sink = Arc::new(move |event: &kubectl_certs::event::Event| {
        if matches!(&event.what, What::StepStarted { step: begun, .. } if begun == step) {
            act.lock().expect("once")(event.time.to_string());
        }
    });
    renew(disk, &Control { sink, ..Control::silent() })
}

/// Takes the last run back; `act` is called when that step was undone.
pub(crate) fn undo_and_when(
    disk: &Disk,
    step: &'static str,
    act: impl FnMut() + Send + 'static,
) -> Result<Report, Error> {
    let act = Mutex::new(act);
    let sink = Arc::new(move |event: &kubectl_certs::event::Event| {
        if matches!(&event.what, What::UndoneStep { step: undone, .. } if undone == step) {
            act.lock().expect("once")();
        }
    });
    let request = Request::Runs(Runs { scope: scope(disk), verb: RunsVerb::Undo, run: None });
    ask(disk, &request, &Control { sink, ..Control::silent() })
}

fn renew(disk: &Disk, control: &Control) -> Result<Report, Error> {
    let request = Request::Renew(Renew { scope: scope(disk), all: true, mode: Mode::Apply, ..Renew::default() });
    ask(disk, &request, control)
}

fn scope(disk: &Disk) -> Scope {
    Scope { root: Some(disk.root().display().to_string()), ..Scope::default() }
}

fn ask(disk: &Disk, request: &Request, control: &Control) -> Result<Report, Error> {
    let state: PathBuf = disk.home().join("state/kubectl-certs");
    let access = Access { state: StateDir::at(state), ..Access::system() };
    now(answer(request, &access, control))
}

/// The helper of another operator, with the lock in its hands.
fn lock(disk: &Disk) -> Child {
    let mut command = disk.command(["node", "--root"]);
    command.arg(disk.root()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut holder = command.spawn().expect("the helper starts");
    let op = json!({"Lock": {"run": "20260102t030405z-abcd", "who": "alice@there", "since": "2026-01-02T03:04:05Z"}});
    let line = format!("{}\n", json!({"id": 1, "op": op}));
    holder.stdin.as_mut().expect("a pipe").write_all(line.as_bytes()).expect("it listens");
    let lines = BufReader::new(holder.stdout.as_mut().expect("a pipe")).lines();
    let answer = lines.map_while(Result::ok).nth(1).expect("an answer");
    assert_eq!(answer, r#"{"id":1,"reply":{"LockedBy":null}}"#);
    holder
}

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}
