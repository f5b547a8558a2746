//! The journal of a run: intents and outcomes, one event a line, on the node's disk before anything goes on.

use std::collections::BTreeSet;

use super::{Means, from_node};
use crate::access::nodes::{Node, NodeErrorKind, NodeOp, NodeReply};
use crate::error::{Error, ErrorKind};
use crate::event::{Event, What};
use crate::model::Time;
use crate::pki::serial::Serial;
use crate::plan::Plan;
use crate::report::{RunInfo, RunState};

/// Sorts by time, tells nothing and is not guessed: `20261122t191500z-9f31`.
pub(super) fn new_run(now: Time) -> Result<String, Error> {
    let random = Serial::random().map_err(|error| Error::failed(error.to_string()))?;
    let stamp: String = now.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    Ok(format!("{}-{}", stamp.to_lowercase(), hex::encode(&random.as_bytes()[1..3])))
}

pub struct Journal<'a> {
    means: &'a Means<'a>,
    run: String,
    seq: u64,
    begun: BTreeSet<String>,
    ended: BTreeSet<String>,
}

impl<'a> Journal<'a> {
    pub(super) fn new(means: &'a Means<'a>, run: String) -> Self {
        Self { means, run, seq: 0, begun: BTreeSet::new(), ended: BTreeSet::new() }
    }

    /// Goes on where an earlier process stopped.
    pub(super) fn after(means: &'a Means<'a>, run: String, history: &History) -> Self {
        Self {
            seq: history.events.last().map_or(0, |event| event.seq),
            begun: history.begun.clone(),
            ended: history.ended.clone(),
            ..Self::new(means, run)
        }
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

    pub(super) async fn append(&mut self, what: What) -> Result<(), Error> {
        self.seq += 1;
        let event = self.event(what);
        if event.what.is_stored() {
            let line = serde_json::to_string(&event).map_err(|error| Error::failed(error.to_string()))?;
            let op = NodeOp::Append { run: self.run.clone(), line };
            self.means.node.run(op).await.map_err(|error| from_node(&error))?;
        }
        (self.means.sink)(&event);
        remember(&event.what, &mut self.begun, &mut self.ended);
        Ok(())
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
        let op = NodeOp::SavePlan { run: self.run.clone(), plan: text };
        self.means.node.run(op).await.map(drop).map_err(|error| from_node(&error))
    }
}

/// What a journal tells.
#[derive(Debug)]
pub struct History {
    pub run: String,
    pub state: RunState,
    pub root: String,
    pub title: String,
    pub started: Time,
    pub events: Vec<Event>,
    pub(super) begun: BTreeSet<String>,
    pub(super) ended: BTreeSet<String>,
}

/// All runs that left a journal on this node, the oldest first.
pub async fn histories(node: &dyn Node) -> Result<Vec<History>, Error> {
    let runs = match node.run(NodeOp::Runs).await {
        Ok(NodeReply::Runs(runs)) => runs,
        Ok(_) => Vec::new(),
        Err(error) => return Err(from_node(&error)),
    };
    let mut histories = Vec::new();
    for run in runs {
        match history(node, &run).await {
            Ok(history) => histories.push(history),
            // Cut off before its first line: nothing was done.
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(histories)
}

pub async fn history(node: &dyn Node, run: &str) -> Result<History, Error> {
    let none = || {
        Error::new(ErrorKind::NotFound, format!("there is no run {run} here"))
            .hint("kubectl certs runs list shows those that are")
    };
    let lines = match node.run(NodeOp::Journal { run: run.to_owned() }).await {
        Ok(NodeReply::Journal(lines)) => lines,
        Ok(_) => Vec::new(),
        Err(error) if error.kind == NodeErrorKind::NotFound => return Err(none()),
        Err(error) => return Err(from_node(&error)),
    };
    // A line that a crash cut short was never acted upon; an event of a newer version is none that this one wrote.
    let events: Vec<Event> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let Some(first) = events.first() else { return Err(none()) };
    let (root, title) = match &first.what {
        What::Started { root, title, .. } => (root.clone(), title.clone()),
        _ => (String::new(), String::new()),
    };
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::new());
    let mut state = RunState::Unfinished;
    for event in &events {
        remember(&event.what, &mut begun, &mut ended);
        state = next_state(state, &event.what);
    }
    Ok(History { run: run.to_owned(), state, root, title, started: first.time, begun, ended, events })
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

pub(super) async fn saved_plan(node: &dyn Node, run: &str) -> Result<Plan, Error> {
    let text = match node.run(NodeOp::Plan { run: run.to_owned() }).await {
        Ok(NodeReply::Plan(Some(text))) => text,
        Ok(_) => return Err(Error::failed(format!("the plan of run {run} is gone"))),
        Err(error) => return Err(from_node(&error)),
    };
    serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::FailedUnsafe, format!("the plan of run {run} cannot be read: {error}"))
            .hint("it was written by another version; use that one, or restore from the run's backup folder by hand")
    })
}

/// The plan to go on with. It names files by where the disk was seen then; elsewhere these are other files, or none.
pub(super) async fn plan_for(means: &Means<'_>, run: &str) -> Result<Plan, Error> {
    let plan = saved_plan(&*means.node, run).await?;
    if plan.root.trim_end_matches('/') == means.root.trim_end_matches('/') {
        return Ok(plan);
    }
    Err(Error::refused(format!("run {run} was begun with the disk at {}, which is now at {}", plan.root, means.root))
        .hint(format!("mount it at {} again, then ask again with that --root", plan.root)))
}

impl History {
    pub async fn info(&self, node: &dyn Node) -> RunInfo {
        let total = saved_plan(node, &self.run).await.map_or(self.begun.len(), |plan| plan.steps().count());
        RunInfo {
            run: self.run.clone(),
            root: self.root.clone(),
            state: self.state,
            title: self.title.clone(),
            started: self.started,
            steps_done: self.ended.len(),
            steps_total: total,
            can_undo: !matches!(self.state, RunState::Finished | RunState::Undone),
        }
    }
}
