//! Nodes over SSH: one process of the system's OpenSSH client for each node, so that people's `ssh_config`, agents, jump
//! hosts and known hosts work; at its other end our helper, which does what a [`NodeOp`] says.

mod faults;
mod link;
mod options;
mod program;
mod start;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Mutex;
use tokio::time::sleep;

pub use options::SshOptions;
pub use program::HelperSource;

use super::helper::{Answer, Question};
use super::{Holder, Node, NodeError, NodeErrorKind, NodeOp, NodeReply};
use crate::model::Time;
use link::Link;

/// The longest operation is a restart, two minutes and what load balancers are waited for before it. What takes longer
/// than this beside that is stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long an operation waits because it was told to.
fn told_to_wait(op: &NodeOp) -> Duration {
    match op {
        NodeOp::RestartControlPlane { drain: Some(drain), .. } => Duration::from_millis(drain.settle_ms),
        _ => Duration::ZERO,
    }
}

/// How long the helper of a lost connection may still live: its operation and its time of silence.
const OLD_HELPER: Duration = Duration::from_secs(start::SILENCE + 30);

const POLL: Duration = Duration::from_secs(1);

pub struct SshNode {
    name: String,
    options: SshOptions,
    /// Operations wait for one another here.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    last_id: u64,
    /// Of the operation during which the connection was lost, and which the helper may still be doing.
    waits: Duration,
    /// The helper holds the lock, so it goes with the connection and must be taken again after it.
    held: Option<Claim>,
}

impl State {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }
}

#[derive(Clone)]
struct Claim {
    run: String,
    who: String,
    since: Time,
}

impl SshNode {
    /// `name` is what messages call the node.
    pub async fn connect(options: SshOptions, name: String) -> Result<Arc<dyn Node>, NodeError> {
        let link = start::start(&options, &name).await?;
        Ok(Arc::new(Self { name, options, state: Mutex::new(State { link: Some(link), ..State::default() }) }))
    }

    /// A connection that ended while nothing was asked costs nobody anything: once, it is made anew. It counts only when
    /// the lock is ours again.
    async fn reconnect(&self, state: &mut State) -> Result<(), NodeError> {
        // Whatever the reason: nothing was asked of the node, and nothing is known of what is there.
        let reconnected = self.connect_again(state).await;
        reconnected.map_err(|error| NodeError { kind: NodeErrorKind::Unreachable, ..error })
    }

    async fn connect_again(&self, state: &mut State) -> Result<(), NodeError> {
        state.link = None;
        let mut link = start::start(&self.options, &self.name).await?;
        let mut waited = Duration::ZERO;
        while let Some(Claim { run, who, since }) = state.held.clone() {
            let op = NodeOp::Lock { run: run.clone(), who, since };
            match self.ask(&mut link, state.next_id(), op).await? {
                NodeReply::LockedBy(Some(other)) if other.run == run && waited < OLD_HELPER + state.waits => {
                    // The helper of the lost connection is not done yet.
                    sleep(POLL).await;
                    waited += POLL;
                }
                NodeReply::LockedBy(Some(other)) => return Err(self.lock_is_gone(&other)),
                _ => break,
            }
        }
        state.link = Some(link);
        state.waits = Duration::ZERO;
        Ok(())
    }

    async fn ask(&self, link: &mut Link, id: u64, op: NodeOp) -> Result<NodeReply, NodeError> {
        let patience = PATIENCE + told_to_wait(&op);
        let mut line = serde_json::to_vec(&Question { id, op })
            .map_err(|error| NodeError::failed(format!("{}: the request cannot be written: {error}", self.name)))?;
        line.push(b'\n');
        link.send(line);
        loop {
            let line = link.line(patience).await.map_err(|broken| faults::lost(&self.name, &broken))?;
            match serde_json::from_slice(&line).map_err(|error| self.strange(&error.to_string()))? {
                // Who asked that did not wait for the answer.
                Answer { id: Some(old), .. } if old < id => {}
                Answer { reply: Some(reply), .. } => return Ok(reply),
                Answer { error: Some(error), .. } => {
                    return Err(NodeError { message: format!("{}: {}", self.name, error.message), ..error });
                }
                Answer { .. } => return Err(self.strange("there is nothing in it")),
            }
        }
    }

    fn strange(&self, why: &str) -> NodeError {
        let message =
            format!("{}: the helper's answer is not understood, so what it did is not known: {why}", self.name);
        NodeError::new(NodeErrorKind::Lost, message)
    }

    fn lock_is_gone(&self, other: &Holder) -> NodeError {
        NodeError::refused(format!(
            "{}: the connection was lost and the lock with it; meanwhile {} has it, since {} (run {}, process {})",
            self.name, other.who, other.since, other.run, other.pid
        ))
        .hint("wait until that run is done")
    }
}

#[async_trait]
impl Node for SshNode {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        let mut state = self.state.lock().await;
        let state = &mut *state;
        if state.link.as_mut().is_none_or(Link::has_ended) {
            self.reconnect(state).await?;
        }
        let claim = match &op {
            NodeOp::Lock { run, who, since } => Some(Claim { run: run.clone(), who: who.clone(), since: *since }),
            _ => None,
        };
        let waits = told_to_wait(&op);
        let unlocks = matches!(op, NodeOp::Unlock { .. });
        let id = state.next_id();
        let Some(link) = &mut state.link else { return Err(self.strange("there is no connection")) };
        let reply = match self.ask(link, id, op).await {
            Err(error) if error.kind == NodeErrorKind::Lost => {
                link.kill();
                state.link = None;
                state.waits = waits;
                return Err(error);
            }
            outcome => outcome?,
        };
        if matches!(reply, NodeReply::LockedBy(None)) {
            state.held = claim;
        } else if unlocks {
            state.held = None;
        }
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::nodes::Drain;

    #[test]
    fn what_is_told_to_wait_is_not_stuck() {
        let restart = |drain| NodeOp::RestartControlPlane { components: vec!["kube-apiserver".to_owned()], drain };
        let drain = Drain { port: 6443, settle_ms: 600_000 };
        assert_eq!(told_to_wait(&restart(Some(drain))), Duration::from_secs(600));
        assert_eq!(told_to_wait(&restart(None)), Duration::ZERO);
    }

    /// Whatever the reason, nothing is known of the node: it is not one that has nothing.
    #[tokio::test]
    async fn who_cannot_be_reached_again_is_unreachable() {
        let options = SshOptions::to("-V");
        let node = SshNode { name: "cp1".to_owned(), options, state: Mutex::default() };
        let error = node.run(NodeOp::Runs).await.expect_err("that is no destination");
        assert_eq!(error.kind, NodeErrorKind::Unreachable, "{error}");
        assert!(!error.message.is_empty() && !error.hints.is_empty(), "{error:?}");
    }
}
