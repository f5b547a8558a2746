//! What can be done, as a closed list. Each action says by what it is known to be done, and what it makes of the world.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::condition::{Condition, NewKey, Renewal, with_names};
use super::signed::leaf_of;
use super::{World, on_node};
use crate::formats::certificate::sha256;
use crate::model::{
    CertId, Certificate, Entry, Evidence, Holds, IdentityStore, KeyId, KeyState, Location, Purpose, ServerName,
    TakesEffect, Time, Use,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    BackUp(BackUp),
    /// Makes a key where the identity is used and has the authority sign for it; nothing is in use yet.
    Issue(Issue),
    /// Takes the key that was kept for a request and the certificate that an authority elsewhere gave for it; nothing is in
    /// use yet.
    Import(Import),
    /// Puts the staged key and certificate in place.
    WriteIdentity(WriteIdentity),
    /// Takes away what a component makes for itself when it is not there, and restarts it.
    Remake(Remake),
    /// Ends the component's container, so that it starts with what is on the disk.
    Restart(Restart),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackUp {
    pub at: Location,
    pub digest: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Issue {
    pub step: String,
    pub at: Location,
    pub store: IdentityStore,
    /// On the node that has the authority's key, which may be another one.
    pub authority_certificate: Location,
    pub authority_key: Location,
    pub not_before: Time,
    /// Names that it gets beside those of the old certificate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_names: Vec<ServerName>,
    pub renewal: Renewal,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Import {
    pub step: String,
    pub at: Location,
    pub store: IdentityStore,
    /// Under which the key is kept on its node.
    pub name: String,
    /// PEM, the leaf first.
    pub certificate: String,
    pub renewal: Renewal,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WriteIdentity {
    pub step: String,
    pub at: Location,
    pub store: IdentityStore,
    pub renewal: Renewal,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Remake {
    pub component: String,
    pub at: Location,
    pub store: IdentityStore,
    /// What must be gone.
    pub old: CertId,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Restart {
    pub component: String,
    /// What it reads at its start.
    pub at: Location,
    /// Others are turned away first, so that they go elsewhere before it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drain: Option<DrainFirst>,
}

/// So that no request is lost: load balancers need this time to notice that a server is away, and as long to notice that
/// it is back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DrainFirst {
    pub port: u16,
    pub seconds: u16,
}

impl Action {
    /// All of these hold when it is done, whoever did it.
    pub fn goal(&self) -> Vec<Condition> {
        match self {
            Self::BackUp(back_up) => {
                vec![Condition::BackedUp { at: back_up.at.clone(), digest: back_up.digest.clone() }]
            }
            Self::Issue(issue) => {
                vec![Condition::Staged { step: issue.step.clone(), renewal: Box::new(issue.renewal.clone()) }]
            }
            Self::Import(import) => {
                vec![Condition::Staged { step: import.step.clone(), renewal: Box::new(import.renewal.clone()) }]
            }
            Self::WriteIdentity(write) => {
                vec![Condition::Renewed { at: write.at.clone(), renewal: Box::new(write.renewal.clone()) }]
            }
            Self::Remake(remake) => vec![Condition::Remade { at: remake.at.clone(), old: remake.old.clone() }],
            Self::Restart(restart) => {
                vec![Condition::Restarted { component: restart.component.clone(), at: restart.at.clone() }]
            }
        }
    }

    /// For people, who see nothing happen meanwhile: what is waited for, and why.
    pub fn waits_for(&self) -> Option<String> {
        let on = |at: &Location| at.node().map_or_else(String::new, |node| format!(" on {node}"));
        match self {
            Self::Restart(Restart { component, at, drain: Some(drain) }) => Some(format!(
                "{component}{} turns new connections away for {} s so that its clients go to the others, starts anew, and \
                 must be healthy before they come back",
                on(at),
                drain.seconds
            )),
            Self::Restart(Restart { component, at, drain: None }) => Some(format!(
                "{component}{} starts anew, and must be healthy before anything else is restarted",
                on(at)
            )),
            Self::Remake(Remake { component, at, .. }) => {
                Some(format!("{component}{} starts anew, makes its certificate, and must be healthy", on(at)))
            }
            Self::BackUp(_) | Self::Issue(_) | Self::Import(_) | Self::WriteIdentity(_) => None,
        }
    }

    /// The world after it, for rehearsal and simulation only. New certificates get made-up fingerprints.
    pub fn effect(&self, world: &mut World) {
        match self {
            Self::BackUp(back_up) => {
                world.backups.insert(back_up.at.clone(), back_up.digest.clone());
            }
            Self::Issue(issue) => {
                let Some(old) = world.leaf(&issue.at) else { return };
                let new = issue.imagined(old, world);
                world.trust.will_be_signed(new.fingerprint.clone(), issue.renewal.issuer.clone());
                world.staged.insert(issue.step.clone(), (new.public_key.clone(), Some(new)));
            }
            Self::Import(import) => {
                let Some((new, der)) = leaf_of(&import.certificate) else { return };
                // It exists: its signature is judged, and not taken for granted.
                world.inventory.der.insert(new.fingerprint.clone(), der);
                world.inventory.certificates.insert(new.fingerprint.clone(), new.clone());
                if world.trust.signed(&new.fingerprint).is_none() {
                    world.trust.update(&world.inventory);
                }
                world.staged.insert(import.step.clone(), (new.public_key.clone(), Some(new)));
            }
            Self::WriteIdentity(write) => write.effect(world),
            Self::Remake(remake) => remake.effect(world),
            Self::Restart(restart) => start(world, &restart.at, &restart.component),
        }
    }
}

impl Issue {
    /// The certificate that will be, as far as it can be known before its key exists.
    fn imagined(&self, old: &Certificate, world: &World) -> Certificate {
        let Self { step, renewal, .. } = self;
        let seed = format!("{step} {}", old.fingerprint);
        let issuer = world.inventory.certificates.get(&renewal.issuer);
        let new_key = KeyId(sha256(format!("key of {seed}").as_bytes()));
        let (public_key, key_algorithm) = match &renewal.key {
            // Nobody makes a certificate for a given key here; it would be that key's.
            NewKey::This(key) => (key.clone(), old.key_algorithm.clone()),
            NewKey::Another => (new_key, old.key_algorithm.clone()),
            NewKey::OfKind(kind) => (new_key, kind.name().into()),
            NewKey::Old => (old.public_key.clone(), old.key_algorithm.clone()),
        };
        Certificate {
            fingerprint: CertId(sha256(seed.as_bytes())),
            public_key,
            key_algorithm,
            not_before: self.not_before,
            not_after: renewal.not_after,
            version: 3,
            subject_key_id: None,
            authority_key_id: issuer.and_then(|issuer| issuer.subject_key_id.clone()),
            issuer: issuer.map_or_else(|| old.issuer.clone(), |issuer| issuer.subject.as_str().into()),
            issuer_key: issuer.map_or_else(|| old.issuer_key.clone(), |issuer| issuer.subject_key.clone()),
            ..with_names(old, &self.added_names)
        }
    }
}

impl WriteIdentity {
    fn effect(&self, world: &mut World) {
        if let Some((_, Some(new))) = world.staged.get(&self.step).cloned() {
            put(world, &self.at, &self.files(), new);
        }
    }

    /// What it writes.
    pub fn files(&self) -> Vec<Location> {
        self.store.paths().iter().map(|path| self.at.beside(path)).collect()
    }
}

impl Remake {
    fn effect(&self, world: &mut World) {
        let Some(old) = world.leaf(&self.at) else { return };
        put(world, &self.at, &self.files(), imagined_anew(old));
        // The authorities that it makes for the moment come with it.
        let World { inventory, trust, .. } = world;
        let entry = inventory.entries.iter_mut().find(|entry| entry.at == self.at);
        if let Some(Entry { holds: Holds::Chain(ids), .. }) = entry {
            for id in ids.iter_mut().skip(1) {
                let Some(new) = inventory.certificates.get(id).map(imagined_anew) else { continue };
                *id = new.fingerprint.clone();
                inventory.certificates.insert(id.clone(), new);
            }
            for pair in ids.windows(2) {
                trust.will_be_signed(pair[0].clone(), pair[1].clone());
            }
        }
        start(world, &self.at, &self.component);
    }

    /// What it takes away.
    pub fn files(&self) -> Vec<Location> {
        self.store.paths().iter().map(|path| self.at.beside(path)).collect()
    }
}

/// What a component makes for itself in place of what it made before.
fn imagined_anew(old: &Certificate) -> Certificate {
    let seed = format!("remade {}", old.fingerprint);
    Certificate {
        fingerprint: CertId(sha256(seed.as_bytes())),
        public_key: KeyId(sha256(format!("key of {seed}").as_bytes())),
        ..old.clone()
    }
}

/// An identity takes the place of the old one; servers present it, and clients take notice as they do.
fn put(world: &mut World, at: &Location, files: &[Location], new: Certificate) {
    let id = new.fingerprint.clone();
    let now = world.inventory.read_at;
    for use_ in world.inventory.uses.iter_mut().filter(|use_| use_.place == *at) {
        use_.stored = Some(id.clone());
        use_.loaded.written = Some(now);
        if use_.loaded.evidence == Evidence::NotRunning {
            continue;
        }
        if let Purpose::Serve { address: Some(address) } = &use_.purpose {
            world.presented.insert(on_node(at, address), id.clone());
        }
        (use_.loaded.certificate, use_.loaded.evidence) = match (use_.loaded.evidence, use_.takes_effect) {
            (Evidence::Handshake, _) => (Some(id.clone()), Evidence::Handshake),
            (_, TakesEffect::EachHandshake) => (Some(id.clone()), Evidence::ReadOnEachUse),
            (_, TakesEffect::Watch | TakesEffect::Timer { .. }) => (Some(id.clone()), Evidence::Assumed),
            (_, TakesEffect::Restart) => (None, Evidence::ProcessOlder),
        };
    }
    if let Some(entry) = world.inventory.entries.iter_mut().find(|entry| entry.at == *at) {
        if let Holds::Chain(ids) = &mut entry.holds
            && let Some(first) = ids.first_mut()
        {
            *first = id.clone();
        }
        entry.key = KeyState::Matches;
        entry.key_public = Some(new.public_key.clone());
    }
    let is_written = |at: &Location| at.whole_file().is_some_and(|file| files.contains(&file));
    for entry in &mut world.inventory.entries {
        // Not foreseeable: they are known when the files are read again. A file may hold several entries.
        if is_written(&entry.at) {
            entry.digest = None;
        }
        if entry.key_at.as_deref().is_some_and(is_written) {
            entry.key_digest = None;
        }
    }
    world.inventory.certificates.insert(id, new);
    for file in files {
        world.written.insert(file.clone(), now);
    }
}

/// A component begins anew. When is not known, only that it is not before what it reads was written.
fn start(world: &mut World, at: &Location, component: &str) {
    let written = world.written.get(at).copied().unwrap_or_default();
    let started = world.started.entry(on_node(at, component)).or_default();
    *started = written.max(*started);
    let its = |use_: &&mut Use| use_.component == component && use_.place.node() == at.node();
    for use_ in world.inventory.uses.iter_mut().filter(its) {
        if use_.loaded.evidence == Evidence::NotRunning {
            continue;
        }
        use_.loaded.started = Some(*started);
        if use_.loaded.evidence != Evidence::Handshake {
            (use_.loaded.certificate, use_.loaded.evidence) = (use_.stored.clone(), Evidence::ProcessYounger);
        }
    }
}
