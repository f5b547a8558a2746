//! What was named or wished for and means nothing here is said.

use super::worlds::Shape;
use crate::error::{Error, ErrorKind};
use crate::model::{Span, TakesEffect};
use crate::plan::Plan;
use crate::request::Renew;

fn planned(shape: &Shape, nodes: &[&str], wishes: Renew) -> Result<Plan, Error> {
    shape.plan_for(&shape.world(), nodes, wishes).expect("there is something to plan for")
}

fn refused(shape: &Shape, nodes: &[&str], wishes: Renew, kind: ErrorKind, words: &[&str]) {
    let error = planned(shape, nodes, wishes).expect_err("it means nothing here");
    assert_eq!(error.kind, kind, "{error}");
    let said = format!("{error}\n{}", error.hints.join("\n"));
    for word in words {
        assert!(said.contains(word), "'{word}' is missing in:\n{said}");
    }
}

#[test]
fn unknown_names_are_wrong_usage_and_absent_ones_are_refused() {
    let shape = Shape::with_server("apiserver", "kube-apiserver");
    let only = |name: &str| Renew { only: vec![name.to_owned()], ..Renew::default() };
    refused(
        &shape,
        &[],
        only("nonsense"),
        ErrorKind::Usage,
        &["no leaf is called 'nonsense'", "etcd-server", "admin.conf"],
    );
    refused(&shape, &[], only("etcd-server"), ErrorKind::Refused, &["there is no etcd-server on this machine"]);
    assert!(planned(&shape, &[], only("apiserver")).is_ok());
    let on = |node: &str| Renew { nodes: vec![node.to_owned()], ..Renew::default() };
    refused(&shape, &["cp1", "cp2"], on("cp3"), ErrorKind::Usage, &["no node is called 'cp3'", "are cp1, cp2"]);
    refused(&shape, &[], on("cp3"), ErrorKind::Usage, &["no node is called 'cp3'", "--ssh"]);
}

#[test]
fn what_is_not_restarted_is_named() {
    let restart = || Renew { restart: true, ..Renew::default() };
    let steps = |plan: &Plan| plan.steps().map(|step| step.id.clone()).collect::<Vec<_>>();
    let left = |plan: &Plan| plan.left_alone.iter().map(|left| left.why.clone()).collect::<Vec<_>>().join("; ");

    let plan = planned(&Shape::with_server("apiserver", "kube-apiserver"), &[], restart()).expect("a plan");
    assert_eq!(steps(&plan), ["renew-apiserver", "restart-kube-apiserver"]);
    let other = Shape::with_client("scheduler.conf", "kube-scheduler", TakesEffect::Restart);
    let plan = planned(&other, &[], restart()).expect("a plan");
    assert_eq!(steps(&plan), ["renew-scheduler.conf", "restart-kube-scheduler"]);
    assert!(left(&plan).contains("none runs on the nodes"), "{}", left(&plan));

    let drain = Renew { drain: Some(Span(1)), ..Renew::default() };
    refused(&other, &[], drain, ErrorKind::Usage, &["drain needs restart"]);
    let requests = Renew { requests: true, ..restart() };
    refused(&other, &[], requests, ErrorKind::Usage, &["nothing is restarted for requests"]);
}

/// For several nodes the simulation tells.
#[test]
fn nobody_is_said_to_take_over_where_nobody_is_known() {
    for (shape, restart) in [
        (Shape::with_client("scheduler.conf", "kube-scheduler", TakesEffect::Restart), false),
        (Shape::with_server("apiserver", "kube-apiserver"), true),
    ] {
        let plan = planned(&shape, &[], Renew { restart, ..Renew::default() }).expect("a plan");
        let impact = &plan.steps().last().expect("a restart").impact;
        assert!(impact.contains("is known here: if it is the only one"), "{impact}");
        assert!(!impact.contains("takes over") && !impact.contains("go to the other"), "{impact}");
    }
}

/// Another one's certificate alone: an API server that runs and uses nothing of it stays as it is.
#[test]
fn an_api_server_that_uses_nothing_of_what_is_renewed_is_not_restarted() {
    let world_of = Shape::with_server("apiserver", "kube-apiserver");
    let wishes = Renew { restart: true, within: Some(Span(0)), ..Renew::default() };
    let plan = world_of.not_all().plan_for(&world_of.world(), &[], wishes).expect("asked").expect("a plan");
    assert!(plan.is_empty());
    assert!(
        plan.left_alone
            .iter()
            .any(|left| left.name == "kube-apiserver" && left.why.contains("no certificate that it uses"))
    );
}
