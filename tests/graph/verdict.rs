//! Both answers side by side. They may differ only by the rules that `trust::path` lists, each recognised by what it is.

use std::path::Path;

use kubectl_certs::model::CertId;
use kubectl_certs::trust::{Asked, ChainFault, Reason, TrustGraph, Usage};
use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use crate::made::{Authority, KeyIds, World, now};
use crate::witness;

/// Why both may say something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// openssl took one of several ways and does not go back; of the way that the graph found it says that it is good.
    AnotherWay,
    /// Two authorities of one name in one chain, and no key id below them: openssl takes the trusted one by its name alone.
    TakenByName,
    /// An authority key id that names another key is a hint to Go, and the end to openssl.
    KeyIdNamesAnother,
    /// Extended key usage `any` is no TLS usage to openssl.
    AnyUsage,
    /// openssl wants the leaf's key usage to allow a handshake.
    LeafMayNotSignHandshakes,
    /// Self-issued certificates do not count for openssl's path length.
    SelfIssuedNotCounted,
    /// Who is trusted and may sign is an authority to openssl, without basic constraints too.
    TrustedWithoutConstraints,
}

pub(crate) type Answer = Result<Vec<CertId>, ChainFault>;

pub(crate) fn ours(world: &World, graph: &TrustGraph, leaf: usize, usage: Usage) -> Answer {
    let (anchors, sent) = (world.ids_of(&world.pki.anchors), world.ids_of(&world.pki.sent));
    let asked = Asked { leaf: &world.ids[leaf], anchors: &anchors, sent: &sent, usage };
    graph.verify(&world.inventory, &asked, now())
}

/// Panics where they differ without a reason. Returns the graph's answers, and the differences there were.
pub(crate) fn compare(world: &World, folder: &Path) -> (Vec<(usize, Usage, Answer)>, Vec<Difference>) {
    let graph = TrustGraph::build(&world.inventory);
    let ders = |numbers: &[usize]| -> Vec<&[u8]> { numbers.iter().map(|&number| &world.ders[number][..]).collect() };
    let (anchors, sent, leaves) = (ders(&world.pki.anchors), ders(&world.pki.sent), ders(&world.pki.leaves));
    let mut answers = Vec::new();
    let mut differences = Vec::new();
    for usage in [Usage::Server, Usage::Client] {
        let theirs = witness::verify(folder, &anchors, &sent, &leaves, usage);
        for (&leaf, theirs) in world.pki.leaves.iter().zip(theirs) {
            let ours = ours(world, &graph, leaf, usage);
            let context = || format!("{:#?}\nleaf {leaf} as {usage:?}: graph {ours:?}, openssl {theirs:?}", world.pki);
            match (&ours, &theirs) {
                (Ok(_), Ok(())) | (Err(_), Err(_)) => {}
                (Ok(chain), Err(_)) => {
                    let links: Vec<usize> = chain.iter().map(|id| world.number_of(id)).collect();
                    let (top, middle) = (links[links.len() - 1], &links[1..links.len().max(2) - 1]);
                    let alone = witness::verify(folder, &ders(&[top]), &ders(middle), &ders(&links[..1]), usage);
                    match &alone[0] {
                        Ok(()) => differences.push(Difference::AnotherWay),
                        Err(why) => {
                            differences.push(stricter(world, &links, why).unwrap_or_else(|| panic!("{}", context())));
                        }
                    }
                }
                (Err(fault), Ok(())) => {
                    differences.push(milder(world, fault).unwrap_or_else(|| panic!("{}", context())));
                }
            }
            answers.push((leaf, usage, ours));
        }
    }
    (answers, differences)
}

/// Why openssl refuses this very chain, which Go accepts.
fn stricter(world: &World, links: &[usize], why: &str) -> Option<Difference> {
    let specs: Vec<_> = links.iter().map(|&link| &world.pki.specs[link]).collect();
    // The last one is trusted: who signed it is not asked.
    let wrong_id = specs[..specs.len() - 1].iter().any(|spec| spec.key_ids == KeyIds::Wrong);
    let any = specs.iter().any(|spec| spec.extended.contains(&ExtendedKeyUsagePurpose::Any));
    let handshakes = [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
    let mute = !specs[0].usages.is_empty() && !specs[0].usages.iter().any(|usage| handshakes.contains(usage));
    let issuers = &specs[1..];
    let one_name = issuers.iter().any(|one| issuers.iter().any(|it| it.subject == one.subject && it.key != one.key));
    match why {
        _ if one_name && why.contains("signature failure") => Some(Difference::TakenByName),
        _ if wrong_id && why.contains("unable to get") => Some(Difference::KeyIdNamesAnother),
        _ if any && why.contains("purpose") => Some(Difference::AnyUsage),
        _ if mute && why.contains("purpose") => Some(Difference::LeafMayNotSignHandshakes),
        _ => None,
    }
}

/// Why openssl accepts what Go refuses with this fault.
fn milder(world: &World, fault: &ChainFault) -> Option<Difference> {
    let number = world.number_of(&fault.at);
    match &fault.why {
        Reason::PathTooLong { .. } => {
            let self_issued = world.pki.sent.iter().any(|&link| world.pki.specs[link].is_self_issued());
            self_issued.then_some(Difference::SelfIssuedNotCounted)
        }
        Reason::NotAuthority => {
            let spec = &world.pki.specs[number];
            let may_sign = spec.usages.contains(&KeyUsagePurpose::KeyCertSign);
            let trusted = world.pki.anchors.contains(&number);
            (trusted && may_sign && spec.authority == Authority::Unsaid)
                .then_some(Difference::TrustedWithoutConstraints)
        }
        _ => None,
    }
}
