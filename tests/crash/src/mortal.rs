//! A node that kills its own process, with a real SIGKILL, before or after the N-th operation that changes anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use kubectl_certs::access::nodes::{LocalNode, Node, NodeError, NodeOp, NodeReply, Nodes, SshOptions};
use rustix::process::{Signal, getpid, kill_process};

/// Two boundaries for each changing operation: just before it and just after it.
#[derive(Clone)]
pub struct Mortal {
    /// Counts from 1; 0 lives for ever.
    cut: usize,
    met: Arc<AtomicUsize>,
}

impl Mortal {
    pub fn new(cut: usize) -> Self {
        Self { cut, met: Arc::default() }
    }

    /// How many boundaries were lived through.
    pub fn met(&self) -> usize {
        self.met.load(Ordering::Relaxed)
    }

    fn boundary(&self, side: &str, op: &NodeOp) {
        if self.met.fetch_add(1, Ordering::Relaxed) + 1 == self.cut {
            say(&format!("{side} {}", name(op)));
            kill_process(getpid(), Signal::KILL).expect("a process may kill itself");
        }
    }
}

#[expect(clippy::print_stderr, reason = "the test that let this process die wants to know where")]
fn say(text: &str) {
    eprintln!("{text}");
}

#[async_trait]
impl Nodes for Mortal {
    async fn over_ssh(&self, _: SshOptions) -> Result<Arc<dyn Node>, NodeError> {
        unreachable!("these tests name no host")
    }

    fn at(&self, root: &str) -> Arc<dyn Node> {
        Arc::new(MortalNode { node: LocalNode::new(root), fate: self.clone() })
    }
}

struct MortalNode {
    node: LocalNode,
    fate: Mortal,
}

#[async_trait]
impl Node for MortalNode {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        if !changes(&op) {
            return self.node.run(op).await;
        }
        self.fate.boundary("before", &op);
        let reply = self.node.run(op.clone()).await;
        self.fate.boundary("after", &op);
        reply
    }
}

/// Without a wildcard: whoever adds an operation decides here whether a crash beside it matters.
fn changes(op: &NodeOp) -> bool {
    match op {
        NodeOp::BackUp { .. }
        | NodeOp::MakeRequest { .. }
        | NodeOp::Sign(_)
        | NodeOp::Stage { .. }
        | NodeOp::KeepRequest { .. }
        | NodeOp::StageKept { .. }
        | NodeOp::ForgetKept { .. }
        | NodeOp::Install { .. }
        | NodeOp::Restore { .. }
        | NodeOp::Remove { .. }
        | NodeOp::ClearDrafts { .. }
        | NodeOp::Restart { .. }
        | NodeOp::RestartControlPlane { .. }
        | NodeOp::HoldEtcd { .. }
        | NodeOp::ReleaseEtcd
        | NodeOp::MoveEtcdLeader { .. }
        | NodeOp::Lock { .. }
        | NodeOp::Unlock { .. }
        | NodeOp::Append { .. }
        | NodeOp::SavePlan { .. }
        | NodeOp::Wipe { .. } => true,
        NodeOp::Facts
        | NodeOp::Exist { .. }
        | NodeOp::Walk { .. }
        | NodeOp::Probe { .. }
        | NodeOp::Processes { .. }
        | NodeOp::Replaceable { .. }
        | NodeOp::ReplaceableFiles { .. }
        | NodeOp::CanDrain { .. }
        | NodeOp::Health { .. }
        | NodeOp::EtcdMembers
        | NodeOp::KubeletServing
        | NodeOp::BackedUp { .. }
        | NodeOp::KeptRequests
        | NodeOp::Staged { .. }
        | NodeOp::Installed { .. }
        | NodeOp::Locked
        | NodeOp::Journal { .. }
        | NodeOp::Plan { .. }
        | NodeOp::Runs
        | NodeOp::Presented { .. } => false,
    }
}

/// The operation in a few words: its variant, and which step or event it is about.
fn name(op: &NodeOp) -> String {
    let variant = format!("{op:?}");
    let variant = variant.split([' ', '(']).next().unwrap_or_default();
    let about = match op {
        NodeOp::Append { line, .. } => serde_json::from_str::<serde_json::Value>(line)
            .map(|event| event["what"].to_string().chars().take(60).collect())
            .unwrap_or_default(),
        NodeOp::MakeRequest { step, .. }
        | NodeOp::Stage { step, .. }
        | NodeOp::StageKept { step, .. }
        | NodeOp::Install { step, .. } => step.clone(),
        NodeOp::KeepRequest { name, .. } | NodeOp::ForgetKept { name } => name.clone(),
        NodeOp::BackUp { paths, .. } | NodeOp::Restore { paths, .. } => paths.join(" "),
        _ => String::new(),
    };
    format!("{variant} {about}")
}
