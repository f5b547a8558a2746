//! `goal` holds on `effect`, for every action; and an effect is only what it declares.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use proptest::prelude::*;

use super::worlds::{NOW, Shape, layout, shapes};
use crate::formats::certificate::sha256_hex;
use crate::model::{KeyKind, Location, Purpose, ServerName, Span};
use crate::plan::action::{Action, BackUp, Import, Issue, Remake, Restart, WriteIdentity};
use crate::plan::condition::{NewKey, Renewal};
use crate::plan::signed::leaf_of;
use crate::plan::{OnNode, World, on_node};

proptest! {
    #[test]
    fn the_goal_of_every_action_holds_after_its_effect(shape in shapes()) {
        let world = with_answer(shape.world());
        for actions in sequences(&shape, &world) {
            let mut imagined = world.clone();
            for action in &actions {
                action.effect(&mut imagined);
                for goal in action.goal() {
                    prop_assert!(goal.holds(&imagined).is_ok(), "{goal}: {:?}\n{action:?}", goal.holds(&imagined));
                }
            }
        }
    }

    /// Before it is done, it is not done: a goal that always holds would prove nothing.
    #[test]
    fn no_goal_of_what_writes_holds_before(shape in shapes()) {
        let world = with_answer(shape.world());
        for action in sequences(&shape, &world).into_iter().flatten() {
            let already = action.goal().iter().all(|goal| goal.holds(&world).is_ok());
            prop_assert!(!already || matches!(action, Action::Restart(_)), "{action:?}");
        }
    }

    #[test]
    fn an_effect_changes_nothing_that_it_does_not_declare(shape in shapes()) {
        let world = with_answer(shape.world());
        for actions in sequences(&shape, &world) {
            let mut imagined = world.clone();
            for action in &actions {
                let before = imagined.clone();
                action.effect(&mut imagined);
                let undeclared = undeclared_changes(&before, &imagined, &Declared::by(action, &before));
                prop_assert!(undeclared.is_empty(), "{undeclared:?} by {action:?}");
            }
        }
    }
}

/// Every action that makes sense in this world, after those that it builds on. Without the planner: it would choose.
fn sequences(shape: &Shape, world: &World) -> Vec<Vec<Action>> {
    let mut sequences = Vec::new();
    for leaf in layout().leaves {
        let entry = world.inventory.entries.iter().find(|entry| entry.origin.name.as_deref() == Some(leaf.name));
        let Some((entry, old)) = entry.and_then(|entry| Some((entry, world.leaf(&entry.at)?))) else { continue };
        let issuer = world.trust.issuers(&old.fingerprint)[0].clone();
        for (key, added_names) in wishes() {
            let renewal = Renewal::of(old, &issuer, NOW.plus(Span(1000))).with_names(old, &added_names);
            let renewal = Renewal { key, ..renewal };
            let (store, step) = (shape.store(leaf), format!("renew-{}", leaf.name));
            let mut actions: Vec<Action> = store
                .paths()
                .into_iter()
                .map(|path| Action::BackUp(BackUp { digest: sha256_hex(path.as_bytes()), at: entry.at.beside(&path) }))
                .collect();
            actions.push(Action::Issue(Issue {
                step: step.clone(),
                at: entry.at.clone(),
                store: store.clone(),
                authority_certificate: entry.at.beside("ca.crt"),
                authority_key: entry.at.beside("ca.key"),
                not_before: NOW.minus(Span(300)),
                added_names,
                renewal: renewal.clone(),
            }));
            actions.push(Action::WriteIdentity(WriteIdentity { step, at: entry.at.clone(), store, renewal }));
            for use_ in world.inventory.uses.iter().filter(|use_| use_.place == entry.at) {
                let at = entry.at.whole_file().expect("a file");
                actions.push(Action::Restart(Restart { component: use_.component.clone(), at, drain: None }));
            }
            sequences.push(actions);
        }
        if leaf.signer == ANSWERED {
            let (store, step) = (shape.store(leaf), format!("renew-{}", leaf.name));
            let (new, _) = leaf_of(answer()).expect("a certificate");
            let renewal = Renewal {
                old: old.fingerprint.clone(),
                old_key: old.public_key.clone(),
                key: NewKey::This(new.public_key.clone()),
                ..Renewal::of(&new, &issuer, new.not_after)
            };
            let import = Action::Import(Import {
                step: step.clone(),
                at: entry.at.clone(),
                store: store.clone(),
                name: leaf.name.to_owned(),
                certificate: answer().to_owned(),
                renewal: renewal.clone(),
            });
            let write = Action::WriteIdentity(WriteIdentity { step, at: entry.at.clone(), store, renewal });
            sequences.push(vec![import, write]);
        }
        let (component, store) = ("kubelet".to_owned(), shape.store(leaf));
        let (at, old) = (entry.at.clone(), old.fingerprint.clone());
        sequences.push(vec![Action::Remake(Remake { component, at, store, old })]);
    }
    sequences
}

/// The authority that is elsewhere in these tests.
const ANSWERED: &str = "ca";

/// What it gave. That it signed this is a claim of the trust graph, as everything of this kind is here.
fn answer() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(vec!["answered.example".to_owned()]).expect("names");
        parameters.self_signed(&key).expect("a certificate").pem()
    })
}

fn with_answer(mut world: World) -> World {
    let authority = layout().authority(ANSWERED).expect("an authority");
    let entry = world.inventory.entries.iter().find(|entry| entry.origin.name.as_deref() == Some(authority.name));
    let issuer = entry.and_then(|entry| entry.certificates().first()).expect("its certificate").clone();
    let (new, _) = leaf_of(answer()).expect("a certificate");
    world.trust.will_be_signed(new.fingerprint, issuer);
    world
}

/// What may be asked of a renewal, one of each.
fn wishes() -> [(NewKey, Vec<ServerName>); 3] {
    let name = |text: &str| text.parse().expect("a name");
    [
        (NewKey::Another, Vec::new()),
        (NewKey::OfKind(KeyKind::Rsa4096), vec![name("added.example")]),
        (NewKey::Old, vec![name("192.0.2.9"), name("*.added.example")]),
    ]
}

/// What an action may change, and nothing else.
#[derive(Default)]
struct Declared {
    backups: BTreeSet<Location>,
    staged: BTreeSet<String>,
    places: BTreeSet<Location>,
    addresses: BTreeSet<OnNode>,
    started: BTreeSet<OnNode>,
    written: BTreeSet<Location>,
    new_certificates: usize,
}

impl Declared {
    /// Without a wildcard: whoever adds an action says here what it may change, and adds it to `sequences`.
    fn by(action: &Action, world: &World) -> Self {
        let mut declared = Self::default();
        match action {
            Action::BackUp(back_up) => {
                declared.backups.insert(back_up.at.clone());
            }
            Action::Issue(issue) => {
                declared.staged.insert(issue.step.clone());
            }
            Action::Import(import) => {
                declared.staged.insert(import.step.clone());
                declared.new_certificates = 1;
            }
            Action::WriteIdentity(write) => declared.put(&write.at, write.files(), world),
            Action::Remake(remake) => {
                declared.put(&remake.at, remake.files(), world);
                let entry = world.inventory.entry(&remake.at).expect("what is made anew");
                declared.new_certificates = entry.certificates().len();
                declared.started.insert(on_node(&remake.at, &remake.component));
            }
            Action::Restart(restart) => {
                declared.started.insert(on_node(&restart.at, &restart.component));
            }
        }
        declared
    }

    /// A new identity in this place.
    fn put(&mut self, at: &Location, files: Vec<Location>, world: &World) {
        self.places.insert(at.clone());
        self.written.extend(files);
        self.new_certificates = 1;
        let uses = world.inventory.uses.iter().filter(|use_| use_.place == *at);
        self.addresses.extend(uses.filter_map(|use_| match &use_.purpose {
            Purpose::Serve { address } => Some(on_node(at, address.as_ref()?)),
            _ => None,
        }));
    }
}

fn undeclared_changes(before: &World, after: &World, declared: &Declared) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(changed("backup", &before.backups, &after.backups, &declared.backups));
    found.extend(changed("staged", &before.staged, &after.staged, &declared.staged));
    found.extend(changed("presented", &before.presented, &after.presented, &declared.addresses));
    found.extend(changed("started", &before.started, &after.started, &declared.started));
    found.extend(changed("written", &before.written, &after.written, &declared.written));
    let (old, new) = (&before.inventory, &after.inventory);
    let by_place = |inventory: &crate::model::Inventory| -> BTreeMap<_, _> {
        inventory.entries.iter().map(|entry| (entry.at.clone(), entry.clone())).collect()
    };
    found.extend(changed("entry", &by_place(old), &by_place(new), &declared.places));
    for (old, new) in old.uses.iter().zip(&new.uses) {
        let its_own = declared.started.contains(&on_node(&old.place, &old.component));
        if old != new && !its_own && !declared.places.contains(&old.place) {
            found.push(format!("use of {}", old.place));
        }
    }
    if old.certificates.iter().any(|(id, certificate)| new.certificates.get(id) != Some(certificate))
        || new.certificates.len() > old.certificates.len() + declared.new_certificates
        || old.uses.len() != new.uses.len()
        || old.der.iter().any(|(id, der)| new.der.get(id) != Some(der))
        || new.der.len() > old.der.len() + declared.new_certificates
        || (old.read_at, &old.layouts, &old.edges) != (new.read_at, &new.layouts, &new.edges)
        || old.gaps != new.gaps
    {
        found.push("something else of the inventory".to_owned());
    }
    for id in old.certificates.keys() {
        if before.trust.signed(id) != after.trust.signed(id) {
            found.push(format!("who signed {id}"));
        }
    }
    found
}

fn changed<K: Ord + core::fmt::Debug, V: PartialEq>(
    what: &str,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    declared: &BTreeSet<K>,
) -> Vec<String> {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(key) != after.get(key) && !declared.contains(key))
        .map(|key| format!("{what} {key:?}"))
        .collect()
}
