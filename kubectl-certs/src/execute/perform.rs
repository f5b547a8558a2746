//! One action, by the nodes' operations. Everything was decided before; here it only happens.

use std::time::Duration;

use futures::future::join_all;

use crate::access::nodes::{Drain, Fleet, Node, NodeError, NodeOp, NodeReply, Sign};
use crate::model::Location;
use crate::plan::action::{DrainFirst, Issue, Remake, Restart};
use crate::plan::{Action, Plan, Step, World};

/// Returns what the node said that shows it.
pub(super) async fn perform(
    action: &Action,
    step: &Step,
    run: &str,
    world: &World,
    fleet: &Fleet,
) -> Result<Vec<String>, NodeError> {
    let node = fleet.node(step.node.as_deref())?;
    match action {
        Action::BackUp(back_up) => {
            let op = NodeOp::BackUp { run: run.to_owned(), paths: paths(core::slice::from_ref(&back_up.at)) };
            node.run(op).await?;
        }
        Action::Issue(issue) => issue_on(node, fleet, run, issue, world).await?,
        Action::Import(import) => {
            let op = NodeOp::StageKept {
                run: run.to_owned(),
                step: import.step.clone(),
                name: import.name.clone(),
                certificate: import.certificate.clone(),
            };
            node.run(op).await?;
        }
        Action::WriteIdentity(write) => {
            let op = NodeOp::Install { run: run.to_owned(), step: write.step.clone(), store: write.store.clone() };
            node.run(op).await?;
        }
        Action::Remake(remake) => return remake_on(node, run, remake).await,
        Action::Restart(Restart { component, drain: Some(drain), .. }) => {
            return restart_drained(node, component, *drain).await;
        }
        Action::Restart(Restart { component, drain: None, .. }) => return restart_on(node, component).await,
    }
    Ok(Vec::new())
}

/// The key is made where it is used, the signature where the authority's key is; only the request and the certificate
/// travel between them.
async fn issue_on(node: &dyn Node, fleet: &Fleet, run: &str, issue: &Issue, world: &World) -> Result<(), NodeError> {
    let old = world.inventory.der.get(&issue.renewal.old);
    let old =
        old.ok_or_else(|| NodeError::refused(format!("the certificate to be renewed is no longer in {}", issue.at)))?;
    let NodeReply::Request(request) = node.run(make_request(run, issue)?).await? else {
        return Err(unexpected());
    };
    let sign = NodeOp::Sign(Sign {
        authority_certificate: issue.authority_certificate.path().unwrap_or_default().to_owned(),
        authority_key: issue.authority_key.path().unwrap_or_default().to_owned(),
        old: old.clone(),
        request,
        added_names: issue.added_names.clone(),
        not_before: issue.not_before,
        not_after: issue.renewal.not_after,
    });
    let signer = fleet.node(issue.authority_key.node())?;
    let NodeReply::Certificate(certificate) = signer.run(sign).await? else {
        return Err(unexpected());
    };
    let stage = NodeOp::Stage { run: run.to_owned(), step: issue.step.clone(), certificate };
    node.run(stage).await.map(drop)
}

fn make_request(run: &str, issue: &Issue) -> Result<NodeOp, NodeError> {
    Ok(NodeOp::MakeRequest {
        run: run.to_owned(),
        step: issue.step.clone(),
        store: issue.store.clone(),
        key: issue.renewal.key.choice().ok_or_else(|| NodeError::refused("a key that exists is not made"))?,
        added_names: issue.added_names.clone(),
    })
}

/// Making keys is what costs a renewal most of its time, so all nodes do it at once. They lie in the run's own folder
/// until their step comes and takes them up.
pub(super) async fn make_keys(plan: &Plan, run: &str, fleet: &Fleet, is_done: impl Fn(&Step) -> bool) {
    let issues = plan.steps().filter(|step| !is_done(step)).flat_map(|step| &step.actions);
    let issues = issues.filter_map(|action| match action {
        Action::Issue(issue) => Some(issue),
        _ => None,
    });
    let made =
        issues.filter_map(|issue| Some((issue, fleet.node(issue.at.node()).ok()?))).map(|(issue, node)| async move {
            // What stands in the way is told by the step, which asks again.
            if let Ok(op) = make_request(run, issue) {
                node.run(op).await.ok();
            }
        });
    join_all(made).await;
}

async fn remake_on(node: &dyn Node, run: &str, remake: &Remake) -> Result<Vec<String>, NodeError> {
    node.run(NodeOp::Remove { run: run.to_owned(), paths: paths(&remake.files()) }).await?;
    restart_on(node, &remake.component).await
}

pub(super) async fn restart_on(node: &dyn Node, component: &str) -> Result<Vec<String>, NodeError> {
    match node.run(NodeOp::Restart { component: component.to_owned() }).await? {
        NodeReply::Restarted { evidence } => Ok(vec![evidence]),
        _ => Err(unexpected()),
    }
}

pub(super) async fn restart_together(node: &dyn Node, components: &[String]) -> Result<Vec<String>, NodeError> {
    let op = NodeOp::RestartControlPlane { components: components.to_vec(), drain: None };
    match node.run(op).await? {
        NodeReply::Restarted { evidence } => Ok(vec![evidence]),
        _ => Err(unexpected()),
    }
}

async fn restart_drained(node: &dyn Node, component: &str, drain: DrainFirst) -> Result<Vec<String>, NodeError> {
    let settle = Duration::from_secs(drain.seconds.into());
    let settle_ms = u64::try_from(settle.as_millis()).unwrap_or(u64::MAX);
    let drain = Some(Drain { port: drain.port, settle_ms });
    let op = NodeOp::RestartControlPlane { components: vec![component.to_owned()], drain };
    let NodeReply::Restarted { evidence } = node.run(op).await? else { return Err(unexpected()) };
    // Two servers must not be away at once, as load balancers see it.
    tokio::time::sleep(settle).await;
    Ok(vec![evidence])
}

/// As that node knows them.
pub(super) fn paths(files: &[Location]) -> Vec<String> {
    files.iter().filter_map(Location::path).map(str::to_owned).collect()
}

fn unexpected() -> NodeError {
    NodeError::failed("the node answered another question than the one it was asked")
}
