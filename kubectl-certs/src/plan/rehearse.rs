//! The rehearsal: every plan is played through on the reading it was made from before anything is touched. What would not
//! reach its goal, or would part two peers that can talk now, is refused here.

use std::collections::BTreeSet;

use super::{Plan, World};
use crate::error::Error;
use crate::model::TrustEdge;

/// A plan that was played through. There is no other way to get one.
pub struct RehearsedPlan {
    plan: Plan,
}

impl RehearsedPlan {
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

pub fn rehearse(plan: Plan, world: &World) -> Result<RehearsedPlan, Error> {
    let mut imagined = world.clone();
    for phase in &plan.phases {
        for condition in &phase.gate {
            condition
                .holds(&imagined)
                .map_err(|why| refused(&format!("phase '{}' could never begin: {why}", phase.name)))?;
        }
        for step in &phase.steps {
            for action in &step.actions {
                let broken = broken_edges(&imagined);
                action.effect(&mut imagined);
                for goal in action.goal() {
                    goal.holds(&imagined)
                        .map_err(|why| refused(&format!("step '{}' would not reach its goal: {why}", step.id)))?;
                }
                if let Some(edge) = broken_edges(&imagined).difference(&broken).next() {
                    return Err(refused(&format!(
                        "step '{}' would part two peers: whoever uses {} would no longer trust {}",
                        step.id, edge.bundle, edge.presented
                    )));
                }
            }
        }
    }
    Ok(RehearsedPlan { plan })
}

fn refused(why: &str) -> Error {
    Error::refused(format!("the plan does not survive its rehearsal: {why}"))
        .hint("this is a fault of this program: please report it with the plan (--dry-run -o json)")
}

/// Pairs of peers whose handshake would fail for want of trust.
fn broken_edges(world: &World) -> BTreeSet<TrustEdge> {
    let edges = world.inventory.edges.iter().filter(|edge| {
        let bundle = world.inventory.entry(&edge.bundle);
        let leaf = world.leaf(&edge.presented);
        match (bundle, leaf) {
            (Some(bundle), Some(leaf)) => !world.trust.leads_to(&world.inventory, &leaf.fingerprint, bundle),
            _ => false,
        }
    });
    edges.cloned().collect()
}
