//! The signature work: which keys may have signed a certificate, in the order that finds the right one at once.

use std::collections::{HashMap, HashSet};
use std::thread;

use super::Signed;
use crate::model::{CertId, Certificate, Inventory, KeyId, NameKey};
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::signature::{self, SignatureFault};

/// Go stops after 100 signatures of one chain too (crypto/x509, `maxChainSignatureChecks`): nobody has so many
/// authorities of one name, but somebody may make them to keep us busy.
const LIMIT: usize = 100;

/// Threads pay off from here on; a signature takes 20 to 80 µs.
const WORTH_A_THREAD: usize = 128;

/// Authorities by the names that certificates give to their issuers.
pub(super) struct Signers<'a> {
    inventory: &'a Inventory,
    by_name: HashMap<&'a NameKey, Named<'a>>,
}

/// All that have one name.
#[derive(Default)]
struct Named<'a> {
    keys: Vec<Key<'a>>,
    by_key: HashMap<&'a KeyId, usize>,
    by_key_id: HashMap<&'a str, Vec<usize>>,
}

/// One key of that name, and the certificates that it is written in.
struct Key<'a> {
    spki: &'a [u8],
    certificates: Vec<&'a Certificate>,
}

impl<'a> Signers<'a> {
    pub(super) fn of(inventory: &'a Inventory) -> Self {
        let wanted: HashSet<&NameKey> = inventory.certificates.values().map(|it| &it.issuer_key).collect();
        let mut by_name: HashMap<&NameKey, Named<'_>> = HashMap::new();
        for certificate in inventory.certificates.values().filter(|it| wanted.contains(&it.subject_key)) {
            let Some(der) = inventory.der.get(&certificate.fingerprint) else { continue };
            let Ok(raw) = RawCertificate::parse(der) else { continue };
            by_name.entry(&certificate.subject_key).or_default().add(certificate, raw.spki);
        }
        Self { inventory, by_name }
    }

    pub(super) fn judge_all(&self, certificates: &[&Certificate]) -> Vec<(CertId, Signed)> {
        let judge = |part: &[&Certificate]| -> Vec<(CertId, Signed)> {
            part.iter().map(|certificate| (certificate.fingerprint.clone(), self.judge(certificate))).collect()
        };
        let threads = thread::available_parallelism().map_or(1, usize::from);
        if certificates.len() < WORTH_A_THREAD || threads == 1 {
            return judge(certificates);
        }
        thread::scope(|scope| {
            let parts = certificates.chunks(certificates.len().div_ceil(threads));
            let workers: Vec<_> = parts.map(|part| (part, scope.spawn(move || judge(part)))).collect();
            // A worker that came to nothing leaves its part to be done here.
            workers.into_iter().flat_map(|(part, worker)| worker.join().unwrap_or_else(|_| judge(part))).collect()
        })
    }

    fn judge(&self, certificate: &Certificate) -> Signed {
        let (Some(der), Some(named)) =
            (self.inventory.der.get(&certificate.fingerprint), self.by_name.get(&certificate.issuer_key))
        else {
            return Signed::IssuerMissing;
        };
        let mut unsupported = None;
        for index in named.order(certificate).take(LIMIT) {
            match signature::verify(der, named.keys[index].spki) {
                Ok(()) if named.by_key.get(&certificate.public_key) == Some(&index) => return Signed::Itself,
                Ok(()) => return named.keys[index].signed(certificate),
                Err(SignatureFault::Unsupported { oid }) => unsupported = Some(oid),
                Err(_) => {}
            }
        }
        match unsupported {
            Some(algorithm) => Signed::Unsupported { algorithm },
            None if named.keys.len() > LIMIT => Signed::Undecided { tried: LIMIT },
            None => {
                let all = named.keys.iter().flat_map(|key| &key.certificates);
                Signed::Bad { candidates: all.map(|candidate| candidate.fingerprint.clone()).collect() }
            }
        }
    }
}

impl<'a> Named<'a> {
    fn add(&mut self, certificate: &'a Certificate, spki: &'a [u8]) {
        let index = *self.by_key.entry(&certificate.public_key).or_insert(self.keys.len());
        match self.keys.get_mut(index) {
            Some(key) => key.certificates.push(certificate),
            None => self.keys.push(Key { spki, certificates: vec![certificate] }),
        }
        if let Some(id) = &certificate.subject_key_id {
            let named = self.by_key_id.entry(id).or_default();
            if !named.contains(&index) {
                named.push(index);
            }
        }
    }

    /// Each key once: the certificate's own, then those that its authority key id names, then the others. The key id is
    /// a hint and no more (RFC 5280 4.2.1.1): whatever it says, the signature decides, as in Go.
    fn order(&self, certificate: &Certificate) -> impl Iterator<Item = usize> {
        let own = self.by_key.get(&certificate.public_key).copied();
        let named = certificate.authority_key_id.as_deref().and_then(|id| self.by_key_id.get(id));
        let first: Vec<usize> = own.into_iter().chain(named.into_iter().flatten().copied()).collect();
        let others = 0..self.keys.len();
        let mut seen = HashSet::new();
        first.into_iter().chain(others).filter(move |index| seen.insert(*index))
    }
}

impl Key<'_> {
    /// Of several certificates of one key, the one that the key id names comes first, then the one that is valid longest.
    fn signed(&self, certificate: &Certificate) -> Signed {
        let mut by = self.certificates.clone();
        by.sort_by_key(|issuer| {
            let named = issuer.subject_key_id.is_some() && issuer.subject_key_id == certificate.authority_key_id;
            (!named, core::cmp::Reverse(issuer.not_after))
        });
        Signed::By(by.into_iter().map(|issuer| issuer.fingerprint.clone()).collect())
    }
}
