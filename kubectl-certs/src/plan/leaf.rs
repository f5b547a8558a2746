//! The step that renews one leaf: by which authority, until when, and where its key is kept.

use super::action::{BackUp, Issue, WriteIdentity};
use super::candidates::Candidate;
use super::condition::Renewal;
use super::renew::{Asked, BACK_DATED};
use super::{Action, Expected, Step, Undo, World, activate};
use super::{kubelet, wishes};
use crate::error::Error;
use crate::layouts::{Authority, Store, operator};
use crate::model::{
    Certificate, Entry, Evidence, FoundLayout, IdentityStore, KeyState, KubeconfigField, Location, Place, Span,
    TakesEffect, Time, Use,
};
use crate::request::Renew;

/// A certificate whose lifetime was minutes and is over was a test or an accident: it should last the night.
const AT_LEAST_WHEN_EXPIRED: Span = Span::hours(24);

pub(super) enum Planned {
    Step(Step),
    /// Its user makes it anew.
    Remake(Step),
    /// There is nothing that could make another; this is what is said where it was named.
    Not(Error),
    /// The authority's key is on none of the disks.
    External(String),
}

pub(super) fn step(world: &World, asked: &Asked<'_>, candidate: &Candidate<'_>, now: Time) -> Result<Planned, Error> {
    let Candidate { entry, certificate: old, leaf, .. } = candidate;
    let at = &entry.at;
    if leaf.signer.is_empty() {
        return match kubelet::not_its_own(world, candidate) {
            Some(error) => Ok(Planned::Not(error)),
            None => Ok(kubelet::remake(candidate).map_or_else(Planned::Not, Planned::Remake)),
        };
    }
    let signer = match signer(world, candidate)? {
        Ok(signer) => signer,
        Err(external) => return Ok(Planned::External(external)),
    };
    let issuer = signer.issuer;
    if issuer.is_expired(now) {
        return Err(Error::refused(format!(
            "{at} cannot be renewed: its authority {} expired on {}, and nothing it signs is accepted any more",
            issuer.subject,
            issuer.not_after.minute()
        ))
        .about(&signer.certificate)
        .hint("the authority itself must be replaced first"));
    }
    if let Err(error) = expected(entry, &store(candidate)) {
        return Ok(Planned::Not(error));
    }
    let not_before = now.minus(BACK_DATED);
    let not_after = not_before.plus(lifetime(asked.request, old, now)).min(issuer.not_after);
    let added_names = wishes::added_names(asked.request, old);
    let renewal = Renewal {
        key: wishes::key(asked.request, entry)?,
        ..Renewal::of(old, &issuer.fingerprint, not_after).with_names(old, &added_names)
    };
    let issue = |step| {
        Action::Issue(Issue {
            step,
            at: at.clone(),
            store: store(candidate),
            authority_certificate: signer.certificate,
            authority_key: signer.key,
            not_before,
            added_names: added_names.clone(),
            renewal: renewal.clone(),
        })
    };
    let said = wishes::said(asked.request, &added_names);
    let how = format!("until {}, signed by {}{said}", not_after.minute(), signer.name);
    let noted = wishes::impact(asked.request, candidate, &added_names);
    assemble(world, candidate, issue, &renewal, &how, &noted).map(Planned::Step)
}

/// Backups, what makes the new identity lie ready (`prepare`, for the step of this name), and its writing.
pub(super) fn assemble(
    world: &World,
    candidate: &Candidate<'_>,
    prepare: impl FnOnce(String) -> Action,
    renewal: &Renewal,
    how: &str,
    noted: &str,
) -> Result<Step, Error> {
    let entry = candidate.entry;
    let at = &entry.at;
    let store = store(candidate);
    let id = step_id(&candidate.id());
    let expects = expected(entry, &store)?;
    let mut actions: Vec<Action> = expects.iter().map(Expected::backed_up).collect();
    actions.push(prepare(id.clone()));
    actions.push(Action::WriteIdentity(WriteIdentity {
        step: id.clone(),
        at: at.clone(),
        store: store.clone(),
        renewal: renewal.clone(),
    }));
    let uses: Vec<&Use> = world.inventory.uses.iter().filter(|use_| use_.place == *at).collect();
    let pending = uses.iter().filter_map(|use_| match (use_.takes_effect, use_.loaded.evidence) {
        (_, Evidence::NotRunning) => None,
        (TakesEffect::Timer { seconds }, _) => Some(seconds),
        _ => None,
    });
    Ok(Step {
        id,
        node: at.node().map(str::to_owned),
        title: format!("{} {how}", candidate.name()),
        actions,
        expects,
        undo: Undo::Restore(store.paths().iter().map(|path| at.beside(path)).collect()),
        impact: format!("{}{noted}", impact(candidate, &uses, &store)),
        pending_seconds: pending.max(),
    })
}

fn impact(candidate: &Candidate<'_>, uses: &[&Use], store: &IdentityStore) -> String {
    if candidate.leaf.name == operator::NAME {
        let path = candidate.entry.at.path().unwrap_or_default();
        return format!(
            "{path} on your own machine: kubectl uses it from its next call; other copies keep the old certificate"
        );
    }
    activate::impact(uses, store)
}

/// Of the step that renews the leaf of this name.
pub(super) fn step_id(leaf: &str) -> String {
    format!("renew-{leaf}")
}

impl Expected {
    pub(super) fn backed_up(&self) -> Action {
        Action::BackUp(BackUp { at: self.at.clone(), digest: self.digest.clone() })
    }
}

/// The files that will be replaced, as they are now; all that the store consists of must be among them.
pub(super) fn expected(entry: &Entry, store: &IdentityStore) -> Result<Vec<Expected>, Error> {
    let at = &entry.at;
    let (Some(digest), Some(file), true) = (&entry.digest, at.whole_file(), entry.key != KeyState::Absent) else {
        return Err(Error::refused(format!("{at} cannot be renewed: its private key was not found beside it"))
            .about(at)
            .hint("it is renewed on the machine that has the key"));
    };
    let mut expects = vec![Expected { at: file, digest: digest.clone() }];
    if let (Some(key_at), Some(digest)) = (&entry.key_at, &entry.key_digest) {
        expects.push(Expected { at: (**key_at).clone(), digest: digest.clone() });
    }
    if let Some(path) = store.paths().iter().find(|path| !expects.iter().any(|known| known.at == at.beside(path))) {
        let why = match entry.key {
            KeyState::Unreadable => format!("its private key {path} cannot be read as one"),
            _ => format!("its private key was found in the certificate's own file, and not in {path}"),
        };
        return Err(Error::refused(format!("{at} cannot be renewed: {why}"))
            .about(at)
            .hint(format!("put a private key into {path}, even one that does not belong to the certificate")));
    }
    Ok(expects)
}

/// The authority that signs, on a disk that has its key.
struct Signer<'a> {
    name: &'static str,
    issuer: &'a Certificate,
    certificate: Location,
    key: Location,
}

/// On the leaf's own node where that has the key, else on another one: a worker has none.
fn signer<'a>(world: &'a World, candidate: &Candidate<'_>) -> Result<Result<Signer<'a>, String>, Error> {
    let Candidate { entry, layout, found, .. } = candidate;
    let at = &entry.at;
    let authority = authority(candidate)?;
    let own = held(world, found, authority);
    let Some(holder) = own.entry else {
        return Err(Error::refused(format!(
            "{at} cannot be renewed: its authority's certificate {} was not found",
            own.certificate
        ))
        .about(at)
        .hint("restore it from a backup or from another control-plane node"));
    };
    let Some(issuer) = first(world, holder) else {
        return Err(
            Error::refused(format!("{at} cannot be renewed: {} holds no certificate", own.certificate)).about(at)
        );
    };
    let signer = |held: Held<'a>| Signer { name: authority.name, issuer, certificate: held.certificate, key: held.key };
    match holder.key {
        KeyState::Matches => Ok(Ok(signer(own))),
        KeyState::Absent => {
            let others = world.inventory.layouts.iter().filter(|other| other.name == layout.name);
            let other = others.map(|other| held(world, other, authority)).find(|held| {
                held.entry.is_some_and(|entry| {
                    entry.key == KeyState::Matches
                        && first(world, entry).is_some_and(|other| other.fingerprint == issuer.fingerprint)
                })
            });
            Ok(other.map(signer).ok_or_else(|| format!("{} ({})", authority.name, own.certificate)))
        }
        KeyState::Differs => Err(Error::refused(format!(
            "{at} cannot be renewed: the key {} does not belong to the first certificate of {}",
            own.key, own.certificate
        ))
        .about(&own.certificate)
        .hint("put the right key back, or the certificate that belongs to it; nothing was changed")),
        KeyState::Unreadable => {
            Err(Error::unreadable(format!("{at} cannot be renewed: the key of {} cannot be read", own.certificate))
                .about(&own.certificate))
        }
    }
}

pub(super) fn authority(candidate: &Candidate<'_>) -> Result<&'static Authority, Error> {
    let Candidate { entry, layout, leaf, .. } = candidate;
    layout.authority(leaf.signer).ok_or_else(|| {
        let at = &entry.at;
        Error::refused(format!("{at}: its authority has no name in the layout {}", layout.name)).about(at)
    })
}

/// What of the leaf's own node trusts it: place, and what was found there.
pub(super) fn bundle<'a>(world: &'a World, candidate: &Candidate<'_>) -> Result<(Location, Option<&'a Entry>), Error> {
    Ok(held_by(world, candidate.found, authority(candidate)?))
}

/// An authority as one node holds it.
struct Held<'a> {
    entry: Option<&'a Entry>,
    certificate: Location,
    key: Location,
}

fn held<'a>(world: &'a World, found: &FoundLayout, authority: &Authority) -> Held<'a> {
    let at = |path| found.place(path);
    let certificate = at(authority.certificate);
    Held { entry: world.inventory.entry(&certificate), key: at(authority.key), certificate }
}

/// An authority's certificate on one node: its place, and what was found there.
pub(super) fn held_by<'a>(
    world: &'a World,
    found: &FoundLayout,
    authority: &Authority,
) -> (Location, Option<&'a Entry>) {
    let held = held(world, found, authority);
    (held.certificate, held.entry)
}

/// kubeadm's own rule: the first certificate of the file is the authority.
fn first<'a>(world: &'a World, holder: &Entry) -> Option<&'a Certificate> {
    world.inventory.certificates.get(holder.certificates().first()?)
}

/// That of the old one, unless asked otherwise.
fn lifetime(request: &Renew, old: &Certificate, now: Time) -> Span {
    if let Some(asked) = request.validity {
        return Span(asked.0 + BACK_DATED.0);
    }
    let lifetime = old.not_after.since(old.not_before);
    if old.is_expired(now) { lifetime.max(Span(AT_LEAST_WHEN_EXPIRED.0 + BACK_DATED.0)) } else { lifetime }
}

pub(super) fn store(candidate: &Candidate<'_>) -> IdentityStore {
    let Candidate { entry, leaf, found, .. } = candidate;
    let path_of = |path| found.path(path);
    match (&entry.at.place, leaf.store) {
        (Place::Kubeconfig { path, field: KubeconfigField::User(user), .. }, _) => {
            IdentityStore::Kubeconfig { path: path.clone(), user: user.clone() }
        }
        (_, Store::Pair { certificate, key }) => {
            IdentityStore::Pair { certificate: path_of(certificate), key: path_of(key) }
        }
        (_, Store::Combined(path) | Store::Kubeconfig(path)) => IdentityStore::Combined { path: path_of(path) },
        // No candidate has one.
        (_, Store::NoUsualPlace) => IdentityStore::Combined { path: entry.at.path().unwrap_or_default().to_owned() },
    }
}
