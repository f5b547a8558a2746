//! Beginning a run, and going on with one that was cut off.

use super::journal::{self, History, Journal, histories, history};
use super::steps::go_on;
use super::{Approval, Means, lock};
use crate::error::Error;
use crate::event::What;
use crate::plan::{Plan, RehearsedPlan};
use crate::report::{RunDone, RunState};

/// Does a plan from its beginning.
pub async fn apply(rehearsed: &RehearsedPlan, approval: &Approval, means: &Means<'_>) -> Result<RunDone, Error> {
    let plan = rehearsed.plan();
    if approval.plan_digest != plan.digest() {
        return Err(Error::refused("the plan is not the one that was approved"));
    }
    let run = journal::new_run(means.access.clock.now(), &journal::names(means.fleet).await?)?;
    lock::during(means, &run, begin(plan, run.clone(), means)).await
}

async fn begin(plan: &Plan, run: String, means: &Means<'_>) -> Result<RunDone, Error> {
    refuse_beside_unfinished(means).await?;
    means.access.state.remember(&run, &plan.disks());
    let mut journal = Journal::new(means, run, plan);
    journal.save_plan(plan).await?;
    let (root, nodes) = (plan.root.clone(), plan.nodes.clone());
    journal.append(What::Started { plan_digest: plan.digest(), root, nodes, title: title(plan) }).await?;
    go_on(plan, &mut journal, means).await
}

/// Goes on with a run that was cut off: the world tells where it stands.
pub async fn resume(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    lock::during(means, run, resume_locked(run, means)).await
}

async fn resume_locked(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let history = history(means.fleet, run).await?;
    match history.state {
        RunState::Unfinished | RunState::Failed => {}
        RunState::Undoing => {
            return Err(Error::refused(format!("run {run} is being undone, it cannot go forward"))
                .hint(format!("kubectl certs runs undo {run}{} completes the undo", means.place)));
        }
        RunState::Done | RunState::Undone | RunState::Finished => return ended(&history, means).await,
    }
    let plan = journal::plan_for(means, run).await?;
    let mut journal = Journal::after(means, &history, &plan);
    journal.append(What::Resumed).await?;
    go_on(&plan, &mut journal, means).await
}

/// A run that is over: at most a node does not know it yet, and would refuse everything because of it.
async fn ended(history: &History, means: &Means<'_>) -> Result<RunDone, Error> {
    let evidence = journal::tell_the_end_again(means, history).await?;
    let (run, word) = (&history.run, history.state.word());
    if evidence.is_empty() {
        return Err(Error::refused(format!("run {run} is {word}, there is nothing to resume")));
    }
    Ok(RunDone {
        run: run.clone(),
        state: history.state,
        root: history.root.clone(),
        nodes: history.nodes.clone(),
        steps: Vec::new(),
        evidence,
        left_alone: Vec::new(),
    })
}

fn title(plan: &Plan) -> String {
    let steps = plan.steps().count();
    format!("{steps} step{}", if steps == 1 { "" } else { "s" })
}

async fn refuse_beside_unfinished(means: &Means<'_>) -> Result<(), Error> {
    for history in histories(means.fleet).await? {
        if matches!(history.state, RunState::Unfinished | RunState::Failed | RunState::Undoing) {
            let run = &history.run;
            let absent = history.absent_from(means.fleet);
            if !absent.is_empty() {
                // It may be done, and this node has not heard it.
                let plan = journal::saved_plan(means.fleet, run).await;
                let place = plan.map(|plan| plan.disks().disk_arguments()).unwrap_or_default();
                return Err(Error::refused(format!(
                    "run {run} of {} is not finished as far as is known here; it is on {} too",
                    history.started,
                    absent.join(", ")
                ))
                .hint(format!("ask all of its nodes: kubectl certs runs show {run}{place}"))
                .hint(format!(
                    "go on with it, or tell its end to who missed it: kubectl certs runs resume {run}{place}"
                )));
            }
            let place = means.place;
            return Err(Error::refused(format!("run {run} of {} is not finished", history.started))
                .hint(format!("go on with it: kubectl certs runs resume {run}{place}"))
                .hint(format!("or take it back: kubectl certs runs undo {run}{place}")));
        }
    }
    Ok(())
}
