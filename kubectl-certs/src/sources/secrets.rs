//! Secrets whose values hold PEM. Types that never hold certificates are left out by the server, not after download.

use std::borrow::Cow;
use std::collections::BTreeMap;

use futures::FutureExt;
use serde::Deserialize;

use super::gather::{Found, Key, Kind, add, key_names};
use super::{Reading, Source};
use crate::access::cluster::{Cluster, ClusterError};
use crate::formats::{self, Content, certificate, pem};
use crate::model::{GapReason, Inventory, Location, Origin, Place, TrustEdge};

pub(super) const SOURCE: Source = Source {
    name: "secrets",
    wanted: |wanted| wanted.cluster || !wanted.secrets.is_empty(),
    read: |reading| read(reading).boxed(),
};

/// A page of Secrets of the largest size (1 MiB) is then 100 MiB; typical ones take 8 KiB each.
const PAGE: u32 = 100;

const NEVER: [&str; 5] = [
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "bootstrap.kubernetes.io/token",
];

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Some(cluster) = reading.cluster else { return inventory };
    let wanted = reading.wanted;
    if wanted.cluster {
        let outcome = list(cluster, wanted.namespace.as_deref(), wanted.selector.as_deref(), &mut inventory).await;
        if let Err(mut error) = outcome {
            let retry = error.reason == GapReason::Forbidden && wanted.namespace.is_none();
            if retry {
                error.message.push_str(&format!("; only namespace '{}' was looked at", cluster.namespace));
            }
            inventory.gaps.push(error.gap(everywhere(wanted.namespace.as_deref())));
            // Who may not see all namespaces still sees their own.
            if retry
                && let Err(error) =
                    list(cluster, Some(&cluster.namespace), wanted.selector.as_deref(), &mut inventory).await
            {
                inventory.gaps.push(error.gap(everywhere(Some(&cluster.namespace))));
            }
        }
    }
    for (namespace, name) in &wanted.secrets {
        let namespace = namespace.as_deref().unwrap_or(&cluster.namespace);
        if let Err(error) = one(cluster, namespace, name, &mut inventory).await {
            inventory.gaps.push(error.gap(place(namespace, name, "*")));
        }
    }
    inventory
}

fn everywhere(namespace: Option<&str>) -> Location {
    place(namespace.unwrap_or("*"), "*", "*")
}

fn place(namespace: &str, name: &str, key: &str) -> Location {
    Location::from(Place::Secret { namespace: namespace.into(), name: name.into(), key: key.into() })
}

async fn list(
    cluster: &Cluster,
    namespace: Option<&str>,
    selector: Option<&str>,
    inventory: &mut Inventory,
) -> Result<(), ClusterError> {
    let base = match namespace {
        Some(namespace) => format!("/api/v1/namespaces/{}/secrets", query(namespace)),
        None => "/api/v1/secrets".to_owned(),
    };
    let types: Vec<String> = NEVER.iter().map(|name| format!("type!={name}")).collect();
    let mut fixed = format!("{base}?limit={PAGE}&fieldSelector={}", query(&types.join(",")));
    if let Some(selector) = selector {
        fixed.push_str(&format!("&labelSelector={}", query(selector)));
    }
    let mut path = fixed.clone();
    loop {
        let text = cluster.get_text(&path).await?;
        let page: Page<'_> = serde_json::from_str(&text).map_err(|_| ClusterError {
            reason: GapReason::ReadFailed,
            message: "the list of Secrets is not what this API promises".to_owned(),
        })?;
        for secret in &page.items {
            gather(secret, inventory);
        }
        match page.metadata.next.as_deref() {
            Some(next) if !next.is_empty() => path = format!("{fixed}&continue={}", query(next)),
            _ => return Ok(()),
        }
    }
}

async fn one(cluster: &Cluster, namespace: &str, name: &str, inventory: &mut Inventory) -> Result<(), ClusterError> {
    let text = cluster.get_text(&format!("/api/v1/namespaces/{}/secrets/{}", query(namespace), query(name))).await?;
    let secret: Secret<'_> = serde_json::from_str(&text).map_err(|_| ClusterError {
        reason: GapReason::ReadFailed,
        message: "the Secret is not what this API promises".to_owned(),
    })?;
    let before = (inventory.entries.len(), inventory.gaps.len());
    gather(&secret, inventory);
    if (inventory.entries.len(), inventory.gaps.len()) == before {
        return Err(ClusterError {
            reason: GapReason::NoCertificateFound,
            message: "no value of this Secret holds a certificate in PEM".to_owned(),
        });
    }
    Ok(())
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default, borrow)]
    metadata: PageMetadata<'a>,
    #[serde(borrow, default = "Vec::new")]
    items: Vec<Secret<'a>>,
}

#[derive(Default, Deserialize)]
struct PageMetadata<'a> {
    #[serde(rename = "continue", borrow)]
    next: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Secret<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow)]
    data: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(default, borrow)]
    namespace: Cow<'a, str>,
}

fn gather(secret: &Secret<'_>, inventory: &mut Inventory) {
    let values: BTreeMap<&str, (Content, String)> = secret
        .data
        .iter()
        .flatten()
        .filter_map(|(key, value)| {
            let bytes = pem::decode_base64(value)?;
            let content = formats::read(&bytes);
            (!content.is_empty()).then(|| (&**key, (content, certificate::sha256_hex(&bytes))))
        })
        .collect();
    for (key, (content, digest)) in &values {
        if content.certificates.is_empty() && content.broken.is_empty() {
            continue;
        }
        let at = |key: &str| place(&secret.metadata.namespace, &secret.metadata.name, key);
        let beside = key_names(key).into_iter().find_map(|name| {
            let (content, digest) = values.get(&*name).filter(|(content, _)| content.has_key())?;
            Some((name, content, digest))
        });
        let own = match (Key::inside(content), beside) {
            (Key::None, Some((name, other, digest))) => match Key::inside(other) {
                Key::Public { id, .. } => Key::Public { id, at: Some(at(&name)), digest: Some(digest.clone()) },
                Key::Unreadable { .. } => Key::Unreadable { at: Some(at(&name)) },
                Key::None => Key::None,
            },
            (inside, _) => inside,
        };
        let kind = match *key {
            "ca.crt" => Kind::Bundle,
            "tls.crt" => Kind::Chain,
            _ => Kind::Guess,
        };
        let found =
            Found { at: at(key), content, key: own, kind, origin: Origin::default(), digest: Some(digest.clone()) };
        add(inventory, found);
    }
    if values.contains_key("ca.crt") && values.contains_key("tls.crt") {
        let at = |key| place(&secret.metadata.namespace, &secret.metadata.name, key);
        inventory.edges.push(TrustEdge { bundle: at("ca.crt"), presented: at("tls.crt") });
    }
}

/// Percent-encoding for one word of a path or query.
fn query(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
