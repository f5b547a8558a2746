//! ConfigMaps whose values hold certificates: bundles under any key, kubeconfigs, and what controllers copy into every
//! namespace, which is told of once.

use std::collections::{BTreeMap, BTreeSet};

use futures::FutureExt;
use serde::Deserialize;

use super::gather::{Found, Key, Kind, add, key_names};
use super::listing::Resource;
use super::within::{Whole, add_parts};
use super::{Reading, Source};
use crate::access::cluster::{Cluster, ClusterError};
use crate::formats::{self, Content, certificate, pem};
use crate::model::{
    Entry, Evidence, Gap, GapReason, Inventory, Loaded, Location, ObjectRef, Origin, Owner, Place, Pointer, Purpose,
    TakesEffect, Use,
};

pub(super) const SOURCE: Source = Source {
    name: "ConfigMaps",
    wanted: |wanted| wanted.cluster || !wanted.config_maps.is_empty(),
    read: |reading| read(reading).boxed(),
};

const CONFIG_MAPS: Resource = Resource { api: "/api/v1", plural: "configmaps" };

/// Whom the cluster itself gives a bundle: ConfigMap, key, who trusts by it, whom, and when they see what is new.
const GIVEN: [(&str, &str, &str, &str, TakesEffect); 3] = [
    // Every process that talks to the API from a pod; client-go reads it when it starts.
    ("kube-root-ca.crt", "ca.crt", "every pod", "the API server", TakesEffect::Restart),
    // k8s.io/apiserver pkg/server/options/authentication.go; a controller there watches the ConfigMap.
    (AUTHENTICATION, "client-ca-file", "aggregated API servers", "users with a client certificate", TakesEffect::Watch),
    (
        AUTHENTICATION,
        "requestheader-client-ca-file",
        "aggregated API servers",
        "the API server that passes requests on (front-proxy-client)",
        TakesEffect::Watch,
    ),
];
const AUTHENTICATION: &str = "extension-apiserver-authentication";

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Some(cluster) = reading.cluster else { return inventory };
    let wanted = reading.wanted;
    if wanted.cluster {
        let mut gaps = Vec::new();
        let at = |namespace: &str| place(namespace, "*", "*");
        CONFIG_MAPS.wanted(reading, cluster, at, &mut gaps, |object| gather(&object, &mut inventory)).await;
        inventory.gaps.extend(gaps);
    }
    for (namespace, name) in &wanted.config_maps {
        let namespace = namespace.as_deref().unwrap_or(&cluster.namespace);
        if let Err(error) = one(cluster, namespace, name, &mut inventory).await {
            inventory.gaps.push(error.gap(place(namespace, name, "*")));
        }
    }
    fold(&mut inventory);
    inventory
}

async fn one(cluster: &Cluster, namespace: &str, name: &str, inventory: &mut Inventory) -> Result<(), ClusterError> {
    let object: ConfigMap = cluster.get(&CONFIG_MAPS.one(Some(namespace), name)).await?;
    let before = (inventory.entries.len(), inventory.gaps.len());
    gather(&object, inventory);
    if (inventory.entries.len(), inventory.gaps.len()) == before {
        return Err(ClusterError {
            reason: GapReason::NoCertificateFound,
            message: "no value of this ConfigMap holds a certificate in PEM".to_owned(),
        });
    }
    Ok(())
}

fn place(namespace: &str, name: &str, key: &str) -> Location {
    Location::from(Place::ConfigMap { namespace: namespace.to_owned(), name: name.to_owned(), key: key.to_owned() })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigMap {
    #[serde(default)]
    metadata: Metadata,
    data: Option<BTreeMap<String, Value>>,
    binary_data: Option<BTreeMap<String, Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    name: String,
    namespace: String,
    labels: Option<BTreeMap<String, String>>,
}

/// Of a value, only what may hold a certificate is kept: most hold none, and they may be large.
struct Value(Option<zeroize::Zeroizing<Vec<u8>>>);

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Looker;
        impl serde::de::Visitor<'_> for Looker {
            type Value = Value;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                // Base64 (`binaryData`) shows nothing of what it holds.
                let may = text.contains("-----BEGIN ")
                    || (text.contains("clusters") && text.contains("users"))
                    || !text.contains([' ', '\n', ':']);
                Ok(Value(may.then(|| text.as_bytes().to_vec().into())))
            }
        }
        from.deserialize_str(Looker)
    }
}

fn gather(object: &ConfigMap, inventory: &mut Inventory) {
    let texts = object.data.iter().flatten().filter_map(|(key, value)| Some((key, value.0.clone()?)));
    let binaries = object.binary_data.iter().flatten().filter_map(|(key, value)| {
        let text = value.0.as_ref()?;
        Some((key, pem::decode_base64(core::str::from_utf8(text).ok()?)?))
    });
    let values: BTreeMap<&str, (Content, String)> = texts
        .chain(binaries)
        .map(|(key, bytes)| (key.as_str(), (formats::read_with(&bytes, &[]), certificate::sha256_hex(&bytes))))
        .filter(|(key, (content, _))| is_of_ours(key, content))
        .collect();
    let Metadata { name, namespace, labels } = &object.metadata;
    let at = |key: &str| place(namespace, name, key);
    let owner = labels.as_ref().and_then(bundle_of_trust_manager);
    let origin = || Origin { owner: owner.clone().map(Box::new), ..Origin::default() };
    for (key, (content, digest)) in &values {
        if let Some(fault) = &content.kubeconfig_fault {
            let (at, message) = (at(key), fault.clone());
            inventory.gaps.push(Gap { at, reason: GapReason::BadKubeconfig, message });
        }
        add_parts(inventory, &Whole { at: &at(key), origin: &origin(), digest: Some(digest) }, content);
        if content.certificates.is_empty() && content.broken.is_empty() && content.cut.is_empty() {
            continue;
        }
        let beside = key_names(key).into_iter().find_map(|other| {
            let (content, digest) = values.get(&*other).filter(|(content, _)| content.has_key())?;
            Some((at(&other), content, digest))
        });
        let own = match (Key::inside(content), beside) {
            (Key::None, Some((key_at, other, digest))) => match Key::inside(other) {
                Key::Public { id, .. } => Key::Public { id, at: Some(key_at), digest: Some(digest.clone()) },
                Key::Unreadable { .. } => Key::Unreadable { at: Some(key_at) },
                Key::None => Key::None,
            },
            (inside, _) => inside,
        };
        let given = GIVEN.iter().find(|(of, in_key, ..)| of == name && in_key == key);
        let kind = if given.is_some() { Kind::Bundle } else { Kind::Guess };
        let origin = origin();
        add(inventory, Found { at: at(key), content, key: own, kind, origin, digest: Some(digest.clone()) });
        if let Some((.., component, peers, takes_effect)) = given {
            inventory.uses.push(Use {
                component: (*component).to_owned(),
                purpose: Purpose::Trust { peers: (*peers).to_owned() },
                place: at(key),
                stored: None,
                loaded: Loaded { certificate: None, evidence: Evidence::Assumed, started: None, written: None },
                takes_effect: *takes_effect,
            });
        }
    }
}

/// Scripts and manuals in ConfigMaps speak of PEM without holding any: half a block counts only where a certificate is to
/// be expected.
fn is_of_ours(key: &str, content: &Content) -> bool {
    let expected = || {
        let key = key.to_ascii_lowercase();
        [".crt", ".cert", ".cer", ".pem"].iter().any(|ending| key.ends_with(ending)) || key.ends_with("ca-file")
    };
    let half = !content.broken.is_empty() || !content.cut.is_empty();
    let whole = !content.certificates.is_empty()
        || content.has_key()
        || content.kubeconfig.is_some()
        || content.keystore.is_some()
        || content.token.is_some()
        || !content.fields.is_empty();
    let broken_kubeconfig = content.kubeconfig_fault.is_some() && key.contains("kubeconfig");
    whole || (half && expected()) || broken_kubeconfig
}

/// trust-manager marks what it writes (its `pkg/apis/trust/v1alpha1`).
fn bundle_of_trust_manager(labels: &BTreeMap<String, String>) -> Option<Owner> {
    let name = labels.get("trust.cert-manager.io/bundle")?.clone();
    let object = ObjectRef { kind: "Bundle".to_owned(), namespace: None, name };
    Some(Owner { by: "trust-manager".to_owned(), object, renewal: None })
}

/// Copies of one ConfigMap in several namespaces become one entry at the first of them; those that differ stay their own.
fn fold(inventory: &mut Inventory) {
    type Same = (String, Option<String>, Option<Pointer>, Option<String>);
    let same = |entry: &Entry| -> Option<Same> {
        let pointer = match &entry.at.place {
            Place::Field { pointer, .. } => Some(pointer.clone()),
            _ => None,
        };
        match entry.at.place.whole() {
            Place::ConfigMap { name, key, .. } => {
                Some((name.clone(), Some(key.clone()), pointer, entry.digest.clone()))
            }
            _ => None,
        }
    };
    let mut first: BTreeMap<Same, usize> = BTreeMap::new();
    let mut kept: Vec<(Entry, Vec<Location>)> = Vec::new();
    let mut entries = core::mem::take(&mut inventory.entries);
    entries.sort_by(|a, b| a.at.cmp(&b.at));
    for entry in entries {
        let index = same(&entry).map(|same| *first.entry(same).or_insert(kept.len()));
        match index.and_then(|index| kept.get_mut(index)) {
            Some((before, _)) if before.at == entry.at => {}
            Some((_, copies)) => copies.push(entry.at),
            None => kept.push((entry, Vec::new())),
        }
    }
    let kept: Vec<Entry> = kept.into_iter().map(|(entry, copies)| Entry { also_in: copies.into(), ..entry }).collect();
    // A use is told of with the entry that stands for the copies.
    let places: BTreeSet<&Location> = kept.iter().map(|entry| &entry.at).collect();
    inventory.uses.retain(|use_| places.contains(&use_.place));
    inventory.entries = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str) -> Content {
        formats::read(text.as_bytes())
    }

    #[test]
    fn texts_that_speak_of_pem_are_no_broken_certificates() {
        let script = content("grep -q -- '-----BEGIN CERTIFICATE-----' \"$1\"");
        assert!(!is_of_ours("install.sh", &script));
        assert!(is_of_ours("ca.crt", &script) && is_of_ours("client-ca-file", &script));
        assert!(!is_of_ours("ca.crt", &content("hello")));
    }

    #[test]
    fn most_values_are_not_kept() {
        let kept = |text: &str| serde_json::from_str::<Value>(&serde_json::json!(text).to_string()).expect("a text").0;
        assert!(kept("a: b\n").is_none());
        assert!(kept("a -----BEGIN CERTIFICATE-----").is_some());
    }
}
