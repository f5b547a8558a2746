//! Planning leaf renewals: which leaves, by which authority, until when; then what must be restarted; then the proof.

use super::action::{BackUp, Issue, WriteIdentity};
use super::condition::Renewal;
use super::{Action, Expected, LeftAlone, Phase, Plan, Step, Undo, World, activate};
use crate::error::Error;
use crate::findings::{self, Finding};
use crate::layouts::{self, Layout, Leaf, PurposeRow, Store};
use crate::model::{
    Certificate, Entry, Evidence, FoundLayout, IdentityStore, KeyState, KubeconfigField, Location, Place, Span,
    TakesEffect, Time, Use,
};
use crate::request::{API, Renew};

/// Peers whose clocks are behind must accept it too; kubeadm's own figure (`CertificateBackdate`).
const BACK_DATED: Span = Span::minutes(5);
/// A certificate whose lifetime was minutes and is over was a test or an accident: it should last the night.
const AT_LEAST_WHEN_EXPIRED: Span = Span::hours(24);

/// What planning needs to know that is not in the world: which rows were named, and what is wrong.
pub struct Asked<'a> {
    pub request: &'a Renew,
    pub root: &'a str,
    /// Entries that a target named; none when no target was given.
    pub named: Option<Vec<Location>>,
    pub findings: &'a [Finding],
    /// The root is this machine itself, so that components can be restarted.
    pub running_machine: bool,
}

pub fn plan(world: &World, asked: &Asked<'_>, now: Time) -> Result<Plan, Error> {
    let candidates = candidates(world, asked);
    if candidates.is_empty() && asked.named.is_some() {
        return Err(Error::refused(
            "none of the targets is a leaf certificate of a known layout, so there is nothing to renew with",
        )
        .hint(
            "kubectl certs list shows what is there; leaves of kubeadm have names such as apiserver and admin.conf",
        ));
    }
    let mut left_alone = Vec::new();
    let mut external = Vec::new();
    let mut steps = Vec::new();
    for candidate in &candidates {
        if let Some(why) = not_chosen(asked, candidate, now) {
            left_alone.push(candidate.left_alone(why));
            continue;
        }
        match step(world, asked, candidate, now)? {
            Planned::Step(step) => steps.push((candidate, step)),
            Planned::External(authority) if asked.named.is_none() && serves_elsewhere(candidate, &candidates) => {
                left_alone.push(candidate.left_alone(format!(
                    "the servers that it is a client of are not on this disk, nor is the private key of their authority \
                     {authority}: renew it there, and bring the new pair here"
                )));
            }
            Planned::External(authority) => external.push((candidate, authority)),
        }
    }
    left_alone.extend(no_leaves(world, asked, &candidates));
    if !external.is_empty() {
        return Err(refuse_external(&external));
    }
    refuse_shared_files(&steps)?;
    let mut request = asked.request.clone();
    request.scope.at = Some(now);
    let places: Vec<&Location> = steps.iter().map(|(candidate, _)| &candidate.entry.at).collect();
    let mut phases = Vec::new();
    if !steps.is_empty() {
        let restarts = activate::restarts(world, asked, &places, &mut left_alone);
        let proof = activate::proof(world, &places);
        phases.push(Phase {
            name: "renew".to_owned(),
            why: "new keys and certificates under the same authorities, with everything else as it was".to_owned(),
            gate: Vec::new(),
            steps: steps.into_iter().map(|(_, step)| step).collect(),
        });
        if !restarts.is_empty() {
            phases.push(Phase {
                name: "restart".to_owned(),
                why: "these components read their identity only when they start".to_owned(),
                gate: Vec::new(),
                steps: restarts,
            });
        }
        if !proof.is_empty() {
            phases.push(Phase {
                name: "prove".to_owned(),
                why: "the servers must present what was written".to_owned(),
                gate: proof,
                steps: Vec::new(),
            });
        }
    }
    Ok(Plan { api: API.to_owned(), request, at: now, root: asked.root.to_owned(), phases, left_alone })
}

/// A leaf of a layout's table and the entry that holds it.
struct Candidate<'a> {
    entry: &'a Entry,
    certificate: &'a Certificate,
    layout: &'static Layout,
    leaf: &'static Leaf,
    found: &'a FoundLayout,
}

impl Candidate<'_> {
    fn left_alone(&self, why: String) -> LeftAlone {
        LeftAlone { at: self.entry.at.clone(), name: self.leaf.name.to_owned(), why }
    }
}

/// In the order of the layout's table.
fn candidates<'a>(world: &'a World, asked: &Asked<'_>) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for found in &world.inventory.layouts {
        let Some(layout) = Layout::named(&found.name) else { continue };
        for leaf in layout.leaves {
            let entries = world.inventory.entries.iter().filter(|entry| {
                entry.origin.layout.as_deref() == Some(layout.name) && entry.origin.name.as_deref() == Some(leaf.name)
            });
            for entry in entries {
                let named = asked.named.as_ref().is_none_or(|named| named.contains(&entry.at));
                if let (true, Some(certificate)) =
                    (named, entry.leaf().and_then(|id| world.inventory.certificates.get(id)))
                {
                    candidates.push(Candidate { entry, certificate, layout, leaf, found });
                }
            }
        }
    }
    candidates
}

/// Why this one is left as it is, or nothing.
fn not_chosen(asked: &Asked<'_>, candidate: &Candidate<'_>, now: Time) -> Option<String> {
    let request = asked.request;
    if let layouts::Renewal::ByItself { .. } = candidate.leaf.renewal {
        return Some(match candidate.leaf.signer {
            "" => {
                "the kubelet made it with an authority of its own; it makes another when the file is gone and it starts"
                    .to_owned()
            }
            _ => "the kubelet renews it by itself through a request to the API server".to_owned(),
        });
    }
    if asked.named.is_some() || request.all {
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
fn serves_elsewhere(candidate: &Candidate<'_>, candidates: &[Candidate<'_>]) -> bool {
    let layout = candidate.layout;
    let serves = |leaf: &Leaf| {
        leaf.signer == candidate.leaf.signer
            && layout.uses.iter().any(|row| row.leaf == leaf.name && matches!(row.purpose, PurposeRow::Serve(_)))
    };
    layout.leaves.iter().any(serves) && !candidates.iter().any(|other| serves(other.leaf))
}

/// What was named beside leaves is told of, not passed over.
fn no_leaves(world: &World, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Vec<LeftAlone> {
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

/// Two identities in one file cannot be renewed in one plan: the first write makes the second's reading stale.
fn refuse_shared_files(steps: &[(&Candidate<'_>, Step)]) -> Result<(), Error> {
    for (index, (one, _)) in steps.iter().enumerate() {
        let path = one.entry.at.path();
        if let Some((other, _)) = steps[index + 1..].iter().find(|(other, _)| other.entry.at.path() == path) {
            return Err(Error::refused(format!(
                "{} holds more than one identity ({} and {})",
                path.unwrap_or_default(),
                one.entry.at,
                other.entry.at
            ))
            .about(&one.entry.at)
            .hint("renew them one after the other, by these names"));
        }
    }
    Ok(())
}

enum Planned {
    Step(Step),
    /// The authority's key is not here.
    External(String),
}

fn step(world: &World, asked: &Asked<'_>, candidate: &Candidate<'_>, now: Time) -> Result<Planned, Error> {
    let Candidate { entry, certificate: old, layout, leaf, found } = candidate;
    let at = &entry.at;
    let Some(authority) = layout.authority(leaf.signer) else {
        return Err(Error::refused(format!("{at}: its authority has no name in the layout {}", layout.name)).about(at));
    };
    let authority_at = Location::file(below(&found.base, asked.root, authority.certificate));
    let Some(holder) = world.inventory.entry(&authority_at) else {
        return Err(Error::refused(format!(
            "{at} cannot be renewed: its authority's certificate {authority_at} was not found"
        ))
        .about(at)
        .hint("restore it from a backup or from another control-plane node"));
    };
    let Some(issuer) = holder.certificates().first().and_then(|id| world.inventory.certificates.get(id)) else {
        return Err(Error::refused(format!("{at} cannot be renewed: {authority_at} holds no certificate")).about(at));
    };
    match holder.key {
        KeyState::Matches => {}
        KeyState::Absent => return Ok(Planned::External(format!("{} ({authority_at})", authority.name))),
        KeyState::Differs => {
            return Err(Error::refused(format!(
                "{at} cannot be renewed: the key {} does not belong to the first certificate of {authority_at}",
                below(&found.base, asked.root, authority.key)
            ))
            .about(&authority_at)
            .hint("put the right key back, or the certificate that belongs to it; nothing was changed"));
        }
        KeyState::Unreadable => {
            return Err(Error::unreadable(format!("{at} cannot be renewed: the key of {authority_at} cannot be read"))
                .about(&authority_at));
        }
    }
    if issuer.is_expired(now) {
        return Err(Error::refused(format!(
            "{at} cannot be renewed: its authority {} expired on {}, and nothing it signs is accepted any more",
            issuer.subject,
            issuer.not_after.minute()
        ))
        .about(&authority_at)
        .hint("the authority itself must be replaced first"));
    }
    let (Some(digest), true) = (&entry.digest, entry.key != KeyState::Absent) else {
        return Err(Error::refused(format!("{at} cannot be renewed: its private key was not found beside it"))
            .about(at)
            .hint("it is renewed on the machine that has the key"));
    };
    let not_before = now.minus(BACK_DATED);
    let not_after = not_before.plus(lifetime(asked.request, old, now)).min(issuer.not_after);
    let renewal = Renewal::of(old, &issuer.fingerprint, not_after);
    let store = store(at, leaf, found, asked.root);
    let id = format!("renew-{}", leaf.name);
    let mut expects = vec![Expected { path: at.path().unwrap_or_default().to_owned(), digest: digest.clone() }];
    if let (Some(key_at), Some(digest)) = (&entry.key_at, &entry.key_digest) {
        expects.push(Expected { path: key_at.path().unwrap_or_default().to_owned(), digest: digest.clone() });
    }
    if let Some(path) = store.paths().iter().find(|path| !expects.iter().any(|expected| expected.path == **path)) {
        let why = match entry.key {
            KeyState::Unreadable => format!("its private key {path} cannot be read as one"),
            _ => format!("its private key was found in the certificate's own file, and not in {path}"),
        };
        return Err(Error::refused(format!("{at} cannot be renewed: {why}"))
            .about(at)
            .hint(format!("put a private key into {path}, even one that does not belong to the certificate")));
    }
    let mut actions: Vec<Action> = expects
        .iter()
        .map(|expected| Action::BackUp(BackUp { path: expected.path.clone(), digest: expected.digest.clone() }))
        .collect();
    actions.push(Action::Issue(Issue {
        step: id.clone(),
        at: at.clone(),
        store: store.clone(),
        authority_certificate: authority_at.path().unwrap_or_default().to_owned(),
        authority_key: below(&found.base, asked.root, authority.key),
        not_before,
        renewal: renewal.clone(),
    }));
    actions.push(Action::WriteIdentity(WriteIdentity {
        step: id.clone(),
        at: at.clone(),
        store: store.clone(),
        renewal,
    }));
    let uses: Vec<&Use> = world.inventory.uses.iter().filter(|use_| use_.place == *at).collect();
    let pending = uses.iter().filter_map(|use_| match (use_.takes_effect, use_.loaded.evidence) {
        (_, Evidence::NotRunning) => None,
        (TakesEffect::Timer { seconds }, _) => Some(seconds),
        _ => None,
    });
    Ok(Planned::Step(Step {
        id,
        title: format!("{} until {}, signed by {}", leaf.name, not_after.minute(), authority.name),
        actions,
        expects,
        undo: Undo::Restore(store.paths()),
        impact: activate::impact(&uses, &store),
        pending_seconds: pending.max(),
    }))
}

/// That of the old one, unless asked otherwise.
fn lifetime(request: &Renew, old: &Certificate, now: Time) -> Span {
    if let Some(asked) = request.validity {
        return Span(asked.0 + BACK_DATED.0);
    }
    let lifetime = old.not_after.since(old.not_before);
    if old.is_expired(now) { lifetime.max(Span(AT_LEAST_WHEN_EXPIRED.0 + BACK_DATED.0)) } else { lifetime }
}

fn store(at: &Location, leaf: &Leaf, found: &FoundLayout, root: &str) -> IdentityStore {
    match (&at.place, leaf.store) {
        (Place::Kubeconfig { path, field: KubeconfigField::User(user), .. }, _) => {
            IdentityStore::Kubeconfig { path: path.clone(), user: user.clone() }
        }
        (_, Store::Pair { certificate, key }) => IdentityStore::Pair {
            certificate: below(&found.base, root, certificate),
            key: below(&found.base, root, key),
        },
        (_, Store::Combined(path) | Store::Kubeconfig(path)) => {
            IdentityStore::Combined { path: below(&found.base, root, path) }
        }
    }
}

/// A path of a layout's table on the disk.
fn below(base: &str, root: &str, path: &str) -> String {
    match path.strip_prefix('/') {
        Some(absolute) => format!("{}/{absolute}", root.trim_end_matches('/')),
        None => format!("{}/{path}", base.trim_end_matches('/')),
    }
}

fn refuse_external(external: &[(&Candidate<'_>, String)]) -> Error {
    let mut authorities: Vec<&str> = external.iter().map(|(_, authority)| authority.as_str()).collect();
    authorities.sort_unstable();
    authorities.dedup();
    let leaves: Vec<&str> = external.iter().map(|(candidate, _)| candidate.leaf.name).collect();
    Error::refused(format!(
        "{} cannot be renewed here: the private key of {} is not on this disk (an external authority)",
        leaves.join(", "),
        authorities.join(" and ")
    ))
    .about(&external[0].0.entry.at)
    .hint("make requests on the node (kubeadm certs generate-csr --kubeconfig-dir DIR --cert-dir DIR), have the authority sign them, and put the certificates and the new keys in place")
    .hint("or run this where the authority's key is; leaves of other authorities can be renewed by naming them as targets")
}
