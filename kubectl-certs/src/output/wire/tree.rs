//! The tree on the wire: nodes, and edges between them.

use schemars::JsonSchema;
use serde::Serialize;

use super::Item;
use crate::model::{Location, Time};
use crate::report::{Orphan, State, Tree, TreeNode};

/// A certificate of the tree, wherever it lies.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeItem {
    /// Its fingerprint, which edges name.
    pub id: String,
    /// What the tree prints for it.
    pub name: String,
    pub subject: String,
    pub is_authority: bool,
    pub state: State,
    pub not_after: Time,
    pub subject_key_id: Option<String>,
    /// Where it lies; targets of every command.
    pub places: Vec<Location>,
    /// How many known connections rely on bundles that trust it.
    pub relied_on: usize,
    /// Why nothing that was read signed it, where it did not sign itself.
    pub orphan: Option<Orphan>,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EdgeItem {
    pub relation: Relation,
    /// The signer's fingerprint, or the place of the bundle that trusts.
    pub from: String,
    /// A fingerprint.
    pub to: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Relation {
    /// Verified by the signature.
    Signed,
    Trusts,
}

pub(super) fn nodes(tree: &Tree) -> impl Iterator<Item = Item> {
    tree.nodes.iter().map(|node| Item::Node(NodeItem::of(node)))
}

pub(super) fn edges(tree: &Tree) -> impl Iterator<Item = Item> {
    tree.nodes.iter().flat_map(|node| {
        let to = &node.certificate.fingerprint;
        let edge = move |relation, from: String| Item::Edge(EdgeItem { relation, from, to: to.to_string() });
        let signers = node.signed_by.iter().filter_map(|number| tree.nodes.get(*number));
        let signed = signers.map(move |by| edge(Relation::Signed, by.certificate.fingerprint.to_string()));
        signed.chain(node.trusted_by.iter().map(move |at| edge(Relation::Trusts, at.to_string())))
    })
}

impl NodeItem {
    fn of(node: &TreeNode) -> Self {
        let certificate = &node.certificate;
        Self {
            id: certificate.fingerprint.to_string(),
            name: node.name.clone(),
            subject: certificate.subject.clone(),
            is_authority: certificate.is_authority,
            state: node.state,
            not_after: certificate.not_after,
            subject_key_id: certificate.subject_key_id.as_deref().map(str::to_owned),
            places: node.places.iter().map(|place| place.target.clone()).collect(),
            relied_on: node.relied_on,
            orphan: node.orphan.clone(),
        }
    }
}
