//! Giving up the way back: backups and staged files are wiped, the journal stays.

use super::journal::{History, Journal, history, plan_for, saved_plan};
use super::undo::stop_before;
use super::whose::{self, Whose, clear};
use super::{Means, from_node, lock};
use crate::access::nodes::NodeOp;
use crate::error::{Error, ErrorKind};
use crate::event::What;
use crate::report::{RunDone, RunState};

pub async fn finish(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    lock::during(means, run, finish_locked(run, means)).await
}

async fn finish_locked(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let history = history(means.fleet, run).await?;
    refuse_without_all_nodes(&history, means).await?;
    refuse_while_needed(&history, means).await?;
    let again = history.state == RunState::Finished;
    wipe(&history, means).await.map_err(|error| half_way(error, run, means.place))?;
    let evidence =
        if again { "it was finished already" } else { "backups and staged files were overwritten and removed" };
    Ok(RunDone {
        run: run.to_owned(),
        state: RunState::Finished,
        root: history.root,
        nodes: history.nodes,
        steps: Vec::new(),
        evidence: vec![evidence.to_owned()],
        left_alone: Vec::new(),
    })
}

async fn wipe(history: &History, means: &Means<'_>) -> Result<(), Error> {
    let run = &history.run;
    // Whatever the plan was: what holds keys is wiped.
    if let Ok(plan) = plan_for(means, run).await {
        clear(plan.steps(), run, means).await?;
    }
    for member in means.fleet.members() {
        let node = member.name.as_deref().unwrap_or("this machine");
        stop_before(means, || format!("the backups of {node} were wiped"))?;
        member.node.run(NodeOp::Wipe { run: run.clone() }).await.map_err(|error| from_node(&error))?;
    }
    if history.state != RunState::Finished {
        Journal::closing(means, history).append(What::Wiped).await?;
    }
    Ok(())
}

/// The first backup may be gone: that is no refusal any more.
fn half_way(mut error: Error, run: &str, place: &str) -> Error {
    if matches!(error.kind, ErrorKind::Refused | ErrorKind::Unreadable) {
        error.kind = ErrorKind::FailedSafe;
    }
    error
        .hint("what is in use was not touched; some of the backups may be wiped and others not")
        .hint(format!("go on: kubectl certs runs finish {run}{place}"))
}

/// What is wiped on some of its nodes only is not finished, and nobody would look for the old keys on the others.
async fn refuse_without_all_nodes(history: &History, means: &Means<'_>) -> Result<(), Error> {
    let absent = history.absent_from(means.fleet);
    if absent.is_empty() {
        return refuse_without_its_operator(history, means).await;
    }
    let run = &history.run;
    let error = Error::refused(format!(
        "run {run} is on {} too, which {} not among the nodes that were named: the old keys there would stay",
        absent.join(", "),
        if absent.len() == 1 { "is" } else { "are" }
    ));
    let place = saved_plan(means.fleet, run).await.map(|plan| plan.disks().disk_arguments()).unwrap_or_default();
    Err(error.hint(format!("name all of its nodes: kubectl certs runs finish {run}{place}")).hint(format!(
        "where a node is gone for good, remove the folder /var/lib/kubectl-certs/runs/{run} on the others yourself"
    )))
}

/// The old key of whoever began it lies with them.
async fn refuse_without_its_operator(history: &History, means: &Means<'_>) -> Result<(), Error> {
    match saved_plan(means.fleet, &history.run).await {
        Ok(plan) if plan.changed_nodes().contains(&None) && means.fleet.member(None).is_none() => {
            plan_for(means, &history.run).await.map(drop)
        }
        _ => Ok(()),
    }
}

async fn refuse_while_needed(history: &History, means: &Means<'_>) -> Result<(), Error> {
    let (run, place) = (&history.run, means.place);
    let needed = match history.state {
        RunState::Unfinished | RunState::Failed => true,
        RunState::Undoing => can_be_undone(history, means).await?,
        RunState::Done | RunState::Undone | RunState::Finished => false,
    };
    if !needed {
        return Ok(());
    }
    let ways = match history.state {
        RunState::Undoing => format!("first kubectl certs runs undo {run}{place}"),
        _ => format!("first kubectl certs runs resume {run}{place}, or kubectl certs runs undo {run}{place}"),
    };
    let error = format!("run {run} is {}: its backups may still be needed", history.state.word());
    Err(Error::refused(error).hint(ways))
}

/// An undo that lost a backup can never end, and would keep everything else from beginning.
async fn can_be_undone(history: &History, means: &Means<'_>) -> Result<bool, Error> {
    let plan = plan_for(means, &history.run).await?;
    let world = means.observe.world(&history.run, &plan).await?;
    let journal = Journal::after(means, history, &plan);
    let lost = plan.steps().filter(|step| journal.has_begun(&step.id)).any(|step| {
        let is_changed = |at: &_| matches!(whose::is(step, at, &journal, &world), Whose::Ours | Whose::Foreign);
        whose::lacking_backup(step, &world).is_some() && step.expects.iter().any(is_changed)
    });
    Ok(!lost)
}
