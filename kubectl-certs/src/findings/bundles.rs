//! Bundles that are to be the same and are not, that were forgotten when an authority was replaced, or that only grow.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, Severity, View};
use crate::model::{CertId, Certificate, Entry, Holds, KeyId, KeyState, Location, Place};

pub(super) const TRUST_DIFFERS: Check = Check {
    code: "trust-differs",
    title: "copies of what is trusted differ",
    what: "The ConfigMap kube-root-ca.crt, or what trust-manager writes, is not the same in all namespaces (a warning), or the \
           kubeconfigs of the cluster's nodes do not hold the same authorities (an info, as long as each still verifies the API server).",
    why: "What works from one place fails from another. Where a controller keeps the copies, it has stopped doing so.",
    repair: "Delete the copy that differs, and its controller writes it anew (kube-root-ca.crt: the controller manager); see why it did \
             not. Kubeconfigs want the same bundle as the others.",
    source: "kubernetes pkg/controller/certificates/rootcacertpublisher; trust-manager's documentation",
    renewable: false,
    run: trust_differs,
};

pub(super) const BUNDLE_STALE: Check = Check {
    code: "bundle-stale",
    title: "the bundle still holds a former authority, and lacks its successor",
    what: "The bundle has an authority of the same name as the one that is in use now, with another key, and not that one itself, \
           though other copies of the bundle have it.",
    why: "Whoever verifies with this copy refuses what the current authority signs. It shows when the last certificate of the \
          former authority is replaced.",
    repair: "Copy the bundle from a place that has both authorities, or the current one.",
    source: "RFC 5280 section 6.1.1 (d); kubernetes.io, Manual Rotation of CA Certificates",
    renewable: false,
    run: bundle_stale,
};

pub(super) const BUNDLE_GROWS: Check = Check {
    code: "bundle-grows",
    title: "the bundle is full of authorities that are of no use",
    what: "More than three of the bundle's authorities have expired or stand in it more than once. Bundles of fifty and more are not \
           meant: public authorities come and go by themselves.",
    why: "By itself it harms nobody. Something adds to the bundle and never takes away, so it grows until it is too large for its \
          Secret (1 MiB) or for those who send it along, and what should not be trusted any more stays trusted.",
    repair: "Take out what has expired and what stands there twice.",
    source: "the number is this program's own",
    renewable: false,
    run: bundle_grows,
};

const MANY: usize = 3;
const PUBLIC: usize = 50;

fn trust_differs(view: &View<'_>) -> Vec<Finding> {
    let mut copies: BTreeMap<(String, String), Vec<&Entry>> = BTreeMap::new();
    for entry in bundles(view) {
        let Place::ConfigMap { name, key, .. } = &entry.at.place else { continue };
        let kept = entry.origin.owner.as_ref().is_some_and(|owner| owner.by == "trust-manager");
        if kept || name == ROOT {
            copies.entry((name.clone(), key.clone())).or_default().push(entry);
        }
    }
    let (mut findings, kubeconfigs) = (Vec::new(), kubeconfigs(view));
    for (severity, same) in
        copies.into_values().map(|same| (Severity::Warning, same)).chain([(Severity::Info, kubeconfigs)])
    {
        findings.extend(outliers(view, &same).into_iter().map(|(other, usual)| {
            let message = format!("it holds other authorities than {}", usual.at);
            Finding {
                related: vec![usual.at.clone()],
                ..Finding::new(&TRUST_DIFFERS, severity, other.at.clone(), message)
            }
        }));
    }
    findings
}

const ROOT: &str = "kube-root-ca.crt";

/// Those of the nodes' own kubeconfigs that verify their API server; of the others it is told that they do not.
fn kubeconfigs<'a>(view: &'a View<'_>) -> Vec<&'a Entry> {
    let inventory = view.inventory;
    let met = inventory.edges.iter().filter(|edge| {
        matches!(edge.bundle.place, Place::Kubeconfig { .. }) && matches!(edge.presented.place, Place::File { .. })
    });
    let verifying = met.filter_map(|edge| {
        let (bundle, leaf) = (inventory.entry(&edge.bundle)?, inventory.entry(&edge.presented)?.leaf()?);
        view.trust.leads_to(inventory, leaf, bundle).then_some(bundle)
    });
    let by_place: BTreeMap<&Location, &Entry> = verifying.map(|bundle| (&bundle.at, bundle)).collect();
    by_place.into_values().collect()
}

/// Those that hold something else than most do, each with one that holds what most do.
fn outliers<'a>(view: &'a View<'_>, entries: &[&'a Entry]) -> Vec<(&'a Entry, &'a Entry)> {
    let mut alike: BTreeMap<BTreeSet<&KeyId>, Vec<&'a Entry>> = BTreeMap::new();
    for entry in entries {
        alike.entry(keys(view, entry)).or_default().push(entry);
    }
    // A folded entry counts for all of its copies.
    let weight = |same: &[&Entry]| same.iter().map(|entry| 1 + entry.also_in.len()).sum::<usize>();
    let Some(most) = alike.values().max_by_key(|same| weight(same)) else { return Vec::new() };
    let Some(usual) = most.first() else { return Vec::new() };
    let others = alike.values().flatten().filter(|entry| keys(view, entry) != keys(view, usual));
    others.map(|other| (*other, *usual)).collect()
}

fn keys<'a>(view: &'a View<'_>, entry: &'a Entry) -> BTreeSet<&'a KeyId> {
    authorities(view, entry).map(|authority| &authority.public_key).collect()
}

fn authorities<'a>(view: &'a View<'_>, entry: &'a Entry) -> impl Iterator<Item = &'a Certificate> {
    entry.certificates().iter().filter_map(|id| view.inventory.certificates.get(id))
}

fn bundles<'a>(view: &'a View<'_>) -> impl Iterator<Item = &'a Entry> {
    view.inventory.entries.iter().filter(|entry| matches!(entry.holds, Holds::Bundle(_)) && !entry.origin.backup)
}

/// Only among copies of one object: elsewhere two authorities of one name are two authorities.
fn bundle_stale(view: &View<'_>) -> Vec<Finding> {
    let mut copies: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in bundles(view).filter(|entry| entry.key == KeyState::Absent) {
        match &entry.at.place {
            Place::ConfigMap { name, key, .. } if name != ROOT => copies.entry((name, key)).or_default().push(entry),
            Place::Secret { name, key, .. } => copies.entry((name, key)).or_default().push(entry),
            _ => {}
        }
    }
    let at_work = at_work(view);
    let stale = copies.values().flat_map(|same| outliers(view, same));
    stale
        .filter_map(|(entry, usual)| {
            let own = keys(view, entry);
            let (former, current) = authorities(view, entry).find_map(|former| {
                let is_former = !at_work.contains(&former.fingerprint);
                let successor = |current: &&Certificate| {
                    current.subject_key == former.subject_key
                        && !own.contains(&current.public_key)
                        && at_work.contains(&current.fingerprint)
                };
                Some((former, authorities(view, usual).find(successor).filter(|_| is_former)?))
            })?;
            let message = format!(
                "it holds {}({}), and lacks {}({}), which {} has and which signs now",
                former.short_name(),
                former.key_mark(),
                current.short_name(),
                current.key_mark(),
                usual.at
            );
            Some(Finding {
                related: vec![usual.at.clone()],
                ..Finding::new(&BUNDLE_STALE, Severity::Warning, entry.at.clone(), message)
            })
        })
        .collect()
}

/// Authorities that have signed something that was read.
fn at_work<'a>(view: &'a View<'_>) -> BTreeSet<&'a CertId> {
    view.trust.gave().into_keys().collect()
}

fn bundle_grows(view: &View<'_>) -> Vec<Finding> {
    bundles(view)
        .filter(|entry| (MANY + 1..PUBLIC).contains(&entry.certificates().len()))
        .filter_map(|entry| {
            let (mut expired, mut again, mut seen) = (0, 0, BTreeSet::new());
            for authority in authorities(view, entry) {
                if !seen.insert((&authority.public_key, &authority.subject_key)) {
                    again += 1;
                } else if authority.is_expired(view.now) {
                    expired += 1;
                }
            }
            let message = format!(
                "of its {} authorities {expired} have expired, and {again} stand in it again",
                entry.certificates().len()
            );
            let is_much = expired + again > MANY;
            is_much.then(|| Finding::new(&BUNDLE_GROWS, Severity::Info, entry.at.clone(), message))
        })
        .collect()
}
