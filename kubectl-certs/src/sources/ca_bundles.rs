//! caBundle fields: what the API server trusts when it calls webhooks.

use futures::FutureExt;
use k8s_openapi::List;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration, WebhookClientConfig,
};

use super::gather::{Found, Key, Kind, add};
use super::{Reading, Source};
use crate::access::cluster::{Cluster, ClusterError};
use crate::formats::{self, certificate};
use crate::model::{BundleKind, Inventory, Location, Origin, Place};

pub(super) const SOURCE: Source = Source {
    name: "caBundle fields",
    // They belong to the whole cluster: a question about one namespace is not about them.
    wanted: |wanted| wanted.whole_cluster() || wanted.webhooks,
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Some(cluster) = reading.cluster else { return inventory };
    for kind in [BundleKind::ValidatingWebhook, BundleKind::MutatingWebhook] {
        match bundles(cluster, kind).await {
            Ok(bundles) => {
                for (name, field, bytes) in bundles {
                    gather(kind, name, field, &bytes, &mut inventory);
                }
            }
            Err(error) => inventory.gaps.push(error.gap(place(kind, "*".to_owned(), "*".to_owned()))),
        }
    }
    inventory
}

/// Name of the configuration, name of the webhook, its bundle.
type Bundle = (String, String, Vec<u8>);

async fn bundles(cluster: &Cluster, kind: BundleKind) -> Result<Vec<Bundle>, ClusterError> {
    let base = "/apis/admissionregistration.k8s.io/v1";
    // Two kinds of one shape, but two types.
    Ok(match kind {
        BundleKind::ApiService | BundleKind::Conversion => Vec::new(),
        BundleKind::ValidatingWebhook => {
            let path = format!("{base}/validatingwebhookconfigurations");
            let list: List<ValidatingWebhookConfiguration> = cluster.get(&path).await?;
            let items = list.items.into_iter().flat_map(|item| {
                let hooks = item.webhooks.into_iter().flatten().map(|hook| (hook.name, hook.client_config));
                with_bundle(item.metadata.name, hooks)
            });
            items.collect()
        }
        BundleKind::MutatingWebhook => {
            let path = format!("{base}/mutatingwebhookconfigurations");
            let list: List<MutatingWebhookConfiguration> = cluster.get(&path).await?;
            let items = list.items.into_iter().flat_map(|item| {
                let hooks = item.webhooks.into_iter().flatten().map(|hook| (hook.name, hook.client_config));
                with_bundle(item.metadata.name, hooks)
            });
            items.collect()
        }
    })
}

/// Those that have a bundle; the others are verified with the authorities of the API server's machine.
fn with_bundle(name: Option<String>, hooks: impl Iterator<Item = (String, WebhookClientConfig)>) -> Vec<Bundle> {
    let name = name.unwrap_or_default();
    hooks.filter_map(|(field, client)| Some((name.clone(), field, client.ca_bundle?.0))).collect()
}

fn place(kind: BundleKind, name: String, field: String) -> Location {
    Location::from(Place::CaBundle { kind, name, field })
}

fn gather(kind: BundleKind, name: String, field: String, bytes: &[u8], inventory: &mut Inventory) {
    let content = formats::read(bytes);
    let found = Found {
        at: place(kind, name, field),
        content: &content,
        key: Key::None,
        kind: Kind::Bundle,
        origin: Origin::default(),
        digest: Some(certificate::sha256_hex(bytes)),
    };
    add(inventory, found);
}
