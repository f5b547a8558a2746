//! Certificates that an authority elsewhere gave for our requests: each is checked against its request, the certificate
//! that it renews and the bundle that the layout trusts. One that does not fit stops all of them.

use std::collections::BTreeSet;

use super::action::Import;
use super::candidates::{Candidate, refuse_same_names};
use super::condition::{NewKey, Renewal, short};
use super::renew::Asked;
use super::usages::key_usages_differ;
use super::{Action, LeftAlone, Step, World, leaf};
use crate::error::Error;
use crate::formats::certificate::unknown_critical_extensions;
use crate::formats::{certificate, pem};
use crate::model::{CertId, Certificate, Entry, KeyId, Location, SigningRequest, Span, Time};
use crate::request::SignedCertificate;

/// Anything shorter is a mistake of the authority, unless it was asked for.
const AT_LEAST: Span = Span::hours(24);

/// A request whose key is kept on a node.
#[derive(Clone, Debug)]
pub struct KeptRequest {
    pub node: Option<String>,
    /// Name of the leaf.
    pub leaf: String,
    pub public_key: KeyId,
    pub request: SigningRequest,
}

/// A certificate that came, and what it is for.
struct Answer<'a> {
    candidate: &'a Candidate<'a>,
    kept: &'a KeptRequest,
    given: &'a SignedCertificate,
    certificate: Certificate,
}

/// The leaf of what was brought: a chain has it first.
pub fn leaf_of(text: &str) -> Option<(Certificate, Vec<u8>)> {
    let der = pem::blocks(text).into_iter().find(pem::Block::is_certificate)?.der?;
    Some((certificate::parse(&der).ok()?, der.to_vec()))
}

pub(super) fn steps<'a>(
    world: &World,
    asked: &'a Asked<'_>,
    candidates: &'a [Candidate<'a>],
    now: Time,
    left_alone: &mut Vec<LeftAlone>,
) -> Result<Vec<(&'a Candidate<'a>, Step)>, Error> {
    let waiting: Vec<(&Candidate<'_>, &KeptRequest)> = candidates
        .iter()
        .filter_map(|candidate| Some((candidate, asked.kept.iter().find(|kept| kept.is_of(candidate))?)))
        .collect();
    refuse_same_names(&waiting.iter().map(|(candidate, _)| *candidate).collect::<Vec<_>>())?;
    let mut answers: Vec<Answer<'_>> = Vec::new();
    let mut faults = Vec::new();
    for given in &asked.request.signed {
        let mut named = waiting.iter().filter(|(candidate, _)| is_named(candidate, &given.name));
        let (Some((candidate, kept)), None) = (named.next(), named.next()) else {
            left_alone.push(unasked(given, &waiting));
            continue;
        };
        match leaf_of(&given.certificate) {
            Some(_) if answers.iter().any(|answer| core::ptr::eq(answer.kept, *kept)) => {
                faults.push(format!("{} is a second answer to one request", given.called()));
            }
            Some((certificate, _)) => answers.push(Answer { candidate, kept, given, certificate }),
            None => faults.push(format!("{} holds no certificate (PEM) that can be read", given.called())),
        }
    }
    faults.extend(answers.iter().flat_map(|answer| answer.faults(world, asked, &waiting, now)));
    if !faults.is_empty() {
        return Err(Error::refused(format!("nothing was installed: {}", faults.join("; "))).hint(
            "have the authority sign the requests as they are, names and usages included, and bring each answer under the \
             name of its request",
        ));
    }
    if answers.is_empty() {
        let refused = Error::refused("none of the certificates answers a request whose key is kept on these nodes");
        let given = asked.request.signed.iter().map(|given| unasked(given, &waiting));
        return Err(given
            .fold(refused, |refused, given| refused.hint(format!("{}: {}", given.name, given.why)))
            .hint("kubectl certs renew --csr-out DIR makes keys and requests; the nodes, or --root, must be those of the requests")
            .hint("answers are called like the requests: LEAF.crt, or LEAF@NODE.crt"));
    }
    for (candidate, kept) in &waiting {
        if !answers.iter().any(|answer| core::ptr::eq(answer.kept, *kept)) {
            left_alone.push(candidate.left_alone("its request still waits for a certificate".to_owned()));
        }
    }
    answers.iter().map(|answer| Ok((answer.candidate, answer.step(world)?))).collect()
}

/// `LEAF@NODE`; `LEAF` alone means it on whichever node, where that is one only.
fn is_named(candidate: &Candidate<'_>, name: &str) -> bool {
    name == candidate.id() || name == candidate.leaf.name
}

fn unasked(given: &SignedCertificate, waiting: &[(&Candidate<'_>, &KeptRequest)]) -> LeftAlone {
    let name = &given.name;
    let meant = waiting.iter().filter(|(candidate, _)| is_named(candidate, name)).count();
    LeftAlone {
        at: Location::file(given.called()),
        name: name.clone(),
        why: if meant > 1 {
            format!("requests of {meant} nodes have this name: say which one, as in {name}@NODE.crt")
        } else {
            "no key is kept for a request of this name".to_owned()
        },
    }
}

impl KeptRequest {
    fn is_of(&self, candidate: &Candidate<'_>) -> bool {
        self.leaf == candidate.leaf.name && self.node.as_deref() == candidate.entry.at.node()
    }
}

impl Answer<'_> {
    fn step(&self, world: &World) -> Result<Step, Error> {
        let Self { candidate, kept, given, certificate } = self;
        let name = leaf::authority(candidate)?.name;
        let issuer = self.issuer(world).map_err(Error::refused)?;
        // What was asked was compared; what came is what will be looked for.
        let renewal = Renewal {
            key: NewKey::This(kept.public_key.clone()),
            ..Renewal::of(certificate, &issuer, certificate.not_after)
        };
        let old = candidate.certificate;
        let renewal = Renewal { old: old.fingerprint.clone(), old_key: old.public_key.clone(), ..renewal };
        let import = |step| {
            Action::Import(Import {
                step,
                at: candidate.entry.at.clone(),
                store: leaf::store(candidate),
                name: kept.leaf.clone(),
                certificate: given.certificate.clone(),
                renewal: renewal.clone(),
            })
        };
        let how = format!("until {}, signed by {name} elsewhere", certificate.not_after.minute());
        leaf::assemble(world, candidate, import, &renewal, &how, "")
    }

    /// Everything that is not as it should be: what was seen, and what was wanted.
    fn faults(
        &self,
        world: &World,
        asked: &Asked<'_>,
        waiting: &[(&Candidate<'_>, &KeptRequest)],
        now: Time,
    ) -> Vec<String> {
        let Self { candidate, kept, given, certificate } = self;
        let wanted = &kept.request;
        let mut faults = Vec::new();
        let mut differs = |what: &str, seen: &str, wanted: &str| {
            faults.push(format!("{} has {what} {seen}, wanted is {wanted}", given.called()));
        };
        if certificate.public_key != kept.public_key {
            let owner = waiting.iter().find(|(_, other)| other.public_key == certificate.public_key);
            let seen = match owner {
                Some((other, _)) => format!("of the request for {} (files swapped?)", other.name()),
                None if certificate.fingerprint == candidate.certificate.fingerprint => {
                    "of the old certificate, which it is".to_owned()
                }
                None => format!("{}…, which no request here is for", short(&certificate.public_key)),
            };
            let wanted = format!("{}…, the one that is kept for {}", short(&kept.public_key), candidate.name());
            differs("the key", &seen, &wanted);
        }
        if certificate.subject != wanted.subject {
            differs("the subject", &certificate.subject, &wanted.subject);
        }
        let of_request = [&wanted.dns_names, &wanted.ip_addresses, &wanted.other_names];
        let of_certificate = [&certificate.dns_names, &certificate.ip_addresses, &certificate.other_names];
        for (what, seen, wanted) in [
            ("the names", set(of_certificate), set(of_request)),
            (
                "the extended key usages",
                set([&certificate.extended_key_usages.to_vec()]),
                set([&wanted.extended_key_usages]),
            ),
        ] {
            if seen != wanted {
                differs(what, &list(&seen), &list(&wanted));
            }
        }
        // A request says nothing where the old certificate said nothing; who made it may have asked for less.
        let usages = if wanted.key_usages.is_empty() { &*candidate.certificate.key_usages } else { &wanted.key_usages };
        if key_usages_differ(certificate, usages) {
            let wanted = if usages.is_empty() { "none that signs".to_owned() } else { usages.join(", ") };
            differs("the key usages", &certificate.key_usages.join(", "), &wanted);
        }
        if certificate.is_authority {
            differs("the right to sign others", "(CA:TRUE)", "none, as a leaf");
        }
        if certificate.not_before > now {
            differs("its beginning at", &certificate.not_before.to_string(), &format!("one before {now}"));
        }
        let least = asked.request.validity.map_or(AT_LEAST, |validity| validity.min(AT_LEAST));
        if certificate.is_expired(now) {
            differs("its end at", &certificate.not_after.to_string(), &format!("one after {now}"));
        } else if certificate.not_after.since(now) < least {
            let wanted = format!("one at least {least} from now ({now}), or less with --validity");
            differs("its end at", &certificate.not_after.to_string(), &wanted);
        }
        for oid in self.unknown_critical(world) {
            faults.push(format!(
                "{} has the critical extension {oid}, which the old certificate has not: the components of Kubernetes do \
                 not know it and would refuse the certificate",
                given.called()
            ));
        }
        match self.issuer(world) {
            Err(fault) => faults.push(fault),
            Ok(issuer) => {
                let issuer = world.inventory.certificates.get(&issuer);
                if let Some(issuer) = issuer.filter(|issuer| issuer.is_expired(now)) {
                    faults.push(format!(
                        "{} is signed by {}, which ended {}, and nothing it signs is accepted any more",
                        given.called(),
                        issuer.subject,
                        issuer.not_after
                    ));
                }
            }
        }
        faults
    }

    /// What is in use with such an extension can go on with it.
    fn unknown_critical(&self, world: &World) -> Vec<String> {
        let of =
            |id: &CertId| world.inventory.der.get(id).map(|der| unknown_critical_extensions(der)).unwrap_or_default();
        let old = of(&self.candidate.certificate.fingerprint);
        of(&self.certificate.fingerprint).into_iter().filter(|oid| !old.contains(oid)).collect()
    }

    /// The trusted authority whose signature it bears.
    fn issuer(&self, world: &World) -> Result<CertId, String> {
        let called = self.given.called();
        let (at, bundle) = leaf::bundle(world, self.candidate).map_err(|error| error.message)?;
        let trusted = bundle.map(Entry::certificates).unwrap_or_default();
        let issuers = world.trust.issuers(&self.certificate.fingerprint);
        let subjects: Vec<&str> = trusted
            .iter()
            .filter_map(|id| world.inventory.certificates.get(id))
            .map(|authority| authority.subject.as_str())
            .collect();
        issuers.iter().find(|issuer| trusted.contains(issuer)).cloned().ok_or_else(|| {
            let seen = &self.certificate.issuer;
            let seen = if subjects.contains(&&**seen) {
                format!("names {seen} as its authority, but bears no signature of the one that is trusted")
            } else {
                format!("is signed by {seen}")
            };
            format!("{called} {seen}, wanted is a signature by {} of {at}", subjects.join(" or "))
        })
    }
}

fn set<const N: usize>(lists: [&Vec<String>; N]) -> BTreeSet<String> {
    lists.into_iter().flatten().map(|name| name.to_lowercase()).collect()
}

fn list(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().map(String::as_str).collect::<Vec<_>>().join(", ") }
}
