//! What conditions are judged over: one reading of the world, or what a rehearsal makes of it.

use std::collections::BTreeMap;

use crate::model::{CertId, Certificate, Inventory, KeyId, Location, Time};
use crate::trust::TrustGraph;

#[derive(Clone, Debug, Default)]
pub struct World {
    pub inventory: Inventory,
    pub trust: TrustGraph,
    /// Digest of the backup of each file.
    pub backups: BTreeMap<Location, String>,
    /// What is staged for each step: the key, and the certificate once it is signed.
    pub staged: BTreeMap<String, (KeyId, Option<Certificate>)>,
    /// Digest of what this run writes to each file.
    pub ours: BTreeMap<Location, String>,
    /// What was seen at each address, from the node of the server.
    pub presented: BTreeMap<OnNode, CertId>,
    /// When the present process of each component started.
    pub started: BTreeMap<OnNode, Time>,
    /// When each file was last written.
    pub written: BTreeMap<Location, Time>,
}

/// An address or a component, and the node that it is on; `127.0.0.1:2379` is another server on each of them.
pub type OnNode = (Option<String>, String);

pub fn on_node(at: &Location, what: &str) -> OnNode {
    (at.node().map(str::to_owned), what.to_owned())
}

impl World {
    pub fn leaf(&self, at: &Location) -> Option<&Certificate> {
        self.inventory.leaf(at)
    }

    pub fn is_issued_by(&self, certificate: &CertId, issuer: &CertId) -> bool {
        self.trust.issuers(certificate).contains(issuer)
    }
}
