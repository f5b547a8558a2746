//! Who relies on the Secrets and ConfigMaps that were found: pods by their workloads, Ingresses and Gateways, and whoever has
//! the API server call a Service of such pods. Read only when somebody asks: a cluster has many pods.

mod pods;
mod routes;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::listing::{Resource, time};
use super::{Reading, ca_bundles};
use crate::access::cluster::{Cluster, ClusterError};
use crate::model::{Gap, GapReason, Inventory, Location, Place, Time};

/// A Secret or ConfigMap, without a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Thing {
    kind: Kind,
    namespace: String,
    name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    ConfigMap,
    Secret,
}

impl Thing {
    fn of(at: &Location) -> Option<Self> {
        Some(match at.place.whole() {
            Place::Secret { namespace, name, .. } => {
                Self { kind: Kind::Secret, namespace: namespace.to_string(), name: name.to_string() }
            }
            Place::ConfigMap { namespace, name, .. } => {
                Self { kind: Kind::ConfigMap, namespace: namespace.clone(), name: name.clone() }
            }
            _ => return None,
        })
    }

    fn at(&self, key: Option<&str>) -> Location {
        let (namespace, name) = (self.namespace.clone(), self.name.clone());
        let key = key.unwrap_or("*").to_owned();
        Location::from(match self.kind {
            Kind::Secret => Place::Secret { namespace: namespace.into(), name: name.into(), key: key.into() },
            Kind::ConfigMap => Place::ConfigMap { namespace, name, key },
        })
    }

    fn resource(&self) -> Resource {
        let plural = match self.kind {
            Kind::Secret => "secrets",
            Kind::ConfigMap => "configmaps",
        };
        Resource { api: "/api/v1", plural }
    }
}

/// More namespaces than this are read as one list.
const ONE_BY_ONE: usize = 8;

pub(super) async fn note(reading: &Reading<'_>, inventory: &mut Inventory) {
    let Some(cluster) = reading.cluster else { return };
    let places = inventory.entries.iter().flat_map(|entry| core::iter::once(&entry.at).chain(&entry.also_in));
    let things: BTreeSet<Thing> = places.filter_map(Thing::of).collect();
    if things.is_empty() {
        return;
    }
    let mut unseen = Vec::new();
    if inventory.calls.is_empty() && !reading.wanted.whole_cluster() {
        let bundles = ca_bundles::all(reading).await;
        inventory.calls = bundles.calls;
        unseen.extend(bundles.gaps.into_iter().filter(|gap| gap.reason == GapReason::Forbidden));
    }
    let selectors = services::selectors(cluster, &inventory.calls, &things, &mut unseen).await;
    let mut found = pods::Found::default();
    let namespaces = namespaces(&things);
    for namespace in &namespaces {
        let each = |pod: pods::Pod| found.add(&pod, &things, &selectors);
        let outcome = pods::PODS.each(cluster, namespace.as_deref(), None, each).await;
        note_unseen(outcome, "pods", namespace.as_deref(), &mut unseen);
    }
    let changed = changed(cluster, found.that_keep_what_was(), &mut unseen).await;
    inventory.consumers.extend(found.consumers(&changed));
    for namespace in &namespaces {
        routes::note(cluster, namespace.as_deref(), &things, &mut inventory.consumers, &mut unseen).await;
    }
    services::note(inventory, &found);
    inventory.consumers.sort_by(|a, b| (&a.of, &a.by, a.how).cmp(&(&b.of, &b.by, b.how)));
    inventory.unseen.extend(unseen);
}

/// Those of the things, or all at once where they are many.
fn namespaces(things: &BTreeSet<Thing>) -> Vec<Option<String>> {
    let namespaces: BTreeSet<&String> = things.iter().map(|thing| &thing.namespace).collect();
    if namespaces.len() > ONE_BY_ONE { vec![None] } else { namespaces.into_iter().cloned().map(Some).collect() }
}

/// A kind that the cluster does not have is used by nobody.
fn note_unseen(outcome: Result<(), ClusterError>, what: &str, namespace: Option<&str>, unseen: &mut Vec<Gap>) {
    if let Err(error) = outcome
        && error.reason != GapReason::NotFound
    {
        let at = Location::from(Place::Secret {
            namespace: namespace.unwrap_or("*").into(),
            name: "*".into(),
            key: "*".into(),
        });
        unseen.push(Gap { at, reason: error.reason, message: format!("{what}: {}", error.message) });
    }
}

/// When each of these was last changed, as the API server remembers it: who set the values, and when.
async fn changed(cluster: &Cluster, things: BTreeSet<Thing>, unseen: &mut Vec<Gap>) -> BTreeMap<Thing, Time> {
    let mut changed = BTreeMap::new();
    for thing in things {
        match cluster.get_metadata::<Object>(&thing.resource().one(Some(&thing.namespace), &thing.name)).await {
            Ok(object) => {
                changed.extend(object.metadata.changed().map(|time| (thing, time)));
            }
            Err(error) => unseen.push(error.gap(thing.at(None))),
        }
    }
    changed
}

#[derive(Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    creation_timestamp: Option<String>,
    managed_fields: Option<Vec<Fields>>,
}

#[derive(Deserialize)]
struct Fields {
    time: Option<String>,
    #[serde(rename = "fieldsV1", default)]
    fields: Values,
}

#[derive(Default, Deserialize)]
struct Values {
    #[serde(rename = "f:data")]
    data: Option<serde::de::IgnoredAny>,
    #[serde(rename = "f:binaryData")]
    binary_data: Option<serde::de::IgnoredAny>,
}

impl Metadata {
    /// Labels and annotations are not what pods work with.
    fn changed(&self) -> Option<Time> {
        let values = self
            .managed_fields
            .iter()
            .flatten()
            .filter(|fields| fields.fields.data.is_some() || fields.fields.binary_data.is_some());
        values.filter_map(|fields| time(fields.time.as_ref())).chain(time(self.creation_timestamp.as_ref())).max()
    }
}
