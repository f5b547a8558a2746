//! Which leaves a request means, and why the others are left as they are.

use super::renew::Asked;
use super::{LeftAlone, Step, World, leaf};
use crate::error::Error;
use crate::findings;
use crate::layouts::{self, KeptBy, Layout, Leaf, Store, operator};
use crate::model::{Certificate, Entry, FoundLayout, Gap, KeyState, Location, Time};

/// A leaf of a layout's table and the entry that holds it.
pub(super) struct Candidate<'a> {
    pub(super) entry: &'a Entry,
    pub(super) certificate: &'a Certificate,
    pub(super) layout: &'static Layout,
    pub(super) leaf: Leaf,
    pub(super) found: &'a FoundLayout,
}

impl Candidate<'_> {
    pub(super) fn left_alone(&self, why: String) -> LeftAlone {
        LeftAlone { at: self.entry.at.clone(), name: self.name(), why }
    }

    /// For people: with its node, where there are several.
    pub(super) fn name(&self) -> String {
        match self.entry.at.node() {
            Some(node) => format!("{} on {node}", self.leaf.name),
            None => self.leaf.name.to_owned(),
        }
    }

    /// A word that means this leaf alone within a plan.
    pub(super) fn id(&self) -> String {
        match self.entry.at.node() {
            Some(node) => format!("{}@{node}", self.leaf.name),
            None => self.leaf.name.to_owned(),
        }
    }
}

/// Node by node, in the order of the layout's table.
pub(super) fn candidates<'a>(world: &'a World, asked: &Asked<'_>) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for found in world.inventory.layouts.iter().filter(|found| found.renewed_by.is_none()) {
        let Some(layout) = Layout::named(&found.name) else { continue };
        let asked_for = &asked.request.nodes;
        if !asked_for.is_empty() && !found.node.as_ref().is_some_and(|node| asked_for.contains(node)) {
            continue;
        }
        for leaf in layout.leaves.iter().filter(|leaf| !matches!(leaf.store, Store::NoUsualPlace)) {
            if !asked.request.only.is_empty() && !asked.request.only.iter().any(|only| only == leaf.name) {
                continue;
            }
            let entries = world.inventory.entries.iter().filter(|entry| {
                entry.at.node() == found.node.as_deref()
                    && entry.origin.layout.as_deref() == Some(layout.name)
                    && entry.origin.name.as_deref() == Some(leaf.name)
            });
            for entry in entries {
                let named = asked.named.as_ref().is_none_or(|named| named.contains(&entry.at));
                let certificate = entry.leaf().and_then(|id| world.inventory.certificates.get(id));
                if let (true, Some(certificate)) = (named && is_ours(world, leaf, entry), certificate) {
                    candidates.push(Candidate { entry, certificate, layout, leaf: *leaf, found });
                }
            }
        }
    }
    candidates.extend(operators(world));
    candidates
}

/// The operator's own kubeconfig, where an authority of this cluster signed it: the signature counts, for every cluster
/// calls its authority the same. It is renewed by a node that has the authority's key, if one has.
fn operators(world: &World) -> Option<Candidate<'_>> {
    let (entry, certificate) = operators_entry(world)?;
    let issuers = world.trust.issuers(&certificate.fingerprint);
    let mut signers = Vec::new();
    for found in world.inventory.layouts.iter().filter(|found| found.renewed_by.is_none()) {
        let Some(layout) = Layout::named(&found.name) else { continue };
        for authority in layout.authorities {
            let (_, holder) = leaf::held_by(world, found, authority);
            let Some(holder) = holder.filter(|holder| holder.certificates().iter().any(|id| issuers.contains(id)))
            else {
                continue;
            };
            signers.push((holder.key != KeyState::Matches, found, layout, authority));
        }
    }
    let (_, found, layout, authority) = signers.into_iter().min_by_key(|(has_no_key, ..)| *has_no_key)?;
    Some(Candidate { entry, certificate, layout, leaf: operator::leaf(authority.name), found })
}

fn operators_entry(world: &World) -> Option<(&Entry, &Certificate)> {
    let named = |entry: &&Entry| entry.origin.name.as_deref() == Some(operator::NAME);
    let entry = world.inventory.entries.iter().find(named)?;
    Some((entry, world.inventory.certificates.get(entry.leaf()?)?))
}

/// Why the operator's own kubeconfig is none of this cluster's business, or cannot be renewed.
pub(super) fn operators_left_alone(
    world: &World,
    asked: &Asked<'_>,
    candidates: &[Candidate<'_>],
) -> Option<LeftAlone> {
    if let Some(left) = asked.own {
        return Some(left.clone());
    }
    let (entry, certificate) = operators_entry(world)?;
    let is_candidate = candidates.iter().any(|candidate| candidate.entry.at == entry.at);
    (!is_candidate).then(|| LeftAlone {
        at: entry.at.clone(),
        name: operator::NAME.to_owned(),
        why: format!(
            "no authority of these nodes signed {}, which ends {}: it is another cluster's",
            entry.at,
            certificate.not_after.minute()
        ),
    })
}

/// People's files may hold users of other clusters.
fn is_ours(world: &World, leaf: &Leaf, entry: &Entry) -> bool {
    let issuers = entry.leaf().map(|id| world.trust.issuers(id)).unwrap_or_default();
    let mut authorities = world.inventory.entries.iter().filter(|authority| {
        authority.at.node() == entry.at.node() && authority.origin.name.as_deref() == Some(leaf.signer)
    });
    leaf.kept_by == KeptBy::Cluster
        || authorities.any(|authority| authority.certificates().iter().any(|id| issuers.contains(id)))
}

/// Why this one is left as it is, or nothing.
pub(super) fn not_chosen(asked: &Asked<'_>, candidate: &Candidate<'_>, now: Time) -> Option<String> {
    let request = asked.request;
    if let (layouts::Renewal::ByItself { .. }, false) = (candidate.leaf.renewal, asked.is_running_machine()) {
        return Some(match candidate.leaf.signer {
            "" => {
                "the kubelet made it with an authority of its own; it makes another when the file is gone and it starts"
                    .to_owned()
            }
            _ => "the kubelet renews it by itself through a request to the API server".to_owned(),
        });
    }
    if asked.named.is_some() || request.all || !request.only.is_empty() {
        return None;
    }
    let left = candidate.certificate.not_after.since(now);
    if request.within.is_some_and(|within| left <= within) {
        return None;
    }
    let wrong = asked.findings.iter().any(|finding| {
        let about = Location { number: None, ..finding.at.clone() };
        let same = about == candidate.entry.at
            || finding.related.iter().any(|at| at.place == candidate.entry.at.place && finding.code != "key-differs");
        same && findings::check(&finding.code).is_some_and(|check| check.renewable)
    });
    (!wrong).then(|| format!("{left} left and nothing wrong; --all renews it too"))
}

/// External etcd: the layout has servers of this authority, and none of them is here.
pub(super) fn serves_elsewhere(candidate: &Candidate<'_>, candidates: &[Candidate<'_>]) -> bool {
    let layout = candidate.layout;
    let serves = |leaf: &Leaf| leaf.signer == candidate.leaf.signer && layout.serves(leaf);
    layout.leaves.iter().any(serves) && !candidates.iter().any(|other| serves(&other.leaf))
}

/// Leaves whose file is there and cannot be read as one: nobody knows whether they need it, and they are not passed over.
/// With the name for people and the gap that says why.
pub fn unread<'a>(world: &'a World, asked: &Asked<'_>) -> Vec<(String, &'a Gap)> {
    let Asked { request, named, .. } = asked;
    let mut unread = Vec::new();
    for found in world.inventory.layouts.iter().filter(|found| named.is_none() && found.renewed_by.is_none()) {
        let Some(layout) = Layout::named(&found.name) else { continue };
        let here = |node: &Option<String>| {
            request.nodes.is_empty() || node.as_ref().is_some_and(|node| request.nodes.contains(node))
        };
        let wanted = |leaf: &&Leaf| {
            let ours = matches!(leaf.renewal, layouts::Renewal::ByAuthority) || asked.is_running_machine();
            here(&found.node) && ours && (request.only.is_empty() || request.only.iter().any(|only| only == leaf.name))
        };
        for leaf in layout.leaves.iter().filter(wanted) {
            let entries = &world.inventory.entries;
            let is_read = entries.iter().any(|entry| {
                entry.at.node() == found.node.as_deref() && entry.origin.name.as_deref() == Some(leaf.name)
            });
            let file = layout.files(leaf.name).first().map(|path| found.place(path)).filter(|_| !is_read);
            let gap =
                world.inventory.gaps.iter().find(|gap| gap.at.whole_file().is_some() && gap.at.whole_file() == file);
            let on = found.node.as_ref().map_or_else(String::new, |node| format!(" on {node}"));
            unread.extend(gap.map(|gap| (format!("{}{on}", leaf.name), gap)));
        }
    }
    unread
}

/// What was named beside leaves is told of, not passed over.
pub(super) fn no_leaves(world: &World, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Vec<LeftAlone> {
    let named = asked.named.iter().flatten();
    named
        .filter(|at| !candidates.iter().any(|candidate| candidate.entry.at == **at))
        .map(|at| LeftAlone {
            at: at.clone(),
            name: world
                .inventory
                .entry(at)
                .and_then(|entry| entry.origin.name.clone())
                .unwrap_or_else(|| at.to_string()),
            why: "not a leaf of the layout: authorities and bundles are not renewed".to_owned(),
        })
        .collect()
}

/// Requests are called by the names of leaves, and a kubeconfig may hold several users.
pub(super) fn refuse_same_names(candidates: &[&Candidate<'_>]) -> Result<(), Error> {
    for (index, one) in candidates.iter().enumerate() {
        if let Some(other) = candidates[index + 1..].iter().find(|other| other.id() == one.id()) {
            return Err(Error::refused(format!(
                "{} and {} are both called {}: their requests could not be told apart",
                one.entry.at,
                other.entry.at,
                one.id()
            ))
            .about(&one.entry.at)
            .hint("ask for one of them, by its full name, and bring its certificate before you ask for the other"));
        }
    }
    Ok(())
}

/// In a file of people, several users of this cluster are nothing that should keep the rest from being renewed.
pub(super) fn leave_second_users<'a>(
    steps: Vec<(&'a Candidate<'a>, Step)>,
    left_alone: &mut Vec<LeftAlone>,
) -> Vec<(&'a Candidate<'a>, Step)> {
    let mut kept: Vec<(&Candidate<'_>, Step)> = Vec::new();
    for (candidate, step) in steps {
        let same_file =
            |(other, _): &(&Candidate<'_>, Step)| other.entry.at.whole_file() == candidate.entry.at.whole_file();
        if candidate.leaf.kept_by == KeptBy::People && kept.iter().any(same_file) {
            let why = format!("another user of this file is renewed now: renew {} afterwards", candidate.entry.at);
            left_alone.push(candidate.left_alone(why));
        } else {
            kept.push((candidate, step));
        }
    }
    kept
}

/// Two identities in one file cannot be renewed in one plan: the first write makes the second's reading stale.
pub(super) fn refuse_shared_files(steps: &[(&Candidate<'_>, Step)]) -> Result<(), Error> {
    for (index, (one, _)) in steps.iter().enumerate() {
        let file = one.entry.at.whole_file();
        if let Some((other, _)) = steps[index + 1..].iter().find(|(other, _)| other.entry.at.whole_file() == file) {
            return Err(Error::refused(format!(
                "{} holds more than one identity ({} and {})",
                one.entry.at.path().unwrap_or_default(),
                one.entry.at,
                other.entry.at
            ))
            .about(&one.entry.at)
            .hint("renew them one after the other, by these names"));
        }
    }
    Ok(())
}
