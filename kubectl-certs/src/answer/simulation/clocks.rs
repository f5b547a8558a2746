//! Nodes whose clocks go wrong: they would take a new certificate for one of tomorrow, or for an older one.

use super::faults::{Faults, Lost};
use super::shape::Shape;
use super::stage::Stage;
use crate::error::{Error, ErrorKind, exit};
use crate::request::RunsVerb;

const MINUTE: i64 = 60_000;

fn stage() -> Stage {
    Stage::new(&Shape::kubeadm(2, &["apiserver"], &["apiserver"]))
}

fn set_clock(stage: &Stage, node: usize, ahead: i64) {
    stage.played.state().nodes[node].ahead = ahead;
}

#[track_caller]
fn assert_refused(error: &Error, words: &[&str]) {
    assert_eq!((error.kind, error.kind.exit_code()), (ErrorKind::Refused, exit::REFUSED), "{error:?}");
    for word in words.iter().chain(&["back-dated by 5m"]) {
        assert!(error.message.contains(word), "'{word}' is missing in: {}", error.message);
    }
    assert!(error.hints.iter().any(|hint| hint.contains("timedatectl")), "{:?}", error.hints);
}

#[test]
fn a_node_with_another_time_is_refused_before_anything_is_changed() {
    for (ahead, words) in [(10, "10m ahead of"), (-10, "10m behind")] {
        let stage = stage();
        set_clock(&stage, 1, ahead * MINUTE);
        assert_refused(&stage.renew().expect_err("refused"), &["the clock of cp2 is", words]);
        assert_eq!(stage.is_as_before(), Ok(()));
        let left = stage.played.root(0).join("var/lib/kubectl-certs");
        assert!(!left.exists(), "{} was made", left.display());
    }
}

#[test]
fn a_few_minutes_are_what_back_dating_is_for() {
    for ahead in [4, -4] {
        let stage = stage();
        set_clock(&stage, 1, ahead * MINUTE);
        stage.renew().expect("done");
        assert_eq!(stage.is_new(), Ok(()));
    }
}

/// Going on would put the same certificates in place; the way back is open whatever the time is.
#[test]
fn resume_looks_at_the_clocks_again_and_undo_does_not() {
    for way_out in [RunsVerb::Resume, RunsVerb::Undo] {
        let mut stage = stage();
        stage.set(&Faults { lost: Some(Lost { node: 1, from: 30, done: false }), ..Faults::default() });
        stage.renew().expect_err("cp2 was lost");
        stage.set(&Faults::default());
        assert!(!stage.changed().is_empty(), "too early to be of interest");
        set_clock(&stage, 0, 10 * MINUTE);
        let half = stage.changed();
        let error = stage.runs(RunsVerb::Resume).expect_err("refused");
        assert_refused(&error, &["the clock of cp1 is 10m ahead of"]);
        assert_eq!(stage.changed(), half);
        if way_out == RunsVerb::Resume {
            set_clock(&stage, 0, 0);
        }
        assert_eq!(stage.end(way_out), Ok(()));
    }
}
