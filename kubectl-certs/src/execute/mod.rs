//! Doing a plan: read, compare, act, prove, remember. The world is the memory; the journal is for undo and audit.

mod begin;
mod finish;
mod found;
mod gate;
mod health;
mod journal;
mod lock;
mod perform;
mod restarts_together;
mod step;
mod steps;
mod undo;
mod whose;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;

pub use begin::{apply, resume};
pub use finish::finish;
pub(crate) use journal::saved_plan;
pub use journal::{History, Journal, histories, history};
pub use lock::other_run;
pub use undo::undo;

use crate::access::Access;
use crate::access::nodes::{Fleet, NodeError};
use crate::error::Error;
use crate::event::Sink;
use crate::plan::{Action, OnNode, Plan, Step, World};

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

pub(crate) fn from_node(error: &NodeError) -> Error {
    let kind = error.into();
    let mut out = Error::new(kind, error.message.clone());
    out.hints.extend(error.hints.iter().cloned());
    out
}
