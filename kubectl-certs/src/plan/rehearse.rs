//! The rehearsal: every plan is played through on the reading it was made from before anything is touched. What would not
//! reach its goal, or would part two peers that can talk now, is refused here.

use std::collections::BTreeSet;

use super::{Action, Plan, Step, World};
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

    /// For tests of what happens without a rehearsal.
    #[cfg(test)]
    pub(crate) fn unchecked(plan: Plan) -> Self {
        Self { plan }
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
                premise(step, action, &imagined)
                    .map_err(|why| refused(&format!("step '{}' may not begin so: {why}", step.id)))?;
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
    // What a later step unmakes was made in vain: a component restarted before its file was written, for one.
    for step in plan.steps() {
        for goal in step.actions.iter().flat_map(Action::goal) {
            goal.holds(&imagined)
                .map_err(|why| refused(&format!("step '{}' would not last until the end: {why}", step.id)))?;
        }
    }
    Ok(RehearsedPlan { plan })
}

/// What must hold before a file is replaced: it is the one that was looked at, and there is a way back.
fn premise(step: &Step, action: &Action, world: &World) -> Result<(), String> {
    let (at, files, old) = match action {
        Action::WriteIdentity(write) => (&write.at, write.files(), &write.renewal.old),
        Action::Remake(remake) => (&remake.at, remake.files(), &remake.old),
        Action::BackUp(_) | Action::Issue(_) | Action::Import(_) | Action::Restart(_) => return Ok(()),
    };
    if world.leaf(at).is_none_or(|leaf| leaf.fingerprint != *old) {
        return Err(format!("{at} does not hold the certificate that is to be renewed"));
    }
    if step.node.as_deref() != at.node() || !files.iter().any(|file| at.whole_file().as_ref() == Some(file)) {
        return Err(format!("what would be written is not {at}"));
    }
    for file in &files {
        let expected = step.expects.iter().find(|expected| expected.at == *file);
        if expected.is_none_or(|expected| world.backups.get(file) != Some(&expected.digest)) {
            return Err(format!("{file} would be replaced without a backup"));
        }
    }
    Ok(())
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
