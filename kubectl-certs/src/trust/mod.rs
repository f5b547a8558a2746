//! Who signed whom, by signature and not by name. Pure: built from the certificates of an inventory.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{CertId, Certificate, Entry, Inventory, NameKey};
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::signature::{self, SignatureFault};

#[derive(Clone, Debug, Default)]
pub struct TrustGraph {
    signed: BTreeMap<CertId, Signed>,
}

/// What is known of a certificate's signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Verified; more than one where authorities share a key.
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
}

impl TrustGraph {
    /// Each distinct pair of certificate and possible issuer is verified once.
    pub fn build(inventory: &Inventory) -> Self {
        let mut by_subject: BTreeMap<&NameKey, Vec<&Certificate>> = BTreeMap::new();
        for certificate in inventory.certificates.values() {
            by_subject.entry(&certificate.subject_key).or_default().push(certificate);
        }
        let signed = inventory
            .certificates
            .values()
            .map(|certificate| {
                let candidates = by_subject.get(&certificate.issuer_key).map_or(&[][..], Vec::as_slice);
                (certificate.fingerprint.clone(), judge(inventory, certificate, candidates))
            })
            .collect();
        Self { signed }
    }

    /// After certificates were added to the inventory that it was built from.
    pub fn update(&mut self, inventory: &Inventory) {
        let is_new = |certificate: &&Certificate| !self.signed.contains_key(&certificate.fingerprint);
        let new: Vec<&Certificate> = inventory.certificates.values().filter(is_new).collect();
        let may_have_signed = |new: &&&Certificate| {
            inventory.certificates.values().any(|certificate| certificate.issuer_key == new.subject_key)
        };
        if new.iter().any(|new| may_have_signed(&new)) {
            *self = Self::build(inventory);
            return;
        }
        let signed: Vec<(CertId, Signed)> = new
            .into_iter()
            .map(|certificate| {
                let issuers = inventory.certificates.values();
                let candidates: Vec<&Certificate> =
                    issuers.filter(|issuer| issuer.subject_key == certificate.issuer_key).collect();
                (certificate.fingerprint.clone(), judge(inventory, certificate, &candidates))
            })
            .collect();
        self.signed.extend(signed);
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

    /// For certificates that do not exist yet: a rehearsal knows who will sign them.
    pub fn will_be_signed(&mut self, id: CertId, by: CertId) {
        self.signed.insert(id, Signed::By(vec![by]));
    }

    /// Would whoever trusts exactly `bundle` accept `id`, dates and names aside? A trusted leaf counts, as in Go.
    pub fn leads_to(&self, inventory: &Inventory, id: &CertId, bundle: &Entry) -> bool {
        let trusted: Vec<&Certificate> =
            bundle.certificates().iter().filter_map(|id| inventory.certificates.get(id)).collect();
        let same = |certificate: &Certificate| {
            trusted.iter().any(|anchor| {
                // The same authority may be written in two certificates (renewed with its key).
                anchor.fingerprint == certificate.fingerprint
                    || (anchor.public_key == certificate.public_key && anchor.subject_key == certificate.subject_key)
            })
        };
        let mut seen = BTreeSet::new();
        let mut pending = vec![id.clone()];
        while let Some(id) = pending.pop() {
            if !seen.insert(id.clone()) {
                continue;
            }
            if inventory.certificates.get(&id).is_some_and(same) {
                return true;
            }
            pending.extend(self.issuers(&id).iter().cloned());
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

fn judge(inventory: &Inventory, certificate: &Certificate, candidates: &[&Certificate]) -> Signed {
    let Some(der) = inventory.der.get(&certificate.fingerprint) else {
        return Signed::IssuerMissing;
    };
    let mut by = Vec::new();
    let mut unsupported = None;
    for candidate in candidates {
        let spki = inventory.der.get(&candidate.fingerprint).and_then(|der| RawCertificate::parse(der).ok());
        let Some(spki) = spki.map(|raw| raw.spki) else { continue };
        match signature::verify(der, spki) {
            Ok(()) if candidate.public_key == certificate.public_key => return Signed::Itself,
            Ok(()) => by.push(*candidate),
            Err(SignatureFault::Unsupported { oid }) => unsupported = Some(oid),
            Err(_) => {}
        }
    }
    // Of several that verify (one key, several certificates), the one that the key id names comes first, then the
    // one that is valid longest.
    by.sort_by_key(|issuer| {
        let named = issuer.subject_key_id.is_some() && issuer.subject_key_id == certificate.authority_key_id;
        (!named, core::cmp::Reverse(issuer.not_after))
    });
    match (by.is_empty(), unsupported, candidates.is_empty()) {
        (false, _, _) => Signed::By(by.into_iter().map(|issuer| issuer.fingerprint.clone()).collect()),
        (true, Some(algorithm), _) => Signed::Unsupported { algorithm },
        (true, None, true) => Signed::IssuerMissing,
        (true, None, false) => {
            Signed::Bad { candidates: candidates.iter().map(|candidate| candidate.fingerprint.clone()).collect() }
        }
    }
}
