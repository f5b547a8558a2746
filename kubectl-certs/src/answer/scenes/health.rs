//! A component that was restarted and is not healthy: nobody goes on past it, neither the run nor the one after it.

use super::stage::Stage;
use crate::answer::Control;
use crate::error::{Error, ErrorKind};
use crate::report::{Report, RunDone, RunState};
use crate::request::{Renew, Request, RunsVerb};

const FOREVER: u32 = u32::MAX;

fn fail_at(component: &str, node: &str, outcome: Result<RunDone, Error>) {
    let error = outcome.expect_err("it is not healthy");
    assert_eq!(error.kind, ErrorKind::FailedSafe, "{error}");
    for word in [component, node, "is not healthy"] {
        assert!(error.message.contains(word), "{word}: {error}");
    }
}

#[test]
fn a_restart_that_is_not_healthy_is_not_gone_on_from() {
    let mut stage = Stage::new();
    stage.faults(|faults| faults.ill = Some((0, "kube-scheduler", FOREVER)));
    assert!(stage.renew().is_err());
    let outcome = stage.runs(RunsVerb::Resume);
    fail_at("kube-scheduler", "cp1", outcome);
    assert!(stage.what_is_not_new().is_some_and(|what| what.contains("cp2")), "the next one was left alone");
    // A while later it is: that is waited for.
    stage.faults(|faults| faults.ill = Some((0, "kube-scheduler", 3)));
    let done = stage.runs(RunsVerb::Resume).expect("healthy again");
    assert_eq!(done.state, RunState::Done);
    stage.assert_all_new();
}

#[test]
fn an_api_server_is_not_restarted_while_another_one_is_ill() {
    let mut stage = Stage::new();
    let request = Renew { restart: true, drain: Some(crate::model::Span(0)), ..Stage::request() };
    stage.faults(|faults| faults.ill = Some((2, "kube-apiserver", FOREVER)));
    let outcome = stage.renew_as(request);
    fail_at("kube-apiserver", "cp3", outcome);
    assert_eq!(stage.faults(|faults| faults.api_servers_restarted), 0);
    fail_at("kube-apiserver", "cp3", stage.runs(RunsVerb::Resume));
    stage.faults(|faults| faults.ill = None);
    stage.runs(RunsVerb::Resume).expect("healthy again");
    assert_eq!(stage.faults(|faults| faults.api_servers_restarted), 3);
    stage.assert_all_new();
}

/// Known before the first file is written, not when it is that server's turn.
#[test]
fn a_node_that_cannot_drain_is_refused_before_anything_is_changed() {
    let stage = Stage::new();
    stage.faults(|faults| faults.without_nft = Some(1));
    let error = stage.renew_as(Renew { restart: true, ..Stage::request() }).expect_err("cp2 cannot");
    assert_eq!(error.kind, ErrorKind::Refused, "{error}");
    assert!(error.message.contains("kube-apiserver on cp2 cannot be restarted: port 6443"), "{error}");
    assert!(stage.changed().is_empty());
}

#[test]
fn who_takes_over_is_said_where_somebody_does() {
    let planned = Stage::new().ask(&Request::Renew(Stage::request()), &Control::silent());
    let Ok(Report::Plan(planned)) = planned else { panic!("no plan: {planned:?}") };
    let restarts: Vec<_> = planned.plan.steps().filter(|step| step.id.starts_with("restart-")).collect();
    assert_eq!(restarts.len(), 3);
    for step in restarts {
        assert!(step.impact.contains("another control-plane node's takes over meanwhile"), "{}", step.impact);
    }
}
