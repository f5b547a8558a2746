//! What the values of one Secret hold: PEM under any key, keystores, kubeconfigs. Everything else is passed over, and what
//! was decoded is wiped.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memchr::memmem;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::gather::{Found, Key, Kind, add, key_names};
use super::passwords;
use crate::formats::keystore::{self, Identity, Password};
use crate::formats::{self, Content, KubeconfigView, pem};
use crate::model::{Gap, GapReason, Inventory, KubeconfigField, Location, Origin, Place, Pointer, TrustEdge};

#[derive(Deserialize)]
pub(super) struct Secret<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    pub(super) data: Option<BTreeMap<Text<'a>, Text<'a>>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(default, borrow)]
    namespace: Text<'a>,
}

/// Borrowed where nothing in it is escaped; a bare `Cow` inside of a map would be copied always.
#[derive(Default, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Takes one Secret after the other.
pub(super) struct Gathering<'a> {
    given: Option<&'a Password>,
    pub(super) inventory: Inventory,
    namespace: Arc<str>,
    /// Most Secrets have the same few.
    keys: BTreeSet<Arc<str>>,
}

/// What of a Secret is being told of.
struct Names {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl<'a> Gathering<'a> {
    pub(super) fn new(given: Option<&'a Password>, inventory: Inventory) -> Self {
        Self { given, inventory, namespace: "".into(), keys: BTreeSet::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret<'_>) {
        let values: BTreeMap<&str, Value> = secret
            .data
            .iter()
            .flatten()
            .filter_map(|(key, value)| Some((&*key.0, Value::of(pem::decode_base64(&value.0)?)?)))
            .collect();
        if values.is_empty() {
            return;
        }
        if *self.namespace != *secret.metadata.namespace.0 {
            self.namespace = secret.metadata.namespace.0.as_ref().into();
        }
        let names = Names { namespace: Arc::clone(&self.namespace), name: secret.metadata.name.0.as_ref().into() };
        for (key, value) in &values {
            match value {
                Value::Text { content, unseen } => self.text(&names, key, content, *unseen, &values),
                Value::Keystore(bytes) => {
                    let at = self.at(&names, key);
                    let passwords = passwords::at_hand(secret, self.given);
                    self.keystore(&at, bytes, &passwords);
                }
            }
        }
        if values.contains_key("ca.crt") && values.contains_key("tls.crt") && !self.inventory.without_der {
            let (bundle, presented) = (self.at(&names, "ca.crt"), self.at(&names, "tls.crt"));
            self.inventory.edges.push(TrustEdge { bundle, presented });
        }
    }

    fn at(&mut self, names: &Names, key: &str) -> Location {
        let known = self.keys.get(key).map(Arc::clone);
        let key = known.unwrap_or_else(|| {
            let key: Arc<str> = key.into();
            self.keys.insert(Arc::clone(&key));
            key
        });
        let Names { namespace, name } = names;
        Location::from(Place::Secret { namespace: Arc::clone(namespace), name: Arc::clone(name), key })
    }

    fn text(
        &mut self,
        names: &Names,
        key: &str,
        content: &Content,
        unseen: Option<&'static str>,
        values: &BTreeMap<&str, Value>,
    ) {
        let at = self.at(names, key);
        if let Some(view) = &content.kubeconfig {
            self.kubeconfig(&at, view);
        }
        if let Some(fault) = &content.kubeconfig_fault {
            self.gap(&at, GapReason::BadKubeconfig, fault.clone());
        }
        if content.certificates.is_empty() && content.broken.is_empty() && content.cut.is_empty() {
            return;
        }
        if let Some(unseen) = unseen {
            self.gap(&at, GapReason::BadPem, unseen.to_owned());
        }
        let beside = key_names(key).into_iter().find_map(|name| match values.get(&*name) {
            Some(Value::Text { content, .. }) if content.has_key() => Some((name, content)),
            _ => None,
        });
        let own = match (Key::inside(content), beside) {
            (Key::None, Some((name, other))) => {
                let at = Some(self.at(names, &name));
                match Key::inside(other) {
                    Key::Public { id, .. } => Key::Public { id, at, digest: None },
                    Key::Unreadable { .. } => Key::Unreadable { at },
                    Key::None => Key::None,
                }
            }
            (inside, _) => inside,
        };
        let kind = match key {
            "ca.crt" => Kind::Bundle,
            "tls.crt" => Kind::Chain,
            _ => Kind::Guess,
        };
        self.add(at, content, own, kind);
    }

    /// Its trusted certificates are the value itself, and so is the only identity where there are none. Beside identities, which
    /// have their aliases, the trusted ones have the empty name: whoever names the value means all of it.
    fn keystore(&mut self, at: &Location, bytes: &[u8], passwords: &[Password]) {
        let Some(store) = keystore::read(bytes, passwords) else { return };
        for (reason, message) in store.gaps {
            self.gap(at, reason, message);
        }
        let alone = store.trusted.is_empty() && store.identities.len() == 1;
        if !store.trusted.is_empty() {
            let content = Content { certificates: store.trusted, ..Content::default() };
            let own = if store.identities.is_empty() { at.clone() } else { at.clone().field(Pointer::json([""])) };
            self.add(own, &content, Key::None, Kind::Bundle);
        }
        let mut seen = BTreeSet::new();
        for Identity { alias, content, locked } in store.identities {
            if !seen.insert(alias.clone()) {
                continue;
            }
            let own = if alone { at.clone() } else { at.clone().field(Pointer::json([alias.as_str()])) };
            let key = if locked { Key::Unreadable { at: None } } else { Key::inside(&content) };
            self.add(own, &content, key, Kind::Chain);
        }
    }

    fn kubeconfig(&mut self, at: &Location, view: &KubeconfigView) {
        let clusters = view
            .clusters
            .iter()
            .map(|cluster| (KubeconfigField::Cluster(cluster.name.clone()), &cluster.embedded, Kind::Bundle));
        let users =
            view.users.iter().map(|user| (KubeconfigField::User(user.name.clone()), &user.embedded, Kind::Chain));
        let mut seen = BTreeSet::new();
        for (field, embedded, kind) in clusters.chain(users) {
            let own = at.clone().field(Pointer::Kubeconfig(field));
            // Of two with one name kubectl takes none, and nobody else reads them from a Secret.
            let (Some(content), true) = (embedded, seen.insert(own.clone())) else { continue };
            let key = if kind == Kind::Chain { Key::inside(content) } else { Key::None };
            self.add(own, content, key, kind);
        }
    }

    fn add(&mut self, at: Location, content: &Content, key: Key, kind: Kind) {
        // Nothing compares digests of what the API server versions itself.
        add(&mut self.inventory, Found { at, content, key, kind, origin: Origin::default(), digest: None });
    }

    fn gap(&mut self, at: &Location, reason: GapReason, message: String) {
        self.inventory.gaps.push(Gap { at: at.clone(), reason, message });
    }
}

enum Value {
    /// With what the components of Kubernetes do not see of it.
    Text {
        content: Box<Content>,
        unseen: Option<&'static str>,
    },
    Keystore(Zeroizing<Vec<u8>>),
}

impl Value {
    /// Most large values are nothing of ours, and are looked at no longer than it takes to know.
    fn of(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        if keystore::looks_like_one(&bytes) {
            return Some(Self::Keystore(bytes));
        }
        let has = |text: &str| memmem::find(&bytes, text.as_bytes()).is_some();
        let is_utf16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
        let is_kubeconfig = || has("clusters") && has("contexts") && has("users");
        (is_utf16 || has("-----BEGIN ") || is_kubeconfig()).then_some(())?;
        let content = formats::read(&bytes);
        (!content.is_empty()).then(|| Self::Text { content: Box::new(content), unseen: pem::unseen_by_go(&bytes) })
    }
}
