//! The plan: what will be done, in which order, how each step is proven and undone. Pure data, made by pure functions;
//! no choice is left for execution.

pub mod action;
mod activate;
mod candidates;
pub mod condition;
pub mod elsewhere;
pub mod kubelet;
mod leaf;
pub mod rehearse;
pub mod renew;
pub mod requests;
pub mod signed;
pub mod unknown;
mod usages;
mod wishes;
mod world;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use action::Action;
pub use candidates::unread;
pub use condition::Condition;
pub use rehearse::RehearsedPlan;
pub use world::{OnNode, World, on_node};

use crate::formats::certificate::sha256_hex;
use crate::layouts;
use crate::model::{IdentityStore, Location, Time};
use crate::request::{Renew, Scope};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    pub api: String,
    /// What was asked; planning it again at `at` over an unchanged world gives this plan.
    pub request: Renew,
    pub at: Time,
    /// Where the disk is seen that it changes, `/` for running machines.
    pub root: String,
    /// The machines, where they are reached from elsewhere; empty for this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    pub phases: Vec<Phase>,
    /// What was named or found and is left alone, and why.
    pub left_alone: Vec<LeftAlone>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Phase {
    pub name: String,
    pub why: String,
    /// All of these hold before its first step.
    pub gate: Vec<Condition>,
    pub steps: Vec<Step>,
}

/// The unit of undo: the writes of one identity, or what activates it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    pub id: String,
    /// Whose files and components it changes; absent for this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    pub title: String,
    pub actions: Vec<Action>,
    /// What is replaced, as it was when this was planned.
    pub expects: Vec<Expected>,
    pub undo: Undo,
    /// What people and components notice.
    pub impact: String,
    /// Not done when the step is: a component takes notice of it at most this many seconds later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_seconds: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expected {
    pub at: Location,
    /// SHA-256 of the file.
    pub digest: String,
}

/// The one that renews the operator's own kubeconfig.
fn operator_step() -> String {
    leaf::step_id(layouts::operator::NAME)
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Undo {
    /// These files are put back from the backup.
    Restore(Vec<Location>),
    /// The component is restarted once more, after its files were put back.
    Restart(String),
    /// It left nothing behind that could be taken back.
    Nothing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LeftAlone {
    pub at: Location,
    pub name: String,
    pub why: String,
}

impl Plan {
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &Step> + Clone {
        self.phases.iter().flat_map(|phase| &phase.steps)
    }

    /// Where its disks are, also where they were found from a target. `/` is this machine, which needs no name.
    pub fn disks(&self) -> Scope {
        Scope { root: Some(self.root.clone()).filter(|root| root != "/"), ..self.request.scope.disks() }
    }

    /// File and user, where it renews the kubeconfig of who made it: that is on nobody else's machine.
    pub fn operators_kubeconfig(&self) -> Option<(&str, &str)> {
        let writes = self.steps().filter(|step| step.node.is_none()).flat_map(|step| &step.actions);
        let mut stores = writes.filter_map(|action| match action {
            Action::WriteIdentity(write) if write.step == operator_step() => Some(&write.store),
            _ => None,
        });
        match stores.next()? {
            IdentityStore::Kubeconfig { path, user } => Some((path, user)),
            IdentityStore::Pair { .. } | IdentityStore::Combined { .. } => None,
        }
    }

    /// The nodes that it changes something on, in the order of their names.
    pub fn changed_nodes(&self) -> BTreeSet<Option<&str>> {
        self.steps().map(|step| step.node.as_deref()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.steps().next().is_none()
    }

    /// Identifies a plan; two plans are the same exactly when these are.
    pub fn digest(&self) -> String {
        sha256_hex(&serde_json::to_vec(self).unwrap_or_default())
    }
}
