//! Chains, as whoever trusts a bundle would build them. The rules are those of crypto/x509 in Go, which all components of
//! Kubernetes follow; where `openssl verify` says something else, this is what is different:
//!
//! | | Go, and here | openssl 3 |
//! |---|---|---|
//! | a trusted certificate that is no root | ends the chain, also a leaf | only with `-partial_chain` |
//! | several ways up | any that works | the issuer that is valid now comes first, and no way back |
//! | authority key id that names another key | is a hint | the issuer is none |
//! | path length | counts every intermediate | leaves out those that are self-issued |
//! | extended usage `any` | every usage | none (of a TLS server or client) |
//! | key usage of the leaf | is not looked at | must allow a TLS handshake |
//! | trusted, version 3, no basic constraints | is no authority | is one if it may sign certificates |
//!
//! Names (which the peer asks for) and name constraints are not looked at.

use std::collections::BTreeSet;

use super::{ChainFault, Reason, Signed, TrustGraph};
use crate::model::{CertId, Certificate, Inventory, Time};
use crate::pki::raw_certificate::RawCertificate;

/// Whether a peer would accept a certificate.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub leaf: &'a CertId,
    /// What the peer trusts.
    pub anchors: &'a [CertId],
    /// What is presented with the leaf, in any order.
    pub sent: &'a [CertId],
    pub usage: Usage,
}

/// As what the leaf is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    Server,
    Client,
    Any,
}

impl Usage {
    /// Among extended key usages; none for any.
    fn name(self) -> Option<&'static str> {
        match self {
            Self::Server => Some("serverAuth"),
            Self::Client => Some("clientAuth"),
            Self::Any => None,
        }
    }
}

/// A few cross-signed authorities can be combined into very many paths.
const STEPS: usize = 1_000;

impl TrustGraph {
    /// The chain from the leaf to the first trusted certificate, or what stands in the way of the chain that came furthest.
    pub fn verify(&self, inventory: &Inventory, asked: &Asked<'_>, now: Time) -> Result<Vec<CertId>, ChainFault> {
        let fault = |at: &CertId, why| ChainFault { at: at.clone(), why };
        let Some(leaf) = inventory.certificates.get(asked.leaf) else {
            return Err(fault(asked.leaf, Reason::NotRead));
        };
        let known = |ids: &'_ [CertId]| -> BTreeSet<CertId> {
            ids.iter().filter(|id| inventory.certificates.contains_key(id)).cloned().collect()
        };
        let anchors = known(asked.anchors);
        let given = anchors.union(&known(asked.sent)).cloned().collect();
        let mut search = Search { graph: self, inventory, asked, now, anchors, given, steps: 0, worst: None };
        search.sound(leaf).map_err(|why| fault(asked.leaf, why))?;
        let mut path = vec![leaf];
        if search.climb(&mut path) {
            return Ok(path.iter().map(|link| link.fingerprint.clone()).collect());
        }
        Err(search.worst.map_or_else(|| fault(asked.leaf, Reason::Loop), |(_, worst)| worst))
    }
}

struct Search<'a> {
    graph: &'a TrustGraph,
    inventory: &'a Inventory,
    asked: &'a Asked<'a>,
    now: Time,
    anchors: BTreeSet<CertId>,
    /// Trusted or sent.
    given: BTreeSet<CertId>,
    steps: usize,
    /// With how much it tells: the rank of the reason, and how far up it was.
    worst: Option<((u8, usize), ChainFault)>,
}

impl<'a> Search<'a> {
    /// Up from the last link of `path`, which is sound. Leaves the whole chain there where it finds one.
    fn climb(&mut self, path: &mut Vec<&'a Certificate>) -> bool {
        let Some(&last) = path.last() else { return false };
        if self.anchors.contains(&last.fingerprint) {
            match self.unusable(path) {
                None => return true,
                Some((at, why)) => self.note(path.len(), at, why),
            }
            // A trusted leaf is at its end; Go does not look for a longer way then.
            return false;
        }
        let candidates: Vec<&'a Certificate> = self
            .given
            .iter()
            .filter_map(|id| self.inventory.certificates.get(id))
            .filter(|candidate| candidate.subject_key == last.issuer_key)
            .collect();
        let signers: BTreeSet<&CertId> = self.graph.issuers(&last.fingerprint).iter().collect();
        // Trusted ones first: shorter chains, and the way back of a cross-signed authority is not taken at all.
        let (trusted, sent): (Vec<_>, Vec<_>) = candidates
            .iter()
            .filter(|candidate| signers.contains(&candidate.fingerprint))
            .partition(|candidate| self.anchors.contains(&candidate.fingerprint));
        if trusted.is_empty() && sent.is_empty() {
            let why = self.unsigned(last, &candidates);
            self.note(path.len(), &last.fingerprint, why);
            return false;
        }
        for &&candidate in trusted.iter().chain(&sent) {
            self.steps += 1;
            if self.steps > STEPS {
                self.note(path.len(), &last.fingerprint, Reason::TooManyPaths);
                return false;
            }
            if path.iter().any(|link| is_again(link, candidate)) {
                self.note(path.len(), &candidate.fingerprint, Reason::Loop);
                continue;
            }
            if let Err(why) = self.may_sign(candidate, path.len()).and_then(|()| self.sound(candidate)) {
                self.note(path.len() + 1, &candidate.fingerprint, why);
                continue;
            }
            path.push(candidate);
            if self.climb(path) {
                return true;
            }
            path.pop();
        }
        false
    }

    /// Why nothing that is trusted or sent signed it.
    fn unsigned(&self, certificate: &Certificate, candidates: &[&Certificate]) -> Reason {
        match self.graph.signed(&certificate.fingerprint) {
            Some(Signed::Itself) => Reason::NotTrusted,
            Some(Signed::By(issuers)) if candidates.is_empty() => issuers
                .first()
                .map_or(Reason::IssuerUnknown, |issuer| Reason::IssuerNotGiven { issuer: issuer.clone() }),
            Some(Signed::Unsupported { algorithm }) => Reason::Unsupported { algorithm: algorithm.clone() },
            Some(Signed::Undecided { .. }) => Reason::TooManyPaths,
            _ if candidates.is_empty() => Reason::IssuerUnknown,
            _ => Reason::NotSigned { candidates: candidates.iter().map(|it| it.fingerprint.clone()).collect() },
        }
    }

    /// Dates, and extensions that must be understood and are not.
    fn sound(&self, certificate: &Certificate) -> Result<(), Reason> {
        if certificate.not_after < self.now {
            return Err(Reason::Expired { since: certificate.not_after });
        }
        if certificate.not_before > self.now {
            return Err(Reason::NotYetValid { until: certificate.not_before });
        }
        let der = self.inventory.der.get(&certificate.fingerprint);
        match der.and_then(|der| RawCertificate::parse(der).ok()?.unhandled_critical_extension()) {
            Some(oid) => Err(Reason::NotUnderstood { oid }),
            None => Ok(()),
        }
    }

    /// `below` is how many certificates stand between it and the end, the leaf included.
    fn may_sign(&self, authority: &Certificate, below: usize) -> Result<(), Reason> {
        // Certificates of version 1 cannot say that they are authorities; who trusts one means it.
        let by_trust = authority.version < 3 && self.anchors.contains(&authority.fingerprint);
        if !authority.is_authority && !by_trust {
            return Err(Reason::NotAuthority);
        }
        let usages = &authority.key_usages;
        if !usages.is_empty() && !usages.iter().any(|usage| usage == "keyCertSign") {
            return Err(Reason::MayNotSign);
        }
        let intermediates = below - 1;
        match authority.path_length.filter(|_| authority.is_authority).map(|length| (length, usize::try_from(length))) {
            Some((allowed, Ok(most))) if intermediates > most => Err(Reason::PathTooLong { allowed, intermediates }),
            _ => Ok(()),
        }
    }

    /// Each certificate of a chain may narrow what the leaf is good for, the trusted one too.
    fn unusable(&self, path: &[&'a Certificate]) -> Option<(&'a CertId, Reason)> {
        let wanted = self.asked.usage.name()?;
        let refuses = |link: &&&Certificate| {
            let usages = &link.extended_key_usages;
            !usages.is_empty() && !usages.iter().any(|usage| usage == wanted || usage == "any")
        };
        let link = path.iter().rev().find(refuses)?;
        Some((
            &link.fingerprint,
            Reason::WrongUsage { wanted: wanted.to_owned(), allowed: link.extended_key_usages.to_vec() },
        ))
    }

    fn note(&mut self, height: usize, at: &CertId, why: Reason) {
        let tells = (why.rank(), height);
        if self.worst.as_ref().is_none_or(|(most, _)| *most < tells) {
            self.worst = Some((tells, ChainFault { at: at.clone(), why }));
        }
    }
}

/// As Go tells it: name, key and alternative names are the same.
fn is_again(link: &Certificate, candidate: &Certificate) -> bool {
    super::is_same_party(link, candidate)
        && link.dns_names == candidate.dns_names
        && link.ip_addresses == candidate.ip_addresses
        && link.other_names == candidate.other_names
}
