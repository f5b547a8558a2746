//! The loop over the steps of a plan: the same for a fresh run and for one that was cut off anywhere.

use std::sync::atomic::Ordering;

use super::found::reached;
use super::gate::pass_gate;
use super::step::do_step;
use super::{Fresh, Journal, Means, from_node, perform, restarts_together};
use crate::access::nodes::NodeOp;
use crate::error::{Error, ErrorKind};
use crate::event::What;
use crate::plan::{Action, Plan, Step};
use crate::report::{RunDone, RunState};

/// With the ways out, where it fails.
pub(super) async fn go_on(plan: &Plan, journal: &mut Journal<'_>, means: &Means<'_>) -> Result<RunDone, Error> {
    match to_the_end(plan, journal, means).await {
        Ok(done) => Ok(done),
        Err(error) => {
            let error = with_ways_out(error, journal, means.place);
            // The failure is what must reach the person, even where the journal cannot be written any more.
            journal.append(What::Failed { error: error.clone() }).await.ok();
            Err(error)
        }
    }
}

async fn to_the_end(plan: &Plan, journal: &mut Journal<'_>, means: &Means<'_>) -> Result<RunDone, Error> {
    let done = steps_and_gates(plan, journal, means).await?;
    forget_kept(plan, means).await?;
    let skipped = done.steps.iter().filter(|step| !step.changed).count();
    journal.append(What::Finished { done: done.steps.len() - skipped, skipped }).await?;
    Ok(done)
}

/// Keys that waited for their certificates are in use now, and nowhere else.
async fn forget_kept(plan: &Plan, means: &Means<'_>) -> Result<(), Error> {
    for step in plan.steps() {
        for action in &step.actions {
            let Action::Import(import) = action else { continue };
            let node = means.fleet.node(step.node.as_deref()).map_err(|error| from_node(&error))?;
            let op = NodeOp::ForgetKept { name: import.name.clone() };
            node.run(op).await.map_err(|error| from_node(&error))?;
        }
    }
    Ok(())
}

fn with_ways_out(mut error: Error, journal: &Journal<'_>, place: &str) -> Error {
    let run = journal.run();
    // A refusal promises that nothing was changed, and who cannot read has not begun.
    if matches!(error.kind, ErrorKind::Refused | ErrorKind::Unreadable) && journal.has_begun_any() {
        error.kind = ErrorKind::FailedSafe;
    }
    if journal.has_begun_any() {
        error = error.hint("nothing is lost: the old files are backed up on their nodes, each before it was replaced");
    }
    error
        .hint(format!("go on: kubectl certs runs resume {run}{place}"))
        .hint(format!("or take back what was done: kubectl certs runs undo {run}{place}"))
}

async fn steps_and_gates(plan: &Plan, journal: &mut Journal<'_>, means: &Means<'_>) -> Result<RunDone, Error> {
    let mut done = RunDone {
        run: journal.run().to_owned(),
        state: RunState::Done,
        root: plan.root.clone(),
        nodes: plan.nodes.clone(),
        steps: Vec::new(),
        evidence: Vec::new(),
        left_alone: plan.left_alone.clone(),
    };
    let mut world = means.observe.world(journal.run(), plan).await?;
    perform::make_keys(plan, journal.run(), means.fleet, |step| journal.has_ended(&step.id)).await;
    // The node whose files were read after all that was done so far.
    let mut read = plan.steps().next().map(|step| step.node.clone());
    for phase in &plan.phases {
        if !phase.gate.is_empty() {
            read = None;
            let evidence = pass_gate(phase, &mut world, journal, means).await?;
            journal.append(What::GatePassed { phase: phase.name.clone(), evidence: evidence.clone() }).await?;
            done.evidence.extend(evidence);
        }
        let mut steps = phase.steps.as_slice();
        while let Some(step) = steps.first() {
            if means.stop.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Interrupted, format!("stopped before step {}, as asked", step.id)));
            }
            if !(only_writes(step) && read.as_ref() == Some(&step.node)) {
                means.observe.refresh(&mut world, journal.run(), step, Fresh::Node).await?;
            }
            let (now, later) = steps.split_at(restarts_together::together(steps));
            steps = later;
            if now.len() > 1 && now.iter().all(|step| reached(step, &world).is_err()) {
                done.steps.extend(restarts_together::do_together(now, &mut world, journal, means).await?);
            } else {
                for step in now {
                    done.steps.push(do_step(step, &mut world, journal, means).await?);
                }
            }
            read = Some(step.node.clone()).filter(|_| only_writes(step));
        }
    }
    Ok(done)
}

/// Nothing starts anew in it: what runs need not be known.
fn only_writes(step: &Step) -> bool {
    step.actions.iter().all(|action| match action {
        Action::BackUp(_) | Action::Issue(_) | Action::Import(_) | Action::WriteIdentity(_) => true,
        Action::Remake(_) | Action::Restart(_) => false,
    })
}
