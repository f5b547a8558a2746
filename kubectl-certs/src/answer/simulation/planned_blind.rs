//! A node that is lost while the plan is made: nothing is planned around it.

use super::stage::Stage;
use crate::answer::Control;
use crate::error::ErrorKind;
use crate::plan::Plan;
use crate::report::Report;
use crate::request::{Renew, Request};

fn steps_and_gates(plan: &Plan) -> String {
    let steps: Vec<&str> = plan.steps().map(|step| step.id.as_str()).collect();
    let gates: Vec<_> = plan.phases.iter().flat_map(|phase| &phase.gate).map(ToString::to_string).collect();
    format!("{steps:?} {gates:?}")
}

#[test]
fn a_node_that_is_lost_while_planning_is_not_one_without_certificates() {
    let mut stage = Stage::usual();
    let request = Request::Renew(Stage::request());
    let mut whole = None;
    // From the last question to the first: all of it is there, or nothing is planned.
    for from in (0..60).rev() {
        stage.lose(1, from);
        match stage.ask(&request, &Control::silent()) {
            Ok(Report::Plan(planned)) => {
                let plan = steps_and_gates(&planned.plan);
                assert_eq!(&plan, whole.get_or_insert_with(|| plan.clone()), "lost at its operation {from}");
            }
            Ok(other) => panic!("no plan: {other:?}"),
            Err(error) => {
                assert_eq!(error.kind, ErrorKind::Unreadable, "{from}: {error:?}");
                assert!(error.message.contains("cp2"), "{from}: {error}");
            }
        }
    }
    let whole = whole.expect("at its 60th operation the plan is made");
    assert!(whole.contains("restart-") && whole.contains("on cp2"), "{whole}");
}

#[test]
fn a_named_node_without_a_layout_is_refused() {
    let mut stage = Stage::usual();
    stage.arrange(|stage| std::fs::remove_dir_all(stage.root("cp3").join("etc/kubernetes")).expect("removed"));
    let error = stage.ask(&Request::Renew(Stage::request()), &Control::silent()).expect_err("cp3 has nothing");
    assert_eq!(error.kind, ErrorKind::Refused);
    assert!(error.message.contains("cp3 has no cluster files"), "{error}");
    let others = Renew { nodes: vec!["cp1".to_owned(), "cp2".to_owned()], ..Stage::request() };
    let planned = stage.ask(&Request::Renew(others), &Control::silent());
    assert!(matches!(planned, Ok(Report::Plan(_))), "{planned:?}");
}

/// A request that came as JSON is held to the limits of the arguments.
#[test]
fn a_drain_has_its_limits_at_both_doors() {
    let mut stage = Stage::usual();
    for seconds in [-1, 601, 100_000] {
        let drain = Some(crate::model::Span(seconds));
        let request = Request::Renew(Renew { drain, restart: true, ..Stage::request() });
        let error = stage.ask(&request, &Control::silent()).expect_err("too long, or before the beginning");
        assert_eq!(error.kind, ErrorKind::Usage, "{error}");
    }
}
