//! Taking a run back: its steps in reverse, each checked before it is touched. The first doubt stops it.

use std::sync::atomic::Ordering;

use super::found::digest_of;
use super::gate::pass_gate;
use super::journal::{Journal, history, plan_for, tell_the_end_again};
use super::perform::{paths, restart_on, restart_together};
use super::restarts_together::is_independent;
use super::whose::{self, Whose, clear};
use super::{Fresh, History, Means, from_node, lock};
use crate::access::nodes::{NodeErrorKind, NodeOp};
use crate::error::{Error, ErrorKind};
use crate::event::What;
use crate::model::{IdentityStore, KeyState, Location};
use crate::plan::{Action, Condition, Expected, Phase, Plan, Step, Undo, World};
use crate::report::{RunDone, RunState, StepDone};

pub async fn undo(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    lock::during(means, run, undo_locked(run, means)).await
}

async fn undo_locked(run: &str, means: &Means<'_>) -> Result<RunDone, Error> {
    let history = history(means.fleet, run).await?;
    match history.state {
        RunState::Finished => {
            return Err(Error::refused(format!("run {run} was finished: its backups are wiped, there is no way back")));
        }
        RunState::Undone => return prove_again(&history, means).await,
        RunState::Unfinished | RunState::Done | RunState::Failed | RunState::Undoing => {}
    }
    refuse_under_a_later_run(&history.run, means).await?;
    let plan = plan_for(means, run).await?;
    let mut journal = Journal::after(means, &history, &plan);
    let begun: Vec<&Step> = plan.steps().filter(|step| journal.has_begun(&step.id)).collect();
    // Everything is looked at before the first file is put back: half an undo helps nobody.
    let mut world = means.observe.world(run, &plan).await?;
    let again = history.state == RunState::Undoing;
    let refused = |error: Error| if again { half_way(error, &journal) } else { error.hint("nothing was put back") };
    for step in &begun {
        whose::check(step, history.state, &journal, &world).map_err(refused)?;
    }
    refuse_marked(&begun, &journal, &world, means).await.map_err(refused)?;
    let mut done = nothing_yet(&history);
    let taken_back = take_back(&plan, &begun, again, &mut done, &mut world, &mut journal, means).await;
    taken_back.map_err(|error| half_way(error, &journal))?;
    let yourself = done.steps.iter().filter(|step| !step.changed).flat_map(|step| &step.evidence);
    let yourself: Vec<String> = yourself.filter(|line| line.starts_with(RESTART_YOURSELF)).cloned().collect();
    match prove(&plan, &mut world, &journal, means).await {
        Ok(evidence) => {
            done.evidence = evidence;
            Ok(done)
        }
        // Nobody reads what came of the steps then.
        Err(error) => Err(yourself.into_iter().fold(error, Error::hint)),
    }
}

fn nothing_yet(history: &History) -> RunDone {
    RunDone {
        run: history.run.clone(),
        state: RunState::Undone,
        root: history.root.clone(),
        nodes: history.nodes.clone(),
        steps: Vec::new(),
        evidence: Vec::new(),
        left_alone: Vec::new(),
    }
}

/// A file that nothing can replace is found out before the first one is put back.
async fn refuse_marked(begun: &[&Step], journal: &Journal<'_>, world: &World, means: &Means<'_>) -> Result<(), Error> {
    for member in means.fleet.members() {
        let own = begun.iter().filter(|step| step.node == member.name);
        let files = own.flat_map(|step| step.expects.iter().map(move |expected| (step, expected)));
        let ours = files.filter(|(step, expected)| whose::is(step, expected, journal, world) == Whose::Ours);
        let ours: Vec<Location> = ours.map(|(_, expected)| expected.at.clone()).collect();
        let op = NodeOp::ReplaceableFiles { paths: paths(&ours) };
        member.node.run(op).await.map_err(|error| from_node(&error))?;
    }
    Ok(())
}

/// Once this was begun, an error no longer says that nothing was changed.
fn half_way(mut error: Error, journal: &Journal<'_>) -> Error {
    // What it needs a person for is said already.
    if error.kind == ErrorKind::FailedUnsafe {
        return error;
    }
    if matches!(error.kind, ErrorKind::Refused | ErrorKind::Unreadable) {
        error.kind = ErrorKind::FailedSafe;
    }
    error
        .hint("nothing is lost: what was put back stays so, and all other old files are still backed up on their nodes")
        .hint(format!("go on: kubectl certs runs undo {}{}", journal.run(), journal.place()))
}

/// Until everything is as before, and the journal says so.
async fn take_back(
    plan: &Plan,
    begun: &[&Step],
    again: bool,
    done: &mut RunDone,
    world: &mut World,
    journal: &mut Journal<'_>,
    means: &Means<'_>,
) -> Result<(), Error> {
    journal.append(What::UndoStarted).await?;
    // Files first, in reverse; then the components that read them at their start.
    for step in begun.iter().rev().filter(|step| matches!(step.undo, Undo::Restore(_))) {
        stop_before(means, || format!("the files of step {} were put back", step.id))?;
        done.steps.push(put_back(step, world, journal, means).await?);
    }
    clear(plan.steps(), journal.run(), means).await?;
    let restarted = restart(begun, &done.steps, again, world, means).await?;
    done.steps.extend(restarted);
    journal.append(What::Undone).await
}

/// Somebody wants it to stop, and here it can.
pub(super) fn stop_before(means: &Means<'_>, what: impl FnOnce() -> String) -> Result<(), Error> {
    if means.stop.load(Ordering::Relaxed) {
        return Err(Error::new(ErrorKind::Interrupted, format!("stopped before {}, as asked", what())));
    }
    Ok(())
}

const RESTART_YOURSELF: &str = "restart ";

/// Whatever was started with what is no longer there. Whether a process that was cut off came to that is not known, so
/// after it all of them are restarted.
async fn restart(
    begun: &[&Step],
    put_back: &[StepDone],
    again: bool,
    world: &World,
    means: &Means<'_>,
) -> Result<Vec<StepDone>, Error> {
    let changed = |step: &Step| again || put_back.iter().any(|done| done.id == step.id && done.changed);
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
    while let Some((first, first_component)) = waiting.first() {
        stop_before(means, || format!("{first_component} was restarted"))?;
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
                    done.push(undone(
                        step,
                        false,
                        format!("{RESTART_YOURSELF}{component} yourself: {}", error.message),
                    ));
                }
                Err(error) => return Err(from_node(error)),
            }
        }
    }
    Ok(done)
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

async fn put_back(
    step: &Step,
    world: &mut World,
    journal: &mut Journal<'_>,
    means: &Means<'_>,
) -> Result<StepDone, Error> {
    means.observe.refresh(world, journal.run(), step, Fresh::Files).await?;
    whose::check(step, RunState::Undoing, journal, world)?;
    let in_state = |wanted: Whose, world: &World, journal: &Journal<'_>| -> Vec<Location> {
        let is_so = |expected: &&Expected| whose::is(step, expected, journal, world) == wanted;
        step.expects.iter().filter(is_so).map(|expected| expected.at.clone()).collect()
    };
    // The certificate first: the reverse of how they were written.
    let mut changed = in_state(Whose::Ours, world, journal);
    changed.sort_by_key(|at| is_key_of(step, at));
    let why = match (changed.is_empty(), in_state(Whose::Untouched, world, journal).is_empty()) {
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

/// Asking again puts nothing back: it looks whether all is in use now.
async fn prove_again(history: &History, means: &Means<'_>) -> Result<RunDone, Error> {
    let missed = tell_the_end_again(means, history).await?;
    let plan = plan_for(means, &history.run).await?;
    let journal = Journal::after(means, history, &plan);
    let mut world = means.observe.world(&history.run, &plan).await?;
    let mut done = nothing_yet(history);
    done.evidence = [vec!["it was undone already".to_owned()], missed].concat();
    done.evidence.extend(prove(&plan, &mut world, &journal, means).await?);
    Ok(done)
}

/// Shows that servers present what is on the disks. That one does not keeps nothing from being as before: the old files
/// may have been the trouble.
async fn prove(plan: &Plan, world: &mut World, journal: &Journal<'_>, means: &Means<'_>) -> Result<Vec<String>, Error> {
    let gates = plan.phases.iter().flat_map(|phase| &phase.gate);
    let (broken, whole): (Vec<&Condition>, Vec<&Condition>) = gates.partition(|gate| fault(gate, world).is_some());
    let mut unproven: Vec<String> = broken.into_iter().filter_map(|gate| fault(gate, world)).collect();
    let mut evidence = Vec::new();
    if !whole.is_empty() {
        let phase = Phase {
            name: "proof".to_owned(),
            why: String::new(),
            gate: whole.into_iter().cloned().collect(),
            steps: Vec::new(),
        };
        match pass_gate(&phase, world, journal, means).await {
            Ok(lines) => evidence = lines,
            Err(error) if error.kind == ErrorKind::Interrupted => {
                let again = format!("kubectl certs runs undo {}{}", journal.run(), journal.place());
                return Err(error.hint(format!("the run is undone; to look whether all is in use: {again}")));
            }
            Err(error) => unproven.push(error.message),
        }
    }
    if unproven.is_empty() {
        return Ok(evidence);
    }
    let (run, place) = (journal.run(), journal.place());
    Err(Error::failed(format!("run {run} is undone, but it is not proven that all works so: {}", unproven.join("; ")))
        .hint(format!("to look once more: kubectl certs runs undo {run}{place}"))
        .hint("what was not usable before the run is not usable after it: kubectl certs check tells, kubectl certs renew mends it"))
}

/// Why no server can ever present this.
fn fault(gate: &Condition, world: &World) -> Option<String> {
    let Condition::Presents { address, at } = gate else { return None };
    let key = world.inventory.entry(at)?.key;
    let broken = matches!(key, KeyState::Differs | KeyState::Unreadable);
    broken.then(|| format!("the key of {at} does not belong to it, so {address} cannot present it after a restart"))
}
