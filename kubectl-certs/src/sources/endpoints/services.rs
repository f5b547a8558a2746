//! What the API server calls: webhooks, conversion webhooks and aggregated APIs, by the addresses behind their Services.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde::Deserialize;

use super::asked::{Asked, Group};
use super::{Items, Part};
use crate::access::cluster::{Cluster, ClusterError};
use crate::model::{Called, Endpoint, GapReason, Location, Place};
use crate::sources::{Reading, ca_bundles};

/// Questions for Services that are under way at once.
const PARALLEL: usize = 8;

pub(super) async fn all(reading: &Reading<'_>, cluster: &Cluster) -> Part {
    let mut part = Part::default();
    let bundles = ca_bundles::all(reading).await;
    // Where all is read, whoever lists the bundles says what of them cannot be seen.
    if !reading.wanted.whole_cluster() {
        part.gaps.extend(bundles.gaps.into_iter().filter(|gap| gap.reason == GapReason::Forbidden));
    }
    let mut by_service: BTreeMap<(String, String), Vec<(u16, Location)>> = BTreeMap::new();
    for Called { bundle, service, endpoint, .. } in bundles.calls {
        match (service, endpoint.place) {
            (Some(service), _) => {
                let ports = by_service.entry((service.namespace, service.name)).or_default();
                ports.push((service.port, bundle));
            }
            (None, Place::Endpoint(endpoint)) => {
                part.asked.push(Asked::alone(endpoint).verified_with(Some(bundle)));
            }
            (None, _) => {}
        }
    }
    let parts = stream::iter(by_service).map(|((namespace, name), ports)| behind(cluster, namespace, name, ports));
    let parts: Vec<Part> = parts.buffer_unordered(PARALLEL).collect().await;
    for found in parts {
        part.asked.extend(found.asked);
        part.gaps.extend(found.gaps);
    }
    part
}

/// The addresses of the pods, each of which may have another certificate; the Service's own where there are none.
async fn behind(cluster: &Cluster, namespace: String, name: String, ports: Vec<(u16, Location)>) -> Part {
    let mut part = Part::default();
    let own_name = format!("{name}.{namespace}.svc");
    let at = Location::from(Place::Endpoint(Endpoint::tls(own_name, ports.first().map_or(443, |(port, _)| *port))));
    let service = cluster.get::<Service>(&format!("/api/v1/namespaces/{namespace}/services/{name}")).await;
    let service = match service {
        Ok(service) => service.spec,
        Err(error) => {
            part.gaps.push(error.gap(at));
            return part;
        }
    };
    let addresses = match addresses(cluster, &namespace, &name).await {
        Ok(addresses) => addresses,
        Err(error) => {
            part.gaps.push(error.gap(at));
            Vec::new()
        }
    };
    for (number, bundle) in ports {
        let port_name = service.ports.iter().find(|port| port.port == number).map(|port| port.name.clone());
        let pods = addresses.iter().filter(|(name, ..)| Some(name) == port_name.as_ref());
        let mut found: BTreeSet<Endpoint> = pods.map(|(_, host, port)| Endpoint::tls(host, *port)).collect();
        // "None" where the Service has no address of its own.
        if found.is_empty() && service.cluster_ip.parse::<std::net::IpAddr>().is_ok() {
            found.insert(Endpoint::tls(&service.cluster_ip, number));
        }
        part.asked
            .extend(found.into_iter().map(|at| Asked::of(at, Group::Services).verified_with(Some(bundle.clone()))));
    }
    part
}

#[derive(Deserialize)]
struct Service {
    spec: ServiceSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct ServiceSpec {
    #[serde(rename = "clusterIP")]
    cluster_ip: String,
    ports: Vec<ServicePort>,
}

#[derive(Deserialize)]
struct ServicePort {
    #[serde(default)]
    name: String,
    port: u16,
}

/// Name of the port, address, port.
type Address = (String, String, u16);

/// By its slices, else by the older Endpoints, as clusters before 1.21 have only these.
pub(super) async fn addresses(cluster: &Cluster, namespace: &str, name: &str) -> Result<Vec<Address>, ClusterError> {
    let path = format!(
        "/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3D{name}"
    );
    let slices = match cluster.get::<Items<Slice>>(&path).await {
        Ok(list) => list.items.unwrap_or_default(),
        Err(error) if error.reason == GapReason::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut found: Vec<Address> = slices.into_iter().flat_map(Slice::addresses).collect();
    if found.is_empty() {
        found = match cluster.get::<Endpoints>(&format!("/api/v1/namespaces/{namespace}/endpoints/{name}")).await {
            Ok(endpoints) => endpoints.subsets.into_iter().flat_map(Subset::addresses).collect(),
            Err(error) if error.reason == GapReason::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
    }
    found.sort();
    found.dedup();
    Ok(found)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Slice {
    #[serde(default)]
    address_type: String,
    // Both are null in a slice that has none.
    endpoints: Option<Vec<SliceEndpoint>>,
    ports: Option<Vec<SlicePort>>,
}

#[derive(Deserialize)]
struct SliceEndpoint {
    #[serde(default)]
    addresses: Vec<String>,
}

#[derive(Deserialize)]
struct SlicePort {
    name: Option<String>,
    port: Option<u16>,
}

impl Slice {
    fn addresses(self) -> Vec<Address> {
        // Of names nobody knows who answers to them.
        if self.address_type == "FQDN" {
            return Vec::new();
        }
        // The first stands for all of an endpoint, says the API.
        let hosts = self.endpoints.into_iter().flatten().filter_map(|endpoint| endpoint.addresses.into_iter().next());
        product(hosts, &self.ports.unwrap_or_default())
    }
}

#[derive(Deserialize)]
struct Endpoints {
    #[serde(default)]
    subsets: Vec<Subset>,
}

#[derive(Deserialize)]
struct Subset {
    #[serde(default)]
    addresses: Vec<SubsetAddress>,
    #[serde(default)]
    ports: Vec<SlicePort>,
}

#[derive(Deserialize)]
struct SubsetAddress {
    ip: String,
}

impl Subset {
    fn addresses(self) -> Vec<Address> {
        product(self.addresses.into_iter().map(|address| address.ip), &self.ports)
    }
}

fn product(hosts: impl Iterator<Item = String>, ports: &[SlicePort]) -> Vec<Address> {
    let each = |host: String| {
        let known = ports.iter().filter_map(|port| Some((port.name.clone().unwrap_or_default(), port.port?)));
        known.map(move |(name, port)| (name, host.clone(), port)).collect::<Vec<_>>()
    };
    hosts.flat_map(each).collect()
}
