//! Taking a run back: its steps in reverse, each checked before it is touched. The first doubt stops it.

use super::journal::{Journal, history, plan_for};
use super::{Means, from_node, lock, pass_gate};
use crate::access::nodes::NodeOp;
use crate::error::Error;
use crate::event::What;
use crate::model::{IdentityStore, Location};
use crate::plan::{Action, Plan, Step, Undo, World};
use crate::report::{RunDone, RunState, StepDone};

pub async fn undo(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let lock = lock::take(means, run).await?;
    let outcome = undo_locked(run, means).await;
    lock.release().await;
    outcome
}

async fn undo_locked(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let history = history(&*means.node, run).await?;
    match history.state {
        RunState::Finished => {
            return Err(Error::refused(format!("run {run} was finished: its backups are wiped, there is no way back")));
        }
        RunState::Undone => return Err(Error::refused(format!("run {run} is undone already"))),
        RunState::Unfinished | RunState::Done | RunState::Failed | RunState::Undoing => {}
    }
    refuse_under_a_later_run(&history.run, means).await?;
    let plan = plan_for(means, run).await?;
    let mut journal = Journal::after(means, run.to_owned(), &history);
    let begun: Vec<&Step> = plan.steps().filter(|step| journal.has_begun(&step.id)).collect();
    // Everything is looked at before the first file is put back: half an undo helps nobody.
    let world = means.observe.world(run, &plan).await?;
    for step in &begun {
        check(step, journal.run(), &world)?;
    }
    journal.append(What::UndoStarted).await?;
    let mut done = RunDone {
        run: run.to_owned(),
        state: RunState::Undone,
        root: plan.root.clone(),
        steps: Vec::new(),
        evidence: Vec::new(),
        left_alone: Vec::new(),
    };
    // Files first, in reverse; then the components that read them at their start.
    for step in begun.iter().rev().filter(|step| matches!(step.undo, Undo::Restore(_))) {
        done.steps.push(put_back(&plan, step, &mut journal, means).await?);
    }
    clear(&plan, run, means).await?;
    for step in &begun {
        if let Undo::Restart(component) = &step.undo {
            let op = NodeOp::Restart { component: component.clone() };
            means.node.run(op).await.map_err(|error| from_node(&error))?;
            done.steps.push(undone(step, true, format!("{component} was restarted with what was put back")));
        }
    }
    for phase in plan.phases.iter().filter(|phase| !phase.gate.is_empty()) {
        done.evidence.extend(pass_gate(&plan, phase, &journal, means).await?);
    }
    journal.append(What::Undone).await?;
    Ok(done)
}

/// Nothing of a run that was killed stays beside the files.
async fn clear(plan: &Plan, run: &str, means: &Means<'_>) -> Result<(), Error> {
    let paths = plan.steps().flat_map(|step| &step.expects).map(|expected| expected.path.clone()).collect();
    let op = NodeOp::ClearDrafts { run: run.to_owned(), paths };
    means.node.run(op).await.map(drop).map_err(|error| from_node(&error))
}

/// Undoing an earlier run beneath a later one would mix their files.
async fn refuse_under_a_later_run(run: &str, means: &Means<'_>) -> Result<(), Error> {
    let later = super::histories(&*means.node)
        .await?
        .into_iter()
        .find(|history| history.run.as_str() > run && !matches!(history.state, RunState::Undone | RunState::Finished));
    match later {
        Some(later) => Err(Error::refused(format!("run {} came after {run} and is not undone", later.run))
            .hint(format!("undo that one first: kubectl certs runs undo {}", later.run))),
        None => Ok(()),
    }
}

/// What is there now is what was there before, or what this run wrote; and what is to be put back is whole.
fn check(step: &Step, run: &str, world: &World) -> Result<(), Error> {
    for expected in &step.expects {
        let state = state_of(step, &expected.path, &expected.digest, world);
        if state == PathState::Ours && world.backups.get(&expected.path) != Some(&expected.digest) {
            return Err(Error::refused(format!(
                "the backup of {} is gone or is no longer what the file was, so nothing was put back",
                expected.path
            ))
            .about(&expected.path)
            .hint(format!(
                "a 'runs finish' that was cut off leaves it so; complete it: kubectl certs runs finish {run}"
            )));
        }
        if state == PathState::Foreign {
            return Err(Error::refused(format!(
                "{} was changed by somebody after run step {}: putting the old file back would lose that",
                expected.path, step.id
            ))
            .about(&expected.path)
            .hint(
                "nothing was put back; the old file is in the run's backup folder under /var/lib/kubectl-certs/runs",
            ));
        }
    }
    Ok(())
}

#[derive(PartialEq, Eq)]
enum PathState {
    AsBefore,
    Ours,
    Foreign,
}

fn state_of(step: &Step, path: &str, before: &str, world: &World) -> PathState {
    let entry = world.inventory.entries.iter().find(|entry| {
        (entry.at.path() == Some(path) && Some(&entry.at) == place_of(step))
            || entry.key_at.as_ref().and_then(Location::path) == Some(path)
    });
    let Some(entry) = entry else { return PathState::Foreign };
    let is_key = entry.at.path() != Some(path);
    let found = if is_key { &entry.key_digest } else { &entry.digest };
    if found.as_deref() == Some(before) {
        return PathState::AsBefore;
    }
    if found.is_some() && found.as_ref() == world.ours.get(path) { PathState::Ours } else { PathState::Foreign }
}

fn place_of(step: &Step) -> Option<&Location> {
    step.actions.iter().find_map(|action| match action {
        Action::WriteIdentity(write) => Some(&write.at),
        _ => None,
    })
}

async fn put_back(plan: &Plan, step: &Step, journal: &mut Journal<'_>, means: &Means<'_>) -> Result<StepDone, Error> {
    let world = means.observe.world(journal.run(), plan).await?;
    check(step, journal.run(), &world)?;
    // The certificate first: the reverse of how they were written.
    let mut changed: Vec<String> = step
        .expects
        .iter()
        .filter(|expected| state_of(step, &expected.path, &expected.digest, &world) == PathState::Ours)
        .map(|expected| expected.path.clone())
        .collect();
    changed.sort_by_key(|path| is_key_of(step, path));
    let why = if changed.is_empty() { "it was as before" } else { "the old files were put back" };
    if !changed.is_empty() {
        let op = NodeOp::Restore { run: journal.run().to_owned(), paths: changed.clone() };
        means.node.run(op).await.map_err(|error| from_node(&error))?;
        let world = means.observe.world(journal.run(), plan).await?;
        if let Some(expected) = step
            .expects
            .iter()
            .find(|expected| state_of(step, &expected.path, &expected.digest, &world) != PathState::AsBefore)
        {
            return Err(Error::failed(format!("{} is not as it was before, although it was put back", expected.path)));
        }
    }
    journal.append(What::UndoneStep { step: step.id.clone(), why: why.to_owned() }).await?;
    Ok(undone(step, !changed.is_empty(), why.to_owned()))
}

fn is_key_of(step: &Step, path: &str) -> bool {
    step.actions.iter().any(|action| match action {
        Action::WriteIdentity(write) => matches!(&write.store, IdentityStore::Pair { key, .. } if key == path),
        _ => false,
    })
}

fn undone(step: &Step, changed: bool, why: String) -> StepDone {
    StepDone { id: step.id.clone(), title: step.title.clone(), changed, evidence: vec![why], pending_until: None }
}

/// Gives up the way back: backups and staged files are wiped, the journal stays.
pub async fn finish(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let lock = lock::take(means, run).await?;
    let outcome = finish_locked(run, means).await;
    lock.release().await;
    outcome
}

async fn finish_locked(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let history = history(&*means.node, run).await?;
    if matches!(history.state, RunState::Unfinished | RunState::Failed | RunState::Undoing) {
        return Err(Error::refused(format!("run {run} is {}: its backups may still be needed", history.state.word()))
            .hint(format!("first kubectl certs runs resume {run}, or kubectl certs runs undo {run}")));
    }
    // Whatever the plan was: what holds keys is wiped.
    if let Ok(plan) = plan_for(means, run).await {
        clear(&plan, run, means).await?;
    }
    means.node.run(NodeOp::Wipe { run: run.to_owned() }).await.map_err(|error| from_node(&error))?;
    if history.state != RunState::Finished {
        Journal::after(means, run.to_owned(), &history).append(What::Wiped).await?;
    }
    Ok(RunDone {
        run: run.to_owned(),
        state: RunState::Finished,
        root: history.root,
        steps: Vec::new(),
        evidence: vec!["backups and staged files were overwritten and removed".to_owned()],
        left_alone: Vec::new(),
    })
}
