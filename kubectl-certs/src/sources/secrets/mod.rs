//! Secrets of any type whose values hold certificates. Types that never do are left out by the server, not after
//! download; the list is read object by object, and of none more is kept than is told.

mod pages;
mod passwords;
mod promising;
mod values;

use futures::FutureExt;

use super::{Reading, Source};
use crate::access::cluster::{Cluster, ClusterError};
use crate::model::{GapReason, Inventory, Location, Place};
use pages::{Query, query};
use values::{Gathering, Secret};

pub(super) const SOURCE: Source = Source {
    name: "secrets",
    wanted: |wanted| wanted.cluster || !wanted.secrets.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let wanted = reading.wanted;
    let empty = || Inventory { without_der: wanted.summary, ..Inventory::default() };
    let mut inventory = empty();
    let Some(cluster) = reading.cluster else { return inventory };
    let given = wanted.keystore_password.as_ref();
    if wanted.cluster {
        let list = async |namespace: Option<&str>| {
            let query = Query { namespace, selector: wanted.selector.as_deref() };
            pages::read(cluster, &query, || Gathering::new(given, empty())).await
        };
        let (part, outcome) = list(wanted.namespace.as_deref()).await;
        inventory.merge(part);
        if let Err(mut error) = outcome {
            let retry = error.reason == GapReason::Forbidden && wanted.namespace.is_none();
            if retry {
                error.message.push_str(&format!("; only namespace '{}' was looked at", cluster.namespace));
            }
            inventory.gaps.push(error.gap(everywhere(wanted.namespace.as_deref())));
            // Who may not see all namespaces still sees their own.
            if retry {
                let (part, outcome) = list(Some(&cluster.namespace)).await;
                inventory.merge(part);
                inventory.gaps.extend(outcome.err().map(|error| error.gap(everywhere(Some(&cluster.namespace)))));
            }
        }
    }
    for (namespace, name) in &wanted.secrets {
        let namespace = namespace.as_deref().unwrap_or(&cluster.namespace);
        let mut gathering = Gathering::new(given, empty());
        let outcome = one(cluster, namespace, name, &mut gathering).await;
        inventory.merge(gathering.inventory);
        if let Err(error) = outcome {
            inventory.gaps.push(error.gap(place(namespace, name, "*")));
        }
    }
    inventory
}

/// For what concerns the list as a whole.
fn everywhere(namespace: Option<&str>) -> Location {
    place(namespace.unwrap_or("*"), "*", "*")
}

fn place(namespace: &str, name: &str, key: &str) -> Location {
    Location::from(Place::Secret { namespace: namespace.into(), name: name.into(), key: key.into() })
}

async fn one(cluster: &Cluster, namespace: &str, name: &str, gathering: &mut Gathering) -> Result<(), ClusterError> {
    let text = cluster.get_text(&format!("/api/v1/namespaces/{}/secrets/{}", query(namespace), query(name))).await?;
    let secret: Secret<'_> = serde_json::from_str(&text).map_err(|_| ClusterError {
        reason: GapReason::ReadFailed,
        message: "the Secret is not what this API promises".to_owned(),
    })?;
    gathering.take(&secret);
    if gathering.inventory.entries.is_empty() && gathering.inventory.gaps.is_empty() {
        return Err(ClusterError {
            reason: GapReason::NoCertificateFound,
            message: "no value of this Secret holds a certificate, a keystore or a kubeconfig".to_owned(),
        });
    }
    Ok(())
}
