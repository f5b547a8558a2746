//! What conditions are judged over: one reading of the world, or what a rehearsal makes of it.

use std::collections::BTreeMap;

use crate::model::{CertId, Certificate, Inventory, KeyId, Location, Time};
use crate::trust::TrustGraph;

#[derive(Clone, Debug, Default)]
pub struct World {
    pub inventory: Inventory,
    pub trust: TrustGraph,
    /// Digest of the backup of each path.
    pub backups: BTreeMap<String, String>,
    /// What is staged for each step: the key, and the certificate once it is signed.
    pub staged: BTreeMap<String, (KeyId, Option<Certificate>)>,
    /// Digest of what this run writes to each path.
    pub ours: BTreeMap<String, String>,
    /// What was seen at each address.
    pub presented: BTreeMap<String, CertId>,
    /// When the present process of each component started.
    pub started: BTreeMap<String, Time>,
    /// When the file at a place was last written.
    pub written: BTreeMap<String, Time>,
}

impl World {
    pub fn leaf(&self, at: &Location) -> Option<&Certificate> {
        self.inventory.leaf(at)
    }

    pub fn is_issued_by(&self, certificate: &CertId, issuer: &CertId) -> bool {
        self.trust.issuers(certificate).contains(issuer)
    }
}
