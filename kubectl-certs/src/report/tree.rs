//! Authorities and what they signed, verified by signature; who trusts them.

use schemars::JsonSchema;
use serde::Serialize;

use super::State;
use crate::model::{Certificate, Gap, Location};

#[derive(Debug)]
pub struct Tree {
    pub nodes: Vec<TreeNode>,
    /// What nobody signed but itself, as numbers of nodes.
    pub roots: Vec<usize>,
    /// What hangs on nothing that was read.
    pub orphans: Vec<usize>,
    /// The only namespace that was looked at.
    pub namespace: Option<String>,
    pub gaps: Vec<Gap>,
}

/// One certificate, in all of its places.
#[derive(Debug)]
pub struct TreeNode {
    pub certificate: Certificate,
    pub state: State,
    /// Short name, with what tells it from authorities of the same name.
    pub name: String,
    /// Where it lies.
    pub places: Vec<Branch>,
    /// Numbers of the nodes that signed it: more than one where an authority is written in several certificates.
    pub signed_by: Vec<usize>,
    /// Numbers of the nodes that it signed.
    pub signed: Vec<usize>,
    /// Bundles that make whoever has them trust it.
    pub trusted_by: Vec<Location>,
    /// How many connections are known that rely on those bundles.
    pub relied_on: usize,
    /// Why its issuer is none of these nodes, where that is not as it should be.
    pub orphan: Option<Orphan>,
}

/// A place, and what the same command calls it.
#[derive(Clone, Debug)]
pub struct Branch {
    pub target: Location,
    pub label: String,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// Stable.
    pub reason: String,
    pub message: String,
}
