//! The journal of a run: intents and outcomes, one event a line, on the node's disk before anything goes on.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::{Means, from_node};
use crate::access::nodes::{Fleet, Member, NodeError, NodeErrorKind, NodeOp, NodeReply};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, What};
use crate::model::{Location, Span, Time};
use crate::pki::serial::Serial;
use crate::plan::{Action, Plan, Step};
use crate::report::{RunInfo, RunState};

/// Sorts after those that are there, also where a clock was set back since; tells nothing and is not guessed:
/// `20261122t191500z-9f31`.
pub(super) fn new_run(now: Time, known: &BTreeSet<String>) -> Result<String, Error> {
    let random = Serial::random().map_err(|error| Error::failed(error.to_string()))?;
    let credible = |time: &Time| time.since(now) < MOST_AHEAD;
    let latest = known.iter().filter_map(|run| time_of(run)).filter(credible).max();
    let time = latest.map_or(now, |latest| now.max(latest.plus(Span(1))));
    let stamp: String = time.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    Ok(format!("{}-{}", stamp.to_lowercase(), hex::encode(&random.as_bytes()[1..3])))
}

/// A clock that was further off than this would date all runs for ever after.
const MOST_AHEAD: Span = Span::days(3650);

fn time_of(run: &str) -> Option<Time> {
    let (stamp, _) = run.split_once('-')?;
    if !stamp.is_ascii() || stamp.len() != 16 {
        return None;
    }
    let part = |from, to| &stamp[from..to];
    let (date, time) = ((part(0, 4), part(4, 6), part(6, 8)), (part(9, 11), part(11, 13), part(13, 15)));
    format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2).parse().ok()
}

pub struct Journal<'a> {
    means: &'a Means<'a>,
    run: String,
    seq: u64,
    begun: BTreeSet<String>,
    ended: BTreeSet<String>,
    made: BTreeMap<Location, String>,
    /// The node of each step.
    nodes: BTreeMap<String, Option<String>>,
    /// Nodes that did not take a line; told of once.
    lost: BTreeSet<Option<String>>,
}

impl<'a> Journal<'a> {
    pub(super) fn new(means: &'a Means<'a>, run: String, plan: &Plan) -> Self {
        let nodes = plan.steps().map(|step| (step.id.clone(), step.node.clone())).collect();
        let (begun, ended, lost) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        Self { means, run, seq: 0, begun, ended, made: BTreeMap::new(), nodes, lost }
    }

    /// Goes on where an earlier process stopped.
    pub(super) fn after(means: &'a Means<'a>, history: &History, plan: &Plan) -> Self {
        let nodes = plan.steps().map(|step| (step.id.clone(), step.node.clone())).collect();
        Self { nodes, ..Self::closing(means, history) }
    }

    /// For what is no step any more: the plan may be gone.
    pub(super) fn closing(means: &'a Means<'a>, history: &History) -> Self {
        Self {
            means,
            run: history.run.clone(),
            seq: history.events.last().map_or(0, |event| event.seq),
            begun: history.begun.clone(),
            ended: history.ended.clone(),
            made: made(&history.events),
            nodes: BTreeMap::new(),
            lost: BTreeSet::new(),
        }
    }

    /// What a person adds to a command to mean these disks.
    pub(super) fn place(&self) -> &str {
        self.means.place
    }

    /// Where the backups of this run lie on the node of a file, as a person finds them.
    pub(super) fn backups(&self, at: &Location) -> String {
        let member = self.means.fleet.member(at.node());
        let state = member.map_or_else(|| "/var/lib/kubectl-certs".to_owned(), Member::state);
        let on = at.node().map_or_else(String::new, |node| format!(" of {node}"));
        format!("{state}/runs/{}/backup{on}", self.run)
    }

    pub(super) fn run(&self) -> &str {
        &self.run
    }

    pub(super) fn has_begun(&self, step: &str) -> bool {
        self.begun.contains(step)
    }

    pub(super) fn has_ended(&self, step: &str) -> bool {
        self.ended.contains(step)
    }

    /// What a component made there for itself, by this run.
    pub(super) fn made(&self, at: &Location) -> Option<&String> {
        self.made.get(at)
    }

    /// Whether something is on the disks that was not there before this run.
    pub(super) fn has_begun_any(&self) -> bool {
        !self.begun.is_empty()
    }

    pub(super) async fn begin(&mut self, step: &Step) -> Result<(), Error> {
        let (node, title) = (step.node.clone(), step.title.clone());
        self.append(What::StepStarted { step: step.id.clone(), node, title }).await
    }

    pub(super) async fn append(&mut self, what: What) -> Result<(), Error> {
        self.seq += 1;
        let event = self.event(what);
        if event.what.is_stored() {
            let line = serde_json::to_string(&event).map_err(|error| Error::failed(error.to_string()))?;
            self.write(&event, &line).await?;
        }
        (self.means.sink)(&event);
        remember(&event.what, &mut self.begun, &mut self.ended);
        Ok(())
    }

    /// Every node gets every line, so that any of them tells what happened. What is done on a node must stand on that
    /// node first; that another one does not answer any more stops nothing here.
    async fn write(&mut self, event: &Event, line: &str) -> Result<(), Error> {
        let write = |member: &'a Member| async move {
            let op = NodeOp::Append { run: event.run.clone(), line: line.to_owned() };
            (member, member.node.run(op).await)
        };
        let needed = event.what.step().and_then(|step| self.nodes.get(step)).cloned();
        let means = self.means;
        let mut written = 0;
        let mut failed: Vec<(&Member, NodeError)> = Vec::new();
        for (member, outcome) in join_all(means.fleet.members().iter().map(write)).await {
            match outcome {
                Ok(_) => written += 1,
                Err(error) => failed.push((member, error)),
            }
        }
        for (member, error) in failed {
            if written == 0 || needed.as_ref() == Some(&member.name) {
                return Err(from_node(&error));
            }
            if self.lost.insert(member.name.clone()) {
                let node = member.name.clone().unwrap_or_else(|| "this machine".to_owned());
                self.tell(What::Lost { node, why: error.message });
            }
        }
        Ok(())
    }

    /// Before an action that takes its time.
    pub(super) fn tell_waiting(&self, step: &Step, action: &Action) {
        if let Some(why) = action.waits_for() {
            self.tell(What::Waiting { r#for: step.id.clone(), why });
        }
    }

    /// For the moment only: progress, not history.
    pub(super) fn tell(&self, what: What) {
        (self.means.sink)(&self.event(what));
    }

    fn event(&self, what: What) -> Event {
        Event { run: self.run.clone(), seq: self.seq, time: self.means.access.clock.now(), what }
    }

    pub(super) async fn save_plan(&self, plan: &Plan) -> Result<(), Error> {
        let text = serde_json::to_string_pretty(plan).map_err(|error| Error::failed(error.to_string()))?;
        for member in self.means.fleet.members() {
            let op = NodeOp::SavePlan { run: self.run.clone(), plan: text.clone() };
            member.node.run(op).await.map_err(|error| from_node(&error))?;
        }
        Ok(())
    }
}

/// The last word counts.
fn made(events: &[Event]) -> BTreeMap<Location, String> {
    let made = events.iter().filter_map(|event| match &event.what {
        What::StepSucceeded { made, .. } => Some(made),
        _ => None,
    });
    made.flatten().map(|made| (made.at.clone(), made.digest.clone())).collect()
}

/// What a journal tells.
#[derive(Debug)]
pub struct History {
    pub run: String,
    pub state: RunState,
    pub root: String,
    pub nodes: Vec<String>,
    pub title: String,
    pub started: Time,
    pub events: Vec<Event>,
    pub(super) begun: BTreeSet<String>,
    pub(super) ended: BTreeSet<String>,
}

/// Of all runs that left something on these nodes.
pub(super) async fn names(fleet: &Fleet) -> Result<BTreeSet<String>, Error> {
    let asked = fleet.members().iter().map(|member| member.node.run(NodeOp::Runs));
    let mut runs = BTreeSet::new();
    for reply in join_all(asked).await {
        match reply {
            Ok(NodeReply::Runs(found)) => runs.extend(found),
            Ok(_) => {}
            Err(error) => return Err(from_node(&error)),
        }
    }
    Ok(runs)
}

/// All runs that left a journal on these nodes, the oldest first.
pub async fn histories(fleet: &Fleet) -> Result<Vec<History>, Error> {
    let mut histories = Vec::new();
    for run in names(fleet).await? {
        match history(fleet, &run).await {
            Ok(history) => histories.push(history),
            // Cut off before its first line: nothing was done.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(histories)
}

pub async fn history(fleet: &Fleet, run: &str) -> Result<History, Error> {
    let none = || {
        Error::new(ErrorKind::NotFound, format!("there is no run {run} here"))
            .hint("kubectl certs runs list shows those that are")
    };
    let asked = fleet.members().iter().map(|member| member.node.run(NodeOp::Journal { run: run.to_owned() }));
    let mut events: Vec<Event> = Vec::new();
    for reply in join_all(asked).await {
        match reply {
            // A line that a crash cut short was never acted upon; an event of a newer version is none that this one
            // wrote.
            Ok(NodeReply::Journal(lines)) => {
                events.extend(lines.iter().filter_map(|line| serde_json::from_str::<Event>(line).ok()));
            }
            Ok(_) => {}
            Err(error) if error.kind == NodeErrorKind::NotFound => {}
            Err(error) => return Err(from_node(&error)),
        }
    }
    // Each node has its copy of what it heard; together they are the whole.
    events.sort_by_key(|event| (event.seq, event.time));
    events.dedup_by(|a, b| (a.seq, a.time) == (b.seq, b.time));
    let Some(first) = events.first() else { return Err(none()) };
    let (root, nodes, title) = match &first.what {
        What::Started { root, nodes, title, .. } => (root.clone(), nodes.clone(), title.clone()),
        _ => (String::new(), Vec::new(), String::new()),
    };
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    let mut state = RunState::Unfinished;
    for event in &events {
        remember(&event.what, &mut begun, &mut ended);
        state = next_state(state, &event.what);
    }
    Ok(History { run: run.to_owned(), state, root, nodes, title, started: first.time, begun, ended, events })
}

/// Says the end of a run once more to the nodes that did not hear it: they would take it for one that is under way.
/// Returns what was done.
pub(super) async fn tell_the_end_again(means: &Means<'_>, history: &History) -> Result<Vec<String>, Error> {
    let missed = unaware(means.fleet, history).await?;
    let ends = |event: &&Event| matches!(event.what, What::Finished { .. } | What::Undone | What::Wiped);
    let (false, Some(end)) = (missed.is_empty(), history.events.iter().rev().find(ends)) else {
        return Ok(Vec::new());
    };
    Journal::closing(means, history).append(end.what.clone()).await?;
    if let [still, ..] = unaware(means.fleet, history).await?.as_slice() {
        return Err(Error::failed(format!("{still} did not take the end of run {} into its journal", history.run)));
    }
    Ok(vec![format!("{} had missed the end of the run and was told again", missed.join(", "))])
}

/// Nodes whose own journal of the run ends otherwise than all of them together.
async fn unaware(fleet: &Fleet, history: &History) -> Result<Vec<String>, Error> {
    let mut unaware = Vec::new();
    for member in fleet.members() {
        let alone = Fleet::new(vec![member.clone()]);
        match self::history(&alone, &history.run).await {
            Ok(own) if own.state == history.state => {}
            Ok(_) => unaware.push(member.name.clone().unwrap_or_else(|| "this machine".to_owned())),
            // Who heard nothing of a run is not kept by it from anything.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(unaware)
}

fn next_state(state: RunState, what: &What) -> RunState {
    match what {
        What::Finished { .. } => RunState::Done,
        What::Failed { .. } if state == RunState::Unfinished => RunState::Failed,
        What::Resumed => RunState::Unfinished,
        What::UndoStarted => RunState::Undoing,
        What::Undone => RunState::Undone,
        What::Wiped => RunState::Finished,
        _ => state,
    }
}

fn remember(what: &What, begun: &mut BTreeSet<String>, ended: &mut BTreeSet<String>) {
    match what {
        What::StepStarted { step, .. } => {
            begun.insert(step.clone());
        }
        What::StepSucceeded { step, .. } | What::StepSkipped { step, .. } => {
            ended.insert(step.clone());
        }
        _ => {}
    }
}

pub(crate) async fn saved_plan(fleet: &Fleet, run: &str) -> Result<Plan, Error> {
    let mut text = None;
    for member in fleet.members() {
        match member.node.run(NodeOp::Plan { run: run.to_owned() }).await {
            Ok(NodeReply::Plan(Some(found))) => text = text.or(Some(found)),
            Ok(_) => {}
            Err(error) => return Err(from_node(&error)),
        }
    }
    let text = text.ok_or_else(|| Error::failed(format!("the plan of run {run} is gone")))?;
    serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::FailedUnsafe, format!("the plan of run {run} cannot be read: {error}"))
            .hint("it was written by another version; use that one, or restore from the run's backup folder by hand")
    })
}

/// The plan to go on with. It names files by where the disk was seen then; elsewhere these are other files, or none.
pub(super) async fn plan_for(means: &Means<'_>, run: &str) -> Result<Plan, Error> {
    let plan = saved_plan(means.fleet, run).await?;
    if let Some(absent) = plan.changed_nodes().into_iter().find(|node| means.fleet.member(*node).is_none()) {
        return Err(match (absent, plan.operators_kubeconfig()) {
            (Some(node), _) => {
                let error = format!("run {run} changed {node}, which is not among the nodes that were named");
                Error::refused(error).hint(format!("name all of its nodes: {}", plan.disks().disk_arguments().trim()))
            }
            (None, Some((path, _))) => elsewhere(run, path),
            (None, None) => Error::refused(format!("run {run} changed another disk than this")),
        });
    }
    if plan.root.trim_end_matches('/') == means.root.trim_end_matches('/') {
        return Ok(plan);
    }
    Err(Error::refused(format!("run {run} was begun with the disk at {}, which is now at {}", plan.root, means.root))
        .hint(format!("mount it at {} again, then ask again with that --root", plan.root)))
}

/// A file of that name may be here too, and is another one.
fn elsewhere(run: &str, path: &str) -> Error {
    Error::refused(format!(
        "run {run} is about {path} of the person who began it too, and that is not here: it was begun on another machine or \
         by another user"
    ))
    .hint("whoever began it goes on with it, takes it back or finishes it, on that machine")
    .hint(format!(
        "where that machine is gone for good, what the run keeps is in /var/lib/kubectl-certs/runs/{run} of each node: put \
         back by hand what you need of it, then remove that folder"
    ))
}

impl History {
    /// The machines of the run that are none of these.
    pub(super) fn absent_from(&self, fleet: &Fleet) -> Vec<&str> {
        self.nodes.iter().map(String::as_str).filter(|node| fleet.member(Some(node)).is_none()).collect()
    }

    pub async fn info(&self, fleet: &Fleet) -> RunInfo {
        let total = saved_plan(fleet, &self.run).await.map_or(self.begun.len(), |plan| plan.steps().count());
        // What was taken back is not done, whatever came after it.
        let undone = self.events.iter().any(|event| matches!(event.what, What::Undone));
        RunInfo {
            undone,
            run: self.run.clone(),
            root: self.root.clone(),
            nodes: self.nodes.clone(),
            state: self.state,
            title: self.title.clone(),
            started: self.started,
            steps_done: if undone { 0 } else { self.ended.len() },
            steps_total: total,
            can_undo: !matches!(self.state, RunState::Finished | RunState::Undone),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_run_comes_after_all_that_are_there() {
        let now: Time = "2026-11-22T19:15:00Z".parse().expect("a time");
        let new = |known: &[&str]| {
            let known = known.iter().map(|run| (*run).to_owned()).collect();
            new_run(now, &known).expect("a name")
        };
        assert!(new(&[]).starts_with("20261122t191500z-"));
        assert!(new(&["20250101t000000z-ffff"]).starts_with("20261122t191500z-"));
        // In the same second, and by a clock that was ahead.
        assert!(new(&["20261122t191500z-0000"]).starts_with("20261122t191501z-"));
        assert!(new(&["20261231t235959z-ffff", "20250101t000000z-0000"]).starts_with("20270101t000000z-"));
        // Nobody's run, or a clock that was never right.
        for odd in ["99991231t235959z-ffff", "lost+found", "é261122t191500z-0000", "20269922t191500z-0000", ""] {
            assert!(new(&[odd]).starts_with("20261122t191500z-"), "{odd}");
        }
    }
}
