//! Taking a run back: its steps in reverse, each checked before it is touched. The first doubt stops it.

use super::journal::{Journal, history, plan_for};
use super::perform::{paths, restart_on, restart_together};
use super::restart::is_independent;
use super::{Fresh, Means, digest_of, from_node, is_remade, lock, pass_gate};
use crate::access::nodes::{NodeErrorKind, NodeOp};
use crate::error::Error;
use crate::event::What;
use crate::model::{IdentityStore, Location};
use crate::plan::{Action, Expected, Plan, Step, Undo, World};
use crate::report::{RunDone, RunState, StepDone};

pub async fn undo(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let lock = lock::take(means, run).await?;
    let outcome = undo_locked(run, means).await;
    lock.release().await;
    outcome
}

async fn undo_locked(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let history = history(means.fleet, run).await?;
    match history.state {
        RunState::Finished => {
            return Err(Error::refused(format!("run {run} was finished: its backups are wiped, there is no way back")));
        }
        RunState::Undone => return Err(Error::refused(format!("run {run} is undone already"))),
        RunState::Unfinished | RunState::Done | RunState::Failed | RunState::Undoing => {}
    }
    refuse_under_a_later_run(&history.run, means).await?;
    let plan = plan_for(means, run).await?;
    let mut journal = Journal::after(means, &history, &plan);
    let begun: Vec<&Step> = plan.steps().filter(|step| journal.has_begun(&step.id)).collect();
    // Everything is looked at before the first file is put back: half an undo helps nobody.
    let mut world = means.observe.world(run, &plan).await?;
    for step in &begun {
        check(step, &journal, &world)?;
    }
    journal.append(What::UndoStarted).await?;
    let mut done = RunDone {
        run: run.to_owned(),
        state: RunState::Undone,
        root: plan.root.clone(),
        nodes: plan.nodes.clone(),
        steps: Vec::new(),
        evidence: Vec::new(),
        left_alone: Vec::new(),
    };
    // Files first, in reverse; then the components that read them at their start.
    for step in begun.iter().rev().filter(|step| matches!(step.undo, Undo::Restore(_))) {
        done.steps.push(put_back(step, &mut world, &mut journal, means).await?);
    }
    clear(&plan, run, means).await?;
    done.steps.extend(restart(&begun, &done.steps, &world, means).await?);
    for phase in plan.phases.iter().filter(|phase| !phase.gate.is_empty()) {
        done.evidence.extend(pass_gate(phase, &mut world, &journal, means).await?);
    }
    journal.append(What::Undone).await?;
    Ok(done)
}

/// Whatever was started with what is no longer there.
async fn restart(
    begun: &[&Step],
    put_back: &[StepDone],
    world: &World,
    means: &Means<'_>,
) -> Result<Vec<StepDone>, Error> {
    let changed = |step: &Step| put_back.iter().any(|done| done.id == step.id && done.changed);
    let mut waiting: Vec<(&Step, &String)> = Vec::new();
    for step in begun.iter().rev() {
        match (&step.undo, step.actions.last()) {
            (Undo::Restart(component), _) => waiting.push((step, component)),
            (Undo::Restore(_), Some(Action::Remake(remake))) if changed(step) => {
                waiting.push((step, &remake.component));
            }
            (Undo::Restore(_) | Undo::Nothing, _) => {}
        }
    }
    // What did not come up again is looked after before its like on another node is stopped.
    waiting.sort_by_key(|(step, component)| world.started.contains_key(&(step.node.clone(), (*component).clone())));
    let mut done = Vec::new();
    let mut waiting = waiting.as_slice();
    while let Some((first, _)) = waiting.first() {
        let independent = |(step, component): &&(&Step, &String)| step.node == first.node && is_independent(component);
        let (now, later) = waiting.split_at(waiting.iter().take_while(independent).count().max(1));
        waiting = later;
        let node = means.fleet.node(first.node.as_deref()).map_err(|error| from_node(&error))?;
        let components: Vec<String> = now.iter().map(|(_, component)| (*component).clone()).collect();
        let outcome = match components.as_slice() {
            [component] => restart_on(node, component).await,
            components => restart_together(node, components).await,
        };
        for (step, component) in now {
            match &outcome {
                Ok(_) => done.push(undone(step, true, format!("{component} was restarted with what was put back"))),
                // The files are as they were, and that is what was asked for; the person does the rest.
                Err(error) if error.kind == NodeErrorKind::Refused => {
                    done.push(undone(step, false, format!("restart {component} yourself: {}", error.message)));
                }
                Err(error) => return Err(from_node(error)),
            }
        }
    }
    Ok(done)
}

/// Nothing of a run that was killed stays beside the files.
async fn clear(plan: &Plan, run: &str, means: &Means<'_>) -> Result<(), Error> {
    for member in means.fleet.members() {
        let own = |step: &&Step| step.node == member.name;
        let files: Vec<Location> =
            plan.steps().filter(own).flat_map(|step| &step.expects).map(|expected| expected.at.clone()).collect();
        let op = NodeOp::ClearDrafts { run: run.to_owned(), paths: paths(&files) };
        member.node.run(op).await.map_err(|error| from_node(&error))?;
    }
    Ok(())
}

/// Undoing an earlier run beneath a later one would mix their files.
async fn refuse_under_a_later_run(run: &str, means: &Means<'_>) -> Result<(), Error> {
    let later = super::histories(means.fleet)
        .await?
        .into_iter()
        .find(|history| history.run.as_str() > run && !matches!(history.state, RunState::Undone | RunState::Finished));
    match later {
        Some(later) => Err(Error::refused(format!("run {} came after {run} and is not undone", later.run))
            .hint(format!("undo that one first: kubectl certs runs undo {}{}", later.run, means.place))),
        None => Ok(()),
    }
}

/// What is there now is what was there before, or what this run wrote; and what is to be put back is whole.
fn check(step: &Step, journal: &Journal<'_>, world: &World) -> Result<(), Error> {
    let run = journal.run();
    for expected in &step.expects {
        let at = &expected.at;
        let state = state_of(step, at, &expected.digest, journal, world);
        if state == FileState::Ours && world.backups.get(at) != Some(&expected.digest) {
            return Err(Error::refused(format!(
                "the backup of {at} is gone or is no longer what the file was, so nothing was put back"
            ))
            .about(at)
            .hint(format!(
                "a 'runs finish' that was cut off leaves it so; complete it: kubectl certs runs finish {run}{}",
                journal.place()
            )));
        }
        if state == FileState::Foreign {
            return Err(Error::refused(format!(
                "{at} was changed by somebody after run step {}: putting the old file back would lose that",
                step.id
            ))
            .about(at)
            .hint(format!(
                "nothing was put back; the old file is in the folder {}/var/lib/kubectl-certs/runs/{run}/backup{}",
                journal.root().trim_end_matches('/'),
                at.node().map_or_else(String::new, |node| format!(" of {node}"))
            )));
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum FileState {
    AsBefore,
    Ours,
    /// Somebody's, and this run never came to write there.
    Untouched,
    Foreign,
}

fn state_of(step: &Step, at: &Location, before: &String, journal: &Journal<'_>, world: &World) -> FileState {
    let found = digest_of(at, world).flatten();
    if found == Some(before) {
        return FileState::AsBefore;
    }
    // Taken away for its owner to make it anew: whatever is there now, or nothing, came of that.
    if is_remade(step) && world.backups.get(at) == Some(before) {
        return FileState::Ours;
    }
    if found.is_some() && found == world.ours.get(at) {
        return FileState::Ours;
    }
    // Cut off or refused before the write: then none of the step's files is ours.
    let wrote = journal.has_ended(&step.id)
        || step.expects.iter().any(|expected| {
            let found = digest_of(&expected.at, world).flatten();
            found.is_some() && found == world.ours.get(&expected.at) && found != Some(&expected.digest)
        });
    if wrote { FileState::Foreign } else { FileState::Untouched }
}

async fn put_back(
    step: &Step,
    world: &mut World,
    journal: &mut Journal<'_>,
    means: &Means<'_>,
) -> Result<StepDone, Error> {
    means.observe.refresh(world, journal.run(), step, Fresh::Files).await?;
    check(step, journal, world)?;
    let in_state = |wanted: FileState, world: &World, journal: &Journal<'_>| -> Vec<Location> {
        let state = |expected: &&Expected| state_of(step, &expected.at, &expected.digest, journal, world) == wanted;
        step.expects.iter().filter(state).map(|expected| expected.at.clone()).collect()
    };
    // The certificate first: the reverse of how they were written.
    let mut changed = in_state(FileState::Ours, world, journal);
    changed.sort_by_key(|at| is_key_of(step, at));
    let why = match (changed.is_empty(), in_state(FileState::Untouched, world, journal).is_empty()) {
        (false, _) => "the old files were put back",
        (true, true) => "it was as before",
        (true, false) => "this run never wrote it; what somebody else wrote was left as it is",
    };
    if !changed.is_empty() {
        let node = means.fleet.node(step.node.as_deref()).map_err(|error| from_node(&error))?;
        let op = NodeOp::Restore { run: journal.run().to_owned(), paths: paths(&changed) };
        node.run(op).await.map_err(|error| from_node(&error))?;
        means.observe.refresh(world, journal.run(), step, Fresh::Files).await?;
        let differs = |at: &&Location| {
            let before = step.expects.iter().find(|expected| expected.at == **at).map(|expected| &expected.digest);
            digest_of(at, world).flatten() != before
        };
        if let Some(at) = changed.iter().find(differs) {
            return Err(Error::failed(format!("{at} is not as it was before, although it was put back")));
        }
    }
    journal.append(What::UndoneStep { step: step.id.clone(), why: why.to_owned() }).await?;
    Ok(undone(step, !changed.is_empty(), why.to_owned()))
}

fn is_key_of(step: &Step, at: &Location) -> bool {
    let store = step.actions.iter().find_map(|action| match action {
        Action::WriteIdentity(write) => Some(&write.store),
        Action::Remake(remake) => Some(&remake.store),
        _ => None,
    });
    matches!(store, Some(IdentityStore::Pair { key, .. }) if at.path() == Some(key))
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
    let history = history(means.fleet, run).await?;
    let place = means.place;
    if matches!(history.state, RunState::Unfinished | RunState::Failed | RunState::Undoing) {
        return Err(Error::refused(format!("run {run} is {}: its backups may still be needed", history.state.word()))
            .hint(format!("first kubectl certs runs resume {run}{place}, or kubectl certs runs undo {run}{place}")));
    }
    // Whatever the plan was: what holds keys is wiped.
    let plan = plan_for(means, run).await.ok();
    if let Some(plan) = &plan {
        clear(plan, run, means).await?;
    }
    for member in means.fleet.members() {
        member.node.run(NodeOp::Wipe { run: run.to_owned() }).await.map_err(|error| from_node(&error))?;
    }
    let again = history.state == RunState::Finished;
    if !again {
        Journal::closing(means, &history).append(What::Wiped).await?;
    }
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
