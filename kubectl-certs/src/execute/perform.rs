//! One action, by the node's operations. Everything was decided before; here it only happens.

use crate::access::nodes::{Node, NodeError, NodeOp, NodeReply, Sign};
use crate::plan::action::Issue;
use crate::plan::{Action, World};

/// Returns what the node said that shows it.
pub(super) async fn perform(
    action: &Action,
    run: &str,
    world: &World,
    node: &dyn Node,
) -> Result<Vec<String>, NodeError> {
    match action {
        Action::BackUp(back_up) => {
            let op = NodeOp::BackUp { run: run.to_owned(), paths: vec![back_up.path.clone()] };
            node.run(op).await?;
        }
        Action::Issue(issue) => issue_on(node, run, issue, world).await?,
        Action::WriteIdentity(write) => {
            let op = NodeOp::Install { run: run.to_owned(), step: write.step.clone(), store: write.store.clone() };
            node.run(op).await?;
        }
        Action::Restart(restart) => {
            let op = NodeOp::Restart { component: restart.component.clone() };
            if let NodeReply::Restarted { evidence } = node.run(op).await? {
                return Ok(vec![evidence]);
            }
        }
    }
    Ok(Vec::new())
}

/// The key is made where it is used, the signature where the authority's key is; here both are one node.
async fn issue_on(node: &dyn Node, run: &str, issue: &Issue, world: &World) -> Result<(), NodeError> {
    let old = world.inventory.der.get(&issue.renewal.old);
    let old =
        old.ok_or_else(|| NodeError::refused(format!("the certificate to be renewed is no longer in {}", issue.at)))?;
    let request = NodeOp::MakeRequest {
        run: run.to_owned(),
        step: issue.step.clone(),
        store: issue.store.clone(),
        algorithm: None,
    };
    let NodeReply::Request(request) = node.run(request).await? else {
        return Err(unexpected());
    };
    let sign = NodeOp::Sign(Sign {
        authority_certificate: issue.authority_certificate.clone(),
        authority_key: issue.authority_key.clone(),
        old: old.clone(),
        request,
        not_before: issue.not_before,
        not_after: issue.renewal.not_after,
    });
    let NodeReply::Certificate(certificate) = node.run(sign).await? else {
        return Err(unexpected());
    };
    let stage = NodeOp::Stage { run: run.to_owned(), step: issue.step.clone(), certificate };
    node.run(stage).await.map(drop)
}

fn unexpected() -> NodeError {
    NodeError::failed("the node answered another question than the one it was asked")
}
