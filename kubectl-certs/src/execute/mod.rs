//! Doing a plan: read, compare, act, prove, remember. The world is the memory; the journal is for undo and audit.

mod finish;
mod health;
mod journal;
mod lock;
mod perform;
mod restart;
mod undo;
mod whose;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

pub use finish::finish;
pub use journal::{History, Journal, histories, history};
pub use lock::other_run;
pub use undo::undo;

use crate::access::Access;
use crate::access::nodes::{Fleet, NodeError, NodeOp};
use crate::error::{Error, ErrorKind};
use crate::event::{Made, Sink, What};
use crate::model::{Evidence, Location, Purpose, Span, TakesEffect, Use};
use crate::plan::{Action, Condition, OnNode, Phase, Plan, RehearsedPlan, Step, World, on_node};
use crate::report::{RunDone, RunState, StepDone};

/// A gate is proven by so many readings in a row, as AKS Engine waits for five: one good answer may be luck.
const IN_A_ROW: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(200);
/// What was just written or started is seen at once; a busy machine may take a while.
const SETTLES: Duration = Duration::from_secs(10);
/// A server that watches its files looks at the latest every minute (kubernetes/apiserver `dynamiccertificates`).
const PATIENCE: Duration = Duration::from_secs(90);

/// Reads the world as far as a plan is concerned with it.
#[async_trait]
pub trait Observe: Send + Sync {
    /// All of it.
    async fn world(&self, run: &str, plan: &Plan) -> Result<World, Error>;
    /// What one step is concerned with, read again.
    async fn refresh(&self, world: &mut World, run: &str, step: &Step, what: Fresh<'_>) -> Result<(), Error>;
    /// What servers present at this moment, without reading anything else.
    async fn presented(&self, world: &mut World, addresses: &[OnNode]);
}

/// How much is read again. Only as much as needed: a node may be far away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fresh<'a> {
    /// What one action leaves with the run: a backup, something staged.
    Left(&'a Action),
    /// The files of the step's node.
    Files,
    /// The files and processes of the step's node, and all that the run keeps for the step.
    Node,
}

/// What execution works with.
pub struct Means<'a> {
    pub access: &'a Access,
    pub observe: &'a dyn Observe,
    pub fleet: &'a Fleet,
    /// Where the disks are seen.
    pub root: &'a str,
    /// What a person adds to a command to mean these disks.
    pub place: &'a str,
    pub sink: Sink,
    /// Set when somebody wants the run to stop; it does at the next step boundary.
    pub stop: Arc<AtomicBool>,
}

/// Somebody said yes to exactly this plan. Only `answer` can say so.
pub struct Approval {
    plan_digest: String,
}

impl Approval {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self { plan_digest: plan.digest() }
    }
}

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

/// The loop: the same for a fresh run and for one that was cut off anywhere.
async fn go_on(plan: &Plan, journal: &mut Journal<'_>, means: &Means<'_>) -> Result<RunDone, Error> {
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
            let (now, later) = steps.split_at(restart::together(steps));
            steps = later;
            if now.len() > 1 && now.iter().all(|step| reached(step, &world).is_err()) {
                done.steps.extend(restart::do_together(now, &mut world, journal, means).await?);
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

/// Over a fresh reading.
async fn do_step(
    step: &Step,
    world: &mut World,
    journal: &mut Journal<'_>,
    means: &Means<'_>,
) -> Result<StepDone, Error> {
    let mut outcome = StepDone {
        id: step.id.clone(),
        title: step.title.clone(),
        changed: true,
        evidence: Vec::new(),
        pending_until: None,
    };
    if let Ok(mut evidence) = reached(step, world) {
        evidence.extend(health::of_restarted(step, journal, means).await?);
        // Cut off after the last action and before the journal heard of it, or done by somebody else.
        let what = if journal.has_begun(&step.id) {
            What::StepSucceeded { step: step.id.clone(), evidence: evidence.clone(), made: Vec::new() }
        } else {
            outcome.changed = false;
            What::StepSkipped { step: step.id.clone(), why: "it is so already".to_owned() }
        };
        if !journal.has_ended(&step.id) {
            whose::clear(core::iter::once(step), journal.run(), means).await?;
            journal.append(what).await?;
        }
        outcome.evidence = evidence;
        return Ok(outcome);
    }
    check_expected(step, world)?;
    health::of_the_others(step, journal, means).await?;
    journal.begin(step).await?;
    match perform_all(step, world, journal, means).await {
        Ok(evidence) => outcome.evidence = [evidence, taken_up(step, world)].concat(),
        Err(error) => {
            journal.append(What::StepFailed { step: step.id.clone(), error: error.clone() }).await.ok();
            return Err(error);
        }
    }
    let (evidence, made) = (outcome.evidence.clone(), made(step, world));
    journal.append(What::StepSucceeded { step: step.id.clone(), evidence, made }).await?;
    if let Some(seconds) = step.pending_seconds {
        let until = means.access.clock.now().plus(Span(i64::from(seconds)));
        outcome.pending_until = Some(until);
        journal.append(What::Pending { step: step.id.clone(), until, why: step.impact.clone() }).await?;
    }
    Ok(outcome)
}

/// The last action's goals say that a step is done: those before it prepare.
fn reached(step: &Step, world: &World) -> Result<Vec<String>, String> {
    let goals = step.actions.last().map(Action::goal).unwrap_or_default();
    goals.iter().map(|goal| goal.holds(world)).collect()
}

/// Nobody has touched what this step replaces, but perhaps a cut-off attempt of this very run.
fn check_expected(step: &Step, world: &World) -> Result<(), Error> {
    for expected in &step.expects {
        let at = &expected.at;
        let found = match digest_of(at, world) {
            Some(digest) => digest,
            // Taken away by this run, and not made anew yet.
            None if is_remade(step) && world.backups.get(at) == Some(&expected.digest) => continue,
            None => return Err(Error::refused(format!("{at} is gone since this was planned")).about(at)),
        };
        if found == Some(&expected.digest) {
            continue;
        }
        if found.is_none() || found != world.ours.get(at) {
            return Err(Error::refused(format!(
                "{at} was changed since this was planned: found {}, expected {}",
                found.map_or("nothing readable", |digest| &digest[..12]),
                &expected.digest[..12]
            ))
            .about(at)
            .hint("somebody else may be renewing too; look at it, then plan again"));
        }
    }
    Ok(())
}

#[expect(clippy::option_option, reason = "no such file, and a file with nothing readable in it, are two things")]
/// The digest of a file of which something was read: none where there is no such file, or nothing readable in it.
fn digest_of<'a>(at: &Location, world: &'a World) -> Option<Option<&'a String>> {
    let entries = &world.inventory.entries;
    // A key file with its certificate: a file of its own is told of with the certificate that it belongs to.
    let own = entries.iter().find(|entry| entry.at.whole_file().as_ref() == Some(at));
    match own {
        Some(entry) => Some(entry.digest.as_ref()),
        None => entries.iter().find(|entry| entry.key_at.as_deref() == Some(at)).map(|entry| entry.key_digest.as_ref()),
    }
}

/// What shows that its running clients work with what was written. Servers are proven by a handshake, restarts by the new
/// process, and what is read on a timer is pending.
fn taken_up(step: &Step, world: &World) -> Vec<String> {
    let written = step.actions.iter().find_map(|action| match action {
        Action::WriteIdentity(write) => Some(&write.at),
        _ => None,
    });
    let clients = world.inventory.uses.iter().filter(|use_| {
        Some(&use_.place) == written
            && matches!(use_.purpose, Purpose::ClientOf { .. })
            && matches!(use_.takes_effect, TakesEffect::EachHandshake | TakesEffect::Watch)
            && use_.loaded.evidence != Evidence::NotRunning
    });
    // What was seen before it was written says nothing of what is there now.
    let evidence = |use_: &Use| match use_.takes_effect {
        TakesEffect::EachHandshake => Evidence::ReadOnEachUse,
        _ => Evidence::Assumed,
    };
    clients.map(|use_| format!("in use by {}: {}", use_.component, evidence(use_).sentence())).collect()
}

fn is_remade(step: &Step) -> bool {
    step.actions.iter().any(|action| matches!(action, Action::Remake(_)))
}

/// What is there now that its owner made it anew.
fn made(step: &Step, world: &World) -> Vec<Made> {
    let Some(Action::Remake(remake)) = step.actions.last() else { return Vec::new() };
    let made = remake.files().into_iter().filter_map(|at| {
        let digest = digest_of(&at, world).flatten()?.clone();
        Some(Made { at, digest })
    });
    made.collect()
}

async fn perform_all(
    step: &Step,
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Vec<String>, Error> {
    let mut evidence = Vec::new();
    for action in &step.actions {
        let goals = action.goal();
        if goals.iter().all(|goal| goal.holds(world).is_ok()) {
            continue;
        }
        journal.tell_waiting(step, action);
        let said = perform::perform(action, step, journal.run(), world, means.fleet)
            .await
            .map_err(|error| from_node(&error))?;
        evidence.extend(said);
        read_until(action, &goals, step, world, journal, means).await?;
        for goal in goals {
            let shown = goal
                .holds(world)
                .map_err(|why| Error::failed(format!("step {} did not reach its goal: {why}", step.id)))?;
            if !matches!(goal, Condition::BackedUp { .. } | Condition::Staged { .. }) {
                evidence.push(shown);
            }
        }
    }
    Ok(evidence)
}

/// Reads again until the goals hold, or for so long that they will not: a process that was just started shows late.
#[expect(clippy::disallowed_methods, reason = "waiting is measured by the machine's steady clock, not by the calendar")]
async fn read_until(
    action: &Action,
    goals: &[Condition],
    step: &Step,
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<(), Error> {
    let what = match action {
        Action::BackUp(_) | Action::Issue(_) | Action::Import(_) => Fresh::Left(action),
        Action::WriteIdentity(_) => Fresh::Files,
        Action::Remake(_) | Action::Restart(_) => Fresh::Node,
    };
    let deadline = tokio::time::Instant::now() + SETTLES;
    loop {
        means.observe.refresh(world, journal.run(), step, what).await?;
        if goals.iter().all(|goal| goal.holds(world).is_ok()) || tokio::time::Instant::now() > deadline {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "waiting is measured by the machine's steady clock, not by the calendar")]
/// Waits until the whole gate holds so many times in a row; says what it waits for.
async fn pass_gate(
    phase: &Phase,
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Vec<String>, Error> {
    let addresses: Vec<OnNode> = phase
        .gate
        .iter()
        .filter_map(|condition| match condition {
            Condition::Presents { address, at } => Some(on_node(at, address)),
            _ => None,
        })
        .collect();
    means.observe.presented(world, &addresses).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut successes = 0;
    let mut told = None;
    loop {
        let outcome: Result<Vec<String>, String> = phase.gate.iter().map(|condition| condition.holds(world)).collect();
        match outcome {
            Ok(evidence) => {
                successes += 1;
                if successes >= IN_A_ROW {
                    return Ok(evidence.into_iter().map(|line| format!("{line}, {IN_A_ROW} times in a row")).collect());
                }
            }
            Err(why) => {
                successes = 0;
                if told.as_ref() != Some(&why) {
                    journal.tell(What::Waiting { r#for: phase.name.clone(), why: why.clone() });
                    told = Some(why.clone());
                }
                if tokio::time::Instant::now() > deadline {
                    return Err(Error::failed(format!(
                        "phase '{}': {why}, after {} s of waiting",
                        phase.name,
                        PATIENCE.as_secs()
                    )));
                }
                if means.stop.load(Ordering::Relaxed) {
                    return Err(Error::new(ErrorKind::Interrupted, format!("stopped while waiting: {why}")));
                }
            }
        }
        tokio::time::sleep(BETWEEN).await;
        means.observe.presented(world, &addresses).await;
    }
}

pub(crate) fn from_node(error: &NodeError) -> Error {
    let kind = error.into();
    let mut out = Error::new(kind, error.message.clone());
    out.hints.extend(error.hints.iter().cloned());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{IdentityStore, Loaded};
    use crate::plan::Undo;
    use crate::plan::action::WriteIdentity;
    use crate::plan::condition::Renewal;

    /// What nobody has seen is said as such, and is not passed off as proof.
    #[test]
    fn running_clients_are_told_with_their_evidence() {
        let at = Location::file("/pki/front-proxy-client.crt");
        let client = |component: &str, takes_effect, evidence| Use {
            component: component.to_owned(),
            purpose: Purpose::ClientOf { server: "others".to_owned() },
            place: at.clone(),
            stored: None,
            loaded: Loaded { certificate: None, evidence, started: None, written: None },
            takes_effect,
        };
        let mut world = World::default();
        world.inventory.uses = vec![
            client("watcher", TakesEffect::Watch, Evidence::ProcessYounger),
            client("reader", TakesEffect::EachHandshake, Evidence::ProcessYounger),
            client("timer", TakesEffect::Timer { seconds: 300 }, Evidence::Assumed),
            client("stopped", TakesEffect::Watch, Evidence::NotRunning),
        ];
        let store = IdentityStore::Combined { path: "/pki/front-proxy-client.crt".to_owned() };
        let old = crate::formats::certificate::parse(&some_certificate()).expect("a certificate");
        let renewal = Renewal::of(&old, &old.fingerprint, old.not_after);
        let step = Step {
            id: "renew".to_owned(),
            node: None,
            title: String::new(),
            actions: vec![Action::WriteIdentity(WriteIdentity { step: "renew".to_owned(), at, store, renewal })],
            expects: Vec::new(),
            undo: Undo::Restore(Vec::new()),
            impact: String::new(),
            pending_seconds: None,
        };
        let wanted = [
            "in use by watcher: assumed, not observed",
            "in use by reader: the component reads it for each connection",
        ];
        assert_eq!(taken_up(&step, &world), wanted);
    }

    fn some_certificate() -> Vec<u8> {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(vec!["it".to_owned()]).expect("a name");
        parameters.self_signed(&key).expect("a certificate").der().to_vec()
    }
}
