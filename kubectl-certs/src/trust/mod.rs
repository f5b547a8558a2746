//! Who signed whom, by signature and not by name; who trusts whom; which chains can be built, and why others cannot.
//! Pure: built from the certificates of an inventory.

mod chains;
mod fault;
mod signers;

use std::collections::{BTreeMap, BTreeSet};

pub use chains::{Asked, Usage};
pub use fault::{ChainFault, Reason};

use crate::model::{CertId, Certificate, Entry, Inventory};
use signers::Signers;

#[derive(Clone, Debug, Default)]
pub struct TrustGraph {
    signed: BTreeMap<CertId, Signed>,
}

/// What is known of a certificate's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Verified; more than one where an authority is written in several certificates (renewed with its key, cross-signed).
    By(Vec<CertId>),
    Itself,
    /// No certificate with the issuer's name was read.
    IssuerMissing,
    /// There are authorities of that name, and none of them gave this signature.
    Bad {
        candidates: Vec<CertId>,
    },
    /// By this algorithm, which cannot be verified here.
    Unsupported {
        algorithm: String,
    },
    /// So many authorities have the issuer's name that not all of their keys were tried; those that were gave it not.
    Undecided {
        tried: usize,
    },
}

impl TrustGraph {
    /// Each distinct pair of certificate and issuer's key is verified once.
    pub fn build(inventory: &Inventory) -> Self {
        let certificates: Vec<&Certificate> = inventory.certificates.values().collect();
        Self { signed: Signers::of(inventory).judge_all(&certificates).into_iter().collect() }
    }

    /// After certificates were added to the inventory that it was built from.
    pub fn update(&mut self, inventory: &Inventory) {
        let is_new = |certificate: &&Certificate| !self.signed.contains_key(&certificate.fingerprint);
        let new: Vec<&Certificate> = inventory.certificates.values().filter(is_new).collect();
        let subjects: BTreeSet<_> = new.iter().map(|certificate| &certificate.subject_key).collect();
        let may_have_signed = inventory.certificates.values().any(|other| subjects.contains(&other.issuer_key));
        if may_have_signed {
            *self = Self::build(inventory);
        } else {
            self.signed.extend(Signers::of(inventory).judge_all(&new));
        }
    }

    pub fn signed(&self, id: &CertId) -> Option<&Signed> {
        self.signed.get(id)
    }

    pub fn issuers(&self, id: &CertId) -> &[CertId] {
        match self.signed.get(id) {
            Some(Signed::By(issuers)) => issuers,
            _ => &[],
        }
    }

    /// Why nothing that was read signed it; nothing where something did, or it itself.
    pub fn broken_at(&self, id: &CertId) -> Option<ChainFault> {
        let why = match self.signed.get(id) {
            Some(Signed::By(_) | Signed::Itself) => return None,
            Some(Signed::Bad { candidates }) => Reason::NotSigned { candidates: candidates.clone() },
            Some(Signed::Unsupported { algorithm }) => Reason::Unsupported { algorithm: algorithm.clone() },
            Some(Signed::Undecided { .. }) => Reason::TooManyPaths,
            Some(Signed::IssuerMissing) | None => Reason::IssuerUnknown,
        };
        Some(ChainFault { at: id.clone(), why })
    }

    /// For certificates that do not exist yet: a rehearsal knows who will sign them.
    pub fn will_be_signed(&mut self, id: CertId, by: CertId) {
        self.signed.insert(id, Signed::By(vec![by]));
    }

    /// What each certificate signed, other certificates only.
    pub fn gave(&self) -> BTreeMap<&CertId, Vec<&CertId>> {
        let mut gave: BTreeMap<&CertId, Vec<&CertId>> = BTreeMap::new();
        for (id, signed) in &self.signed {
            if let Signed::By(issuers) = signed {
                for issuer in issuers {
                    gave.entry(issuer).or_default().push(id);
                }
            }
        }
        gave
    }

    /// Would whoever trusts exactly `bundle` accept `id`, dates and names aside? A trusted leaf counts, as in Go.
    pub fn leads_to(&self, inventory: &Inventory, id: &CertId, bundle: &Entry) -> bool {
        let trusted: Vec<&Certificate> =
            bundle.certificates().iter().filter_map(|id| inventory.certificates.get(id)).collect();
        let same = |certificate: &Certificate| trusted.iter().any(|anchor| is_same_party(anchor, certificate));
        let mut seen = BTreeSet::new();
        let mut pending = vec![id];
        while let Some(id) = pending.pop() {
            if !seen.insert(id) {
                continue;
            }
            if inventory.certificates.get(id).is_some_and(same) {
                return true;
            }
            pending.extend(self.issuers(id));
        }
        false
    }

    /// The certificates from `id` up to where the signatures end, `id` included.
    pub fn chain(&self, id: &CertId) -> Vec<CertId> {
        let mut chain = vec![id.clone()];
        while let Some(next) = chain.last().and_then(|last| self.issuers(last).first()) {
            if chain.contains(next) {
                break;
            }
            chain.push(next.clone());
        }
        chain
    }
}

/// The same authority may be written in two certificates (renewed with its key, cross-signed).
pub fn is_same_party(one: &Certificate, other: &Certificate) -> bool {
    one.fingerprint == other.fingerprint || (one.public_key == other.public_key && one.subject_key == other.subject_key)
}
