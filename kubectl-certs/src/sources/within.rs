//! What lies within one file or value: kubeconfigs, keystores, structured documents and tokens, each part a place of its own.

use std::collections::BTreeSet;

use super::gather::{Found, Key, Kind, add};
use crate::formats::keystore::{Identity, Store};
use crate::formats::{Content, Field, KubeconfigView};
use crate::model::{Entry, Gap, Holds, Inventory, KeyState, KubeconfigField, Location, Origin, Pointer, Token};

/// Where these parts lie, and what is known of all of them.
pub(super) struct Whole<'a> {
    pub(super) at: &'a Location,
    pub(super) origin: &'a Origin,
    /// Where somebody compares them.
    pub(super) digest: Option<&'a str>,
}

impl Whole<'_> {
    fn add(&self, inventory: &mut Inventory, at: Location, content: &Content, key: Key, kind: Kind) {
        let (origin, digest) = (self.origin.clone(), self.digest.map(str::to_owned));
        add(inventory, Found { at, content, key, kind, origin, digest });
    }
}

/// Whatever parts there are.
pub(super) fn add_parts(inventory: &mut Inventory, whole: &Whole<'_>, content: &Content) {
    if let Some(view) = &content.kubeconfig {
        add_kubeconfig(inventory, whole, view);
    }
    if let Some(store) = &content.keystore {
        add_keystore(inventory, whole, store);
    }
    if let Some(token) = &content.token {
        add_token(inventory, whole, whole.at.clone(), token);
    }
    for field in &content.fields {
        add_field(inventory, whole, field);
    }
}

/// Of a value that is a kubeconfig, and not the file that somebody works with.
fn add_kubeconfig(inventory: &mut Inventory, whole: &Whole<'_>, view: &KubeconfigView) {
    let clusters = view
        .clusters
        .iter()
        .map(|cluster| (KubeconfigField::Cluster(cluster.name.clone()), &cluster.embedded, &None, Kind::Bundle));
    let users = view
        .users
        .iter()
        .map(|user| (KubeconfigField::User(user.name.clone()), &user.embedded, &user.token, Kind::Chain));
    let mut seen = BTreeSet::new();
    for (field, embedded, token, kind) in clusters.chain(users) {
        // Of two with one name kubectl takes none, and nobody else reads them from such a place.
        if !seen.insert(field.clone()) {
            continue;
        }
        let at = whole.at.clone().field(Pointer::Kubeconfig(field));
        if let Some(content) = embedded {
            let key = if kind == Kind::Chain { Key::inside(content) } else { Key::None };
            whole.add(inventory, at, content, key, kind);
        } else if let Some(token) = token {
            add_token(inventory, whole, at, token);
        }
    }
}

/// Its trusted certificates are the value itself, and so is the only identity where there are none. Beside identities, which
/// have their aliases, the trusted ones have the empty name: whoever names the value means all of it.
fn add_keystore(inventory: &mut Inventory, whole: &Whole<'_>, store: &Store) {
    for (reason, message) in &store.gaps {
        inventory.gaps.push(Gap { at: whole.at.clone(), reason: *reason, message: message.clone() });
    }
    let part = |name: &str| whole.at.clone().field(Pointer::json([name]));
    let alone = store.trusted.is_empty() && store.identities.len() == 1;
    if !store.trusted.is_empty() {
        let content = Content { certificates: store.trusted.clone(), ..Content::default() };
        let at = if store.identities.is_empty() { whole.at.clone() } else { part("") };
        whole.add(inventory, at, &content, Key::None, Kind::Bundle);
    }
    let mut seen = BTreeSet::new();
    for Identity { alias, content, locked } in &store.identities {
        if !seen.insert(alias) {
            continue;
        }
        let at = if alone { whole.at.clone() } else { part(alias) };
        let key = if *locked { Key::Unreadable { at: None } } else { Key::inside(content) };
        whole.add(inventory, at, content, key, Kind::Chain);
    }
}

fn add_field(inventory: &mut Inventory, whole: &Whole<'_>, field: &Field) {
    let at = whole.at.clone().field(Pointer::json(field.keys.iter().map(String::as_str)));
    match &field.content.token {
        Some(token) => add_token(inventory, whole, at, token),
        None => whole.add(inventory, at, &field.content, Key::inside(&field.content), Kind::Guess),
    }
}

pub(super) fn add_token(inventory: &mut Inventory, whole: &Whole<'_>, at: Location, token: &Token) {
    inventory.entries.push(Entry {
        at,
        holds: Holds::Token(Box::new(token.clone())),
        key: KeyState::Absent,
        key_public: None,
        key_at: None,
        origin: whole.origin.clone().into(),
        digest: whole.digest.map(str::to_owned),
        key_digest: None,
        also_in: Box::default(),
    });
}
