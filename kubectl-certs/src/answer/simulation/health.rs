//! A component that was restarted and is not healthy: nobody goes on past it, neither the run nor the one after it.

use super::faults::Faults;
use super::stage::Stage;
use crate::error::{Error, ErrorKind};
use crate::report::{RunDone, RunState};
use crate::request::{Renew, RunsVerb};

const FOREVER: u32 = u32::MAX;

fn fail_at(component: &str, node: &str, outcome: Result<RunDone, Error>) {
    let error = outcome.expect_err("it is not healthy");
    assert_eq!(error.kind, ErrorKind::FailedSafe, "{error}");
    for word in [component, node, "is not healthy"] {
        assert!(error.message.contains(word), "{word}: {error}");
    }
}

/// On how many nodes it was, in the time of the play.
fn restarted(stage: &Stage, component: &str) -> usize {
    let state = stage.played.state();
    let all = state.nodes.iter().flat_map(|node| &node.processes).filter(|process| process.component == component);
    all.filter(|process| process.started > stage.played.began()).count()
}

#[test]
fn a_restart_that_is_not_healthy_is_not_gone_on_from() {
    let mut stage = Stage::usual();
    stage.set(&Faults { ill: Some((0, "kube-scheduler", FOREVER)), ..Faults::default() });
    assert!(stage.renew().is_err());
    let outcome = stage.runs(RunsVerb::Resume);
    fail_at("kube-scheduler", "cp1", outcome);
    assert_eq!(restarted(&stage, "kube-scheduler"), 1, "the next ones were left alone");
    // A while later it is: that is waited for.
    stage.set(&Faults { ill: Some((0, "kube-scheduler", 3)), ..Faults::default() });
    let done = stage.runs(RunsVerb::Resume).expect("healthy again");
    assert_eq!(done.state, RunState::Done);
    assert_eq!(stage.is_new(), Ok(()));
}

#[test]
fn an_api_server_is_not_restarted_while_another_one_is_ill() {
    let mut stage = Stage::usual();
    let request = Renew { restart: true, drain: Some(crate::model::Span(0)), ..Stage::request() };
    stage.set(&Faults { ill: Some((2, "kube-apiserver", FOREVER)), ..Faults::default() });
    let outcome = stage.renew_as(request);
    fail_at("kube-apiserver", "cp3", outcome);
    assert_eq!(restarted(&stage, "kube-apiserver"), 0);
    fail_at("kube-apiserver", "cp3", stage.runs(RunsVerb::Resume));
    stage.set(&Faults { ill: None, ..Faults::default() });
    stage.runs(RunsVerb::Resume).expect("healthy again");
    assert_eq!(restarted(&stage, "kube-apiserver"), 3);
    assert_eq!(stage.is_new(), Ok(()));
}

/// Known before the first file is written, not when it is that server's turn.
#[test]
fn a_node_that_cannot_drain_is_refused_before_anything_is_changed() {
    let stage = Stage::usual();
    stage.set(&Faults { without_nft: Some(1), ..Faults::default() });
    let error = stage.renew_as(Renew { restart: true, ..Stage::request() }).expect_err("cp2 cannot");
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(error.message.contains("kube-apiserver on cp2 cannot be restarted: port 6443"), "{error}");
    assert!(stage.changed().is_empty());
}

#[test]
fn who_takes_over_is_said_where_somebody_does() {
    let plan = Stage::usual().plan();
    let restarts: Vec<_> = plan.steps().filter(|step| step.id.starts_with("restart-")).collect();
    assert_eq!(restarts.len(), 3);
    for step in restarts {
        assert!(step.impact.contains("another control-plane node's takes over meanwhile"), "{}", step.impact);
    }
}
