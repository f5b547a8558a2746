//! What the values of one Secret hold: PEM under any key, keystores, kubeconfigs. Everything else is passed over, and what
//! was decoded is wiped.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use memchr::memmem;
use serde::Deserialize;

use super::super::gather::{Found, Key, Kind, add, key_names};
use super::super::within::{Whole, add_parts};
use super::passwords;
use super::promising::is_promising;
use crate::formats::keystore::{self, Password};
use crate::formats::{self, Content, pem, token};
use crate::model::{Gap, GapReason, Inventory, Location, Origin, Place, TrustEdge};

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
pub(super) struct Gathering {
    given: Option<Password>,
    pub(super) inventory: Inventory,
    namespace: Arc<str>,
    /// Most Secrets have the same few.
    keys: BTreeSet<Arc<str>>,
    /// Authorities that lie in many Secrets are read once.
    recent: VecDeque<(Box<str>, Arc<Content>)>,
}

const RECENT: usize = 8;

/// Is it worth being remembered, and no secret?
fn is_bundle_of_many(key: &str, value: &str, content: &Content) -> bool {
    const LARGEST: usize = 64 << 10;
    key == "ca.crt" && value.len() <= LARGEST && !content.has_key() && content.keystore.is_none()
}

/// What of a Secret is being told of.
struct Names {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl Gathering {
    pub(super) fn new(given: Option<&Password>, inventory: Inventory) -> Self {
        Self { given: given.cloned(), inventory, namespace: "".into(), keys: BTreeSet::new(), recent: VecDeque::new() }
    }

    pub(super) fn take(&mut self, secret: &Secret<'_>) {
        let data = secret.data.iter().flatten();
        let values: BTreeMap<&str, Arc<Content>> =
            data.filter_map(|(key, value)| Some((&*key.0, self.content(secret, &key.0, &value.0)?))).collect();
        if values.is_empty() {
            return;
        }
        if *self.namespace != *secret.metadata.namespace.0 {
            self.namespace = secret.metadata.namespace.0.as_ref().into();
        }
        let names = Names { namespace: Arc::clone(&self.namespace), name: secret.metadata.name.0.as_ref().into() };
        for (key, content) in &values {
            self.value(&names, key, content, &values);
        }
        if values.contains_key("ca.crt") && values.contains_key("tls.crt") && !self.inventory.without_der {
            let (bundle, presented) = (self.at(&names, "ca.crt"), self.at(&names, "tls.crt"));
            self.inventory.edges.push(TrustEdge { bundle, presented });
        }
    }

    fn content(&mut self, secret: &Secret<'_>, key: &str, value: &str) -> Option<Arc<Content>> {
        if !is_promising(value) {
            return None;
        }
        if let Some((_, content)) = self.recent.iter().find(|(before, _)| **before == *value) {
            return Some(Arc::clone(content));
        }
        let passwords = || passwords::at_hand(secret, self.given.as_ref());
        let content = Arc::new(content_of(&pem::decode_base64(value)?, passwords)?);
        if is_bundle_of_many(key, value, &content) {
            self.recent.truncate(RECENT - 1);
            self.recent.push_front((value.into(), Arc::clone(&content)));
        }
        Some(content)
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

    fn value(&mut self, names: &Names, key: &str, content: &Content, values: &BTreeMap<&str, Arc<Content>>) {
        let at = self.at(names, key);
        // Nothing compares digests of what the API server versions itself.
        add_parts(&mut self.inventory, &Whole { at: &at, origin: &Origin::default(), digest: None }, content);
        if let Some(fault) = &content.kubeconfig_fault {
            self.gap(&at, GapReason::BadKubeconfig, fault.clone());
        }
        if content.certificates.is_empty() && content.broken.is_empty() && content.cut.is_empty() {
            return;
        }
        let beside = key_names(key).into_iter().find_map(|name| {
            let content = values.get(&*name).filter(|content| content.has_key())?;
            Some((name, content))
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

    fn add(&mut self, at: Location, content: &Content, key: Key, kind: Kind) {
        // Nothing compares digests of what the API server versions itself.
        add(&mut self.inventory, Found { at, content, key, kind, origin: Origin::default(), digest: None });
    }

    fn gap(&mut self, at: &Location, reason: GapReason, message: String) {
        self.inventory.gaps.push(Gap { at: at.clone(), reason, message });
    }
}

/// Reads a value that is worth it: most large ones are nothing of ours, and are looked at no longer than it takes to know.
fn content_of(bytes: &[u8], passwords: impl FnOnce() -> Vec<Password>) -> Option<Content> {
    if keystore::looks_like_one(bytes) {
        return Some(formats::read_with(bytes, &passwords()));
    }
    let has = |text: &str| memmem::find(bytes, text.as_bytes()).is_some();
    let begins = |with: &[u8]| bytes.starts_with(with);
    let is_der_or_utf16 =
        begins(&[0x30, 0x81]) || begins(&[0x30, 0x82]) || begins(&[0xFF, 0xFE]) || begins(&[0xFE, 0xFF]);
    let is_kubeconfig = || has("clusters") && has("contexts") && has("users");
    let may_hold_tokens = || has(token::BEGINNING) && core::str::from_utf8(bytes).is_ok();
    (is_der_or_utf16 || has("-----BEGIN ") || has(pem::BASE64_OF_BEGIN) || is_kubeconfig() || may_hold_tokens())
        .then_some(())?;
    Some(formats::read(bytes)).filter(|content| !content.is_empty())
}
