//! What the values of one Secret hold: PEM under any key, keystores, kubeconfigs. Everything else is passed over, and what
//! was decoded is wiped.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memchr::memmem;
use serde::Deserialize;

use super::super::gather::{Found, Key, Kind, add, key_names};
use super::super::within::{Whole, add_parts};
use super::passwords;
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
        let passwords = || passwords::at_hand(secret, self.given);
        let values: BTreeMap<&str, Content> = secret
            .data
            .iter()
            .flatten()
            .filter_map(|(key, value)| Some((&*key.0, content_of(&pem::decode_base64(&value.0)?, passwords)?)))
            .collect();
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

    fn value(&mut self, names: &Names, key: &str, content: &Content, values: &BTreeMap<&str, Content>) {
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
    let is_der_or_utf16 = begins(&[0x30, 0x81]) || begins(&[0x30, 0x82]) || begins(&[0xFF, 0xFE]) || begins(&[0xFE, 0xFF]);
    let is_kubeconfig = || has("clusters") && has("contexts") && has("users");
    let may_hold_tokens = || has(token::BEGINNING) && core::str::from_utf8(bytes).is_ok();
    (is_der_or_utf16 || has("-----BEGIN ") || has(pem::BASE64_OF_BEGIN) || is_kubeconfig() || may_hold_tokens())
        .then_some(())?;
    Some(formats::read(bytes)).filter(|content| !content.is_empty())
}
