//! The end of runs: taken back, given up, heard of by some nodes only. Whatever comes between, there is a next command
//! that works.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::faults::Faults;
use super::stage::Stage;
use crate::answer::Control;
use crate::error::{Error, ErrorKind};
use crate::event::{Event, What};
use crate::report::{Report, RunDone, RunState};
use crate::request::{Mode, Renew, Request, Runs, RunsVerb};

const ALL: [&str; 3] = ["cp1", "cp2", "cp3"];

fn runs(verb: RunsVerb, run: &str, nodes: &[&str]) -> Request {
    Request::Runs(Runs { scope: Stage::nodes(nodes), verb, run: Some(run.to_owned()) })
}

fn done(report: Result<Report, Error>) -> RunDone {
    match report.expect("it is done") {
        Report::Run(done, _) => done,
        other => panic!("no run: {other:?}"),
    }
}

fn says(error: &Error, kind: ErrorKind, words: &[&str]) {
    let all = format!("{}\n{}", error.message, error.hints.join("\n"));
    assert_eq!(error.kind, kind, "{all}");
    for word in words {
        assert!(all.contains(word), "'{word}' is missing in:\n{all}");
    }
}

/// Does something when this happens.
fn when(happens: fn(&What) -> bool, act: impl Fn(&Control) + Send + Sync + 'static) -> Control {
    let silent = Control::silent();
    let inner = silent.clone();
    let sink = Arc::new(move |event: &Event| {
        if happens(&event.what) {
            act(&inner);
        }
    });
    Control { sink, ..silent }
}

fn journal(stage: &Stage, node: &str, run: &str) -> PathBuf {
    stage.root(node).join("var/lib/kubectl-certs/runs").join(run).join("journal.jsonl")
}

/// The old pair was broken: nobody presents it again, and that keeps nothing from being over or begun anew.
#[test]
fn an_undo_to_a_pair_that_no_server_can_load_ends_and_says_so() {
    let mut stage = Stage::usual();
    stage.arrange(|stage| {
        let key = |name: &str| stage.root(name).join("etc/kubernetes/pki/apiserver.key");
        std::fs::copy(key("cp2"), key("cp1")).expect("another key");
    });
    let run = stage.renew().expect("a key that differs is replaced").run;
    for _ in 0..2 {
        let error = stage.ask(&runs(RunsVerb::Undo, &run, &ALL), &Control::silent()).expect_err("no proof");
        says(
            &error,
            ErrorKind::FailedSafe,
            &["is undone", "pki/apiserver.crt", "does not belong", "kubectl certs check"],
        );
        assert_eq!(stage.changed(), Vec::<String>::new());
    }
    stage.renew().expect("nothing stands in the way");
    assert_eq!(stage.is_new(), Ok(()));
}

/// What was put back is not changed again, and who was started with it must still be started anew.
#[test]
fn an_undo_that_is_cut_off_before_its_restart_restarts_the_next_time() {
    let mut stage = Stage::usual();
    let run = remade(&mut stage);
    stage.set(&Faults { failing: Some((0, 1)), ..Faults::default() });
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    let error = stage.ask(&undo, &Control::silent()).expect_err("the restart fails");
    says(&error, ErrorKind::FailedSafe, &["kubelet", "put back", &format!("runs undo {run}")]);
    let done = done(stage.ask(&undo, &Control::silent()));
    let evidence: Vec<&String> = done.steps.iter().flat_map(|step| &step.evidence).collect();
    assert!(evidence.iter().any(|line| line.contains("kubelet was restarted")), "{evidence:?}");
    assert_eq!(stage.changed(), Vec::<String>::new());
}

/// The kubelet's pair is taken away and made by its owner. What somebody else put there afterwards is theirs.
#[test]
fn what_is_put_in_the_place_of_a_remade_pair_is_kept() {
    let mut stage = Stage::usual();
    let run = remade(&mut stage);
    let pki = stage.root("cp1").join("var/lib/kubelet/pki");
    let ours = copy_away(&pki);
    let etcd = stage.root("cp1").join("etc/kubernetes/pki/etcd");
    for (from, to) in [("server.crt", "kubelet.crt"), ("server.key", "kubelet.key")] {
        std::fs::copy(etcd.join(from), pki.join(to)).expect("somebody's own");
    }
    let theirs = copy_away(&pki);
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    let error = stage.ask(&undo, &Control::silent()).expect_err("it is somebody's");
    says(&error, ErrorKind::Refused, &["kubelet.crt was changed by somebody", "nothing was put back", "backup of cp1"]);
    assert_eq!(copy_away(&pki), theirs);
    // The kubelet's own, once more: of another moment.
    std::fs::remove_file(pki.join("kubelet.crt")).expect("removed");
    stage.sign_for_itself(0);
    stage.ask(&undo, &Control::silent()).expect_err("nor is this one of this run");
    for (name, text) in &ours {
        std::fs::write(pki.join(name), text).expect("as the run left it");
    }
    assert_eq!(done(stage.ask(&undo, &Control::silent())).state, RunState::Undone);
    assert_eq!(stage.changed(), Vec::<String>::new());
}

/// A journal of an earlier version, or a step that was cut off: then the pair's own marks tell.
#[test]
fn a_pair_that_the_kubelet_made_is_known_by_its_marks_too() {
    let mut stage = Stage::usual();
    let run = remade(&mut stage);
    for node in ALL {
        let path = journal(&stage, node, &run);
        let text = std::fs::read_to_string(&path).expect("a journal");
        assert!(text.contains("\"made\""), "{text}");
        let lines = text.lines().map(|line| {
            let mut line: serde_json::Value = serde_json::from_str(line).expect("a line");
            if let Some(succeeded) = line["what"].get_mut("stepSucceeded") {
                succeeded.as_object_mut().expect("an object").remove("made");
            }
            format!("{line}\n")
        });
        std::fs::write(&path, lines.collect::<String>()).expect("written");
    }
    done(stage.ask(&runs(RunsVerb::Undo, &run, &ALL), &Control::silent()));
    assert_eq!(stage.changed(), Vec::<String>::new());
}

/// The serving pair of cp1's kubelet, made anew by a run.
fn remade(stage: &mut Stage) -> String {
    stage.arrange(|stage| stage.sign_for_itself(0));
    let only = vec!["kubelet-serving".to_owned()];
    let renew = Renew { scope: Stage::nodes(&ALL), all: true, only, mode: Mode::Apply, ..Renew::default() };
    done(stage.ask(&Request::Renew(renew), &Control::silent())).run
}

fn copy_away(pki: &Path) -> Vec<(&'static str, String)> {
    let read = |name| (name, std::fs::read_to_string(pki.join(name)).expect("a file"));
    ["kubelet.crt", "kubelet.key"].map(read).to_vec()
}

#[test]
fn finish_wants_all_nodes_of_the_run() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    let error = stage.ask(&runs(RunsVerb::Finish, &run, &["cp1"]), &Control::silent()).expect_err("two are missing");
    let all = format!("runs finish {run} --ssh cp1 --ssh cp2 --ssh cp3");
    says(&error, ErrorKind::Refused, &["is on cp2, cp3 too", "the old keys there would stay", &all]);
    for node in ALL {
        assert!(journal(&stage, node, &run).with_file_name("backup").exists(), "{node}");
    }
    done(stage.ask(&runs(RunsVerb::Finish, &run, &ALL), &Control::silent()));
    for node in ALL {
        assert!(!journal(&stage, node, &run).with_file_name("backup").exists(), "{node}");
    }
}

#[test]
fn a_node_that_missed_the_end_is_told_again() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    forget_the_end(&stage, "cp2", &run);
    let alone = Request::Renew(Renew { scope: Stage::nodes(&["cp2"]), mode: Mode::Apply, ..Stage::request() });
    let error = stage.ask(&alone, &Control::silent()).expect_err("it thinks that the run goes on");
    let resume = format!("runs resume {run} --ssh cp1 --ssh cp2 --ssh cp3");
    says(&error, ErrorKind::Refused, &["is on cp1, cp3 too", &resume]);
    assert!(!error.hints.iter().any(|hint| hint.contains("undo")), "the run is good: {error:?}");
    let resume = runs(RunsVerb::Resume, &run, &ALL);
    let told = done(stage.ask(&resume, &Control::silent()));
    assert_eq!((told.state, told.steps.len()), (RunState::Done, 0));
    assert!(told.evidence[0].contains("cp2 had missed the end"), "{told:?}");
    done(stage.ask(&alone, &Control::silent()));
    // Nobody else missed it.
    says(&stage.ask(&resume, &Control::silent()).expect_err("done"), ErrorKind::Refused, &["nothing to resume"]);
}

/// The same of an undo; here asking for it again is enough.
#[test]
fn a_node_that_missed_the_end_of_an_undo_is_told_again() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    done(stage.ask(&undo, &Control::silent()));
    forget_the_end(&stage, "cp3", &run);
    let again = done(stage.ask(&undo, &Control::silent()));
    assert!(again.evidence.iter().any(|line| line.contains("cp3 had missed the end")), "{again:?}");
    let alone = Request::Renew(Renew { scope: Stage::nodes(&["cp3"]), mode: Mode::Apply, ..Stage::request() });
    done(stage.ask(&alone, &Control::silent()));
}

fn forget_the_end(stage: &Stage, node: &str, run: &str) {
    let path = journal(stage, node, run);
    let text = std::fs::read_to_string(&path).expect("a journal");
    let (kept, _) = text.trim_end().rsplit_once('\n').expect("lines");
    std::fs::write(&path, format!("{kept}\n")).expect("written");
}

/// Somebody writes after the first file was put back: that is no refusal any more, and there is a way on.
#[test]
fn a_doubt_in_the_middle_of_an_undo_is_no_refusal() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    // The last to be put back: steps go in reverse.
    let file = stage.root("cp1").join("etc/kubernetes/pki/apiserver.crt");
    let ours = std::fs::read_to_string(&file).expect("a certificate");
    let (path, text) = (file.clone(), ours.clone() + "# somebody's\n");
    let control = when(
        |what| matches!(what, What::UndoneStep { .. }),
        move |_| std::fs::write(&path, &text).expect("somebody writes"),
    );
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    let wanted = ["changed by somebody", "put it there yourself", "nothing is lost", &format!("runs undo {run}")];
    let error = stage.ask(&undo, &control).expect_err("it is somebody's now");
    says(&error, ErrorKind::FailedSafe, &wanted);
    assert!(!error.hints.iter().any(|hint| hint.contains("nothing was put back")), "{error:?}");
    // Also for the next process, which has put nothing back itself.
    says(&stage.ask(&undo, &Control::silent()).expect_err("still"), ErrorKind::FailedSafe, &wanted);
    let backups = journal(&stage, "cp1", &run).with_file_name("backup");
    let mut backup = std::fs::read_dir(backups).expect("backups").map(|entry| entry.expect("an entry").path());
    let backup = backup.find(|path| path.to_string_lossy().ends_with("-apiserver.crt")).expect("a backup");
    let status = std::process::Command::new("cp").arg("-p").arg(backup).arg(&file).status().expect("cp runs");
    assert!(status.success());
    done(stage.ask(&undo, &Control::silent()));
    assert_eq!(stage.changed(), Vec::<String>::new());
}

/// A backup that is gone can never be put back: then the way back can be given up, and new runs begun.
#[test]
fn an_undo_that_lost_a_backup_can_be_finished() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    let backups = journal(&stage, "cp1", &run).with_file_name("backup");
    let gone = backups.clone();
    let control = when(
        |what| matches!(what, What::UndoneStep { .. }),
        move |_| std::fs::remove_dir_all(&gone).unwrap_or_default(),
    );
    let finish = runs(RunsVerb::Finish, &run, &ALL);
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    says(&stage.ask(&undo, &control).expect_err("no backup"), ErrorKind::FailedSafe, &["there is no backup of"]);
    let error = stage.ask(&undo, &Control::silent()).expect_err("no backup");
    says(&error, ErrorKind::FailedUnsafe, &["the backup of", "is gone", &format!("runs finish {run}")]);
    done(stage.ask(&finish, &Control::silent()));
    stage.renew().expect("nothing stands in the way");
}

/// Asked to stop, undo and finish do before the next file or node, and go on later.
#[test]
fn undo_and_finish_stop_at_a_boundary_and_go_on() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    let stop = |happens| when(happens, |control: &Control| control.stop.store(true, Ordering::Relaxed));
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    let control = stop(|what| matches!(what, What::UndoneStep { .. }));
    let error = stage.ask(&undo, &control).expect_err("stopped");
    says(
        &error,
        ErrorKind::Interrupted,
        &["stopped before", "as asked", &format!("go on: kubectl certs runs undo {run}")],
    );
    assert!(!stage.changed().is_empty(), "only one step was put back");
    done(stage.ask(&undo, &Control::silent()));
    assert_eq!(stage.changed(), Vec::<String>::new());
    let control = Control::silent();
    control.stop.store(true, Ordering::Relaxed);
    let finish = runs(RunsVerb::Finish, &run, &ALL);
    says(&stage.ask(&finish, &control).expect_err("stopped"), ErrorKind::Interrupted, &["runs finish"]);
    done(stage.ask(&finish, &Control::silent()));
}

/// A node that is lost in the middle makes no refusal of what was begun.
#[test]
fn a_node_lost_in_the_middle_of_an_undo_leaves_a_way_on() {
    let mut stage = Stage::usual();
    let run = stage.renew().expect("done").run;
    let undo = runs(RunsVerb::Undo, &run, &ALL);
    for from in [30, 45, 60] {
        stage.lose(1, from);
        let outcome = stage.ask(&undo, &Control::silent());
        stage.set(&Faults::default());
        if let Err(error) = outcome {
            let begun = !stage.changed().is_empty();
            assert!(error.kind == ErrorKind::FailedSafe || !begun, "{from}: {error:?}");
        }
    }
    done(stage.ask(&undo, &Control::silent()));
    assert_eq!(stage.changed(), Vec::<String>::new());
}
