//! From a webhook or an aggregated API over its Service to the Secret that its pods present.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::listing::Resource;
use super::pods::Found;
use super::{Kind, Thing};
use crate::access::cluster::Cluster;
use crate::model::{
    Called, Certificate, Consumer, Endpoint, Entry, Gap, GapReason, Inventory, Location, Place, Relies, ServicePort,
    TrustEdge,
};

const SERVICES: Resource = Resource { api: "/api/v1", plural: "services" };

/// Which pods a Service sends its clients to.
pub(super) struct Selector {
    pub(super) namespace: String,
    pub(super) service: String,
    pub(super) labels: BTreeMap<String, String>,
}

impl Selector {
    pub(super) fn means(&self, namespace: &str, labels: &BTreeMap<String, String>) -> bool {
        self.namespace == namespace && self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

#[derive(Deserialize)]
struct Service {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    selector: Option<BTreeMap<String, String>>,
}

/// Of the Services that are called, where one of the things could be behind them.
pub(super) async fn selectors(
    cluster: &Cluster,
    calls: &[Called],
    things: &BTreeSet<Thing>,
    unseen: &mut Vec<Gap>,
) -> Vec<Selector> {
    let namespaces: BTreeSet<&str> =
        things.iter().filter(|thing| thing.kind == Kind::Secret).map(|thing| thing.namespace.as_str()).collect();
    let services: BTreeSet<(&str, &str)> = calls
        .iter()
        .filter_map(|called| called.service.as_ref())
        .map(|service| (service.namespace.as_str(), service.name.as_str()))
        .filter(|(namespace, _)| namespaces.contains(namespace))
        .collect();
    let mut selectors = Vec::new();
    for (namespace, name) in services {
        match cluster.get::<Service>(&SERVICES.one(Some(namespace), name)).await {
            // A Service without one is filled by somebody else, with addresses that may be no pods.
            Ok(service) => {
                selectors.extend(service.spec.selector.filter(|labels| !labels.is_empty()).map(|labels| Selector {
                    namespace: namespace.to_owned(),
                    service: name.to_owned(),
                    labels,
                }))
            }
            Err(error) if error.reason == GapReason::NotFound => {}
            Err(error) => {
                let message = format!("Service {namespace}/{name}: {}", error.message);
                let at = Location::from(Place::Endpoint(Endpoint::tls(format!("{name}.{namespace}.svc"), 443)));
                unseen.push(Gap { at, reason: error.reason, message });
            }
        }
    }
    selectors
}

/// Whoever calls such a Service relies on the Secret, and its bundle must lead to what lies there.
pub(super) fn note(inventory: &mut Inventory, found: &Found) {
    let mut consumers = Vec::new();
    let mut edges = Vec::new();
    for called in &inventory.calls {
        let Some(service) = &called.service else { continue };
        let secrets: Vec<&Thing> =
            found.behind(&service.namespace, &service.name).filter(|thing| thing.kind == Kind::Secret).collect();
        for entry in presented(inventory, &secrets, service) {
            consumers.push(Consumer {
                of: entry.at.clone(),
                by: called.by.clone(),
                how: Relies::Called,
                pods: 0,
                older_pods: 0,
                serves: vec![called.endpoint.clone()],
            });
            if called.has_bundle {
                edges.push(TrustEdge { bundle: called.bundle.clone(), presented: entry.at.clone() });
            }
        }
    }
    // Several hooks of one configuration are one user.
    consumers.dedup();
    inventory.consumers.extend(consumers);
    edges.retain(|edge| inventory.entries.iter().any(|entry| entry.at == edge.bundle));
    inventory.edges.extend(edges);
}

/// Pods may mount several identities; the one that is for the name of the Service is presented there. Where none is, all
/// that are there: then something is wrong, and a person should see it.
fn presented<'a>(inventory: &'a Inventory, secrets: &[&Thing], service: &ServicePort) -> Vec<&'a Entry> {
    let identities = inventory.entries.iter().filter_map(|entry| {
        let certificate = inventory.certificates.get(entry.leaf()?)?;
        secrets.contains(&&Thing::of(&entry.at)?).then_some((entry, certificate))
    });
    let identities: Vec<(&Entry, &Certificate)> = identities.collect();
    let fitting = identities.iter().filter(|(_, certificate)| is_for(certificate, service));
    let fitting: Vec<&Entry> = fitting.map(|(entry, _)| *entry).collect();
    if fitting.is_empty() { identities.into_iter().map(|(entry, _)| entry).collect() } else { fitting }
}

/// The API server asks for `NAME.NAMESPACE.svc` (RFC 6125: a star stands for the whole first label).
fn is_for(certificate: &Certificate, service: &ServicePort) -> bool {
    let parent = format!("{}.svc", service.namespace);
    let names = [format!("{}.{parent}", service.name), format!("*.{parent}")];
    certificate.dns_names.iter().any(|name| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)))
}
