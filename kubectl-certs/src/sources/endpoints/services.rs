//! What the API server calls: webhooks, conversion webhooks and aggregated APIs, by the addresses behind their Services.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use serde::Deserialize;

use super::asked::{Asked, Group};
use super::{Items, Metadata, Part, any_host};
use crate::access::cluster::{Cluster, ClusterError};
use crate::model::{BundleKind, Endpoint, GapReason, Location, Place};

/// Questions for Services that are under way at once.
const PARALLEL: usize = 8;

pub(super) async fn all(cluster: &Cluster) -> Part {
    let mut part = Part::default();
    let calls = calls(cluster, &mut part).await;
    let mut by_service: BTreeMap<(String, String), Vec<(u16, Location)>> = BTreeMap::new();
    for Call { to, bundle } in calls {
        match to {
            Callee::Url(endpoint) => part.asked.push(Asked::alone(endpoint).verified_with(Some(bundle))),
            Callee::Service { namespace, name, port } => {
                by_service.entry((namespace, name)).or_default().push((port, bundle));
            }
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

struct Call {
    to: Callee,
    bundle: Location,
}

enum Callee {
    Url(Endpoint),
    Service { namespace: String, name: String, port: u16 },
}

async fn calls(cluster: &Cluster, part: &mut Part) -> Vec<Call> {
    const HOOKS: &str = "/apis/admissionregistration.k8s.io/v1";
    let mut calls = Vec::new();
    for (kind, plural) in [
        (BundleKind::ValidatingWebhook, "validatingwebhookconfigurations"),
        (BundleKind::MutatingWebhook, "mutatingwebhookconfigurations"),
    ] {
        for object in part.list::<Hooks>(cluster, &format!("{HOOKS}/{plural}"), any_host(443)).await {
            let call = |hook: Hook| hook.client_config.call(kind, &object.metadata.name, hook.name);
            calls.extend(object.webhooks.into_iter().filter_map(call));
        }
    }
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    for object in part.list::<Spec<Definition>>(cluster, path, any_host(443)).await {
        let client = object.spec.conversion.and_then(|conversion| conversion.webhook?.client_config);
        let call = client.and_then(|client| client.call(BundleKind::Conversion, &object.metadata.name, String::new()));
        calls.extend(call);
    }
    for object in part.list::<Spec<Client>>(cluster, "/apis/apiregistration.k8s.io/v1/apiservices", any_host(443)).await
    {
        calls.extend(object.spec.call(BundleKind::ApiService, &object.metadata.name, String::new()));
    }
    calls
}

#[derive(Deserialize)]
struct Hooks {
    metadata: Metadata,
    #[serde(default)]
    webhooks: Vec<Hook>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hook {
    name: String,
    client_config: Client,
}

#[derive(Deserialize)]
struct Spec<T> {
    metadata: Metadata,
    spec: T,
}

#[derive(Deserialize)]
struct Definition {
    conversion: Option<Conversion>,
}

#[derive(Deserialize)]
struct Conversion {
    webhook: Option<ConversionWebhook>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConversionWebhook {
    client_config: Option<Client>,
}

/// The same fields in all of them.
#[derive(Deserialize)]
struct Client {
    service: Option<ServiceReference>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct ServiceReference {
    namespace: String,
    name: String,
    port: Option<u16>,
}

impl Client {
    /// None where the API server answers itself.
    fn call(self, kind: BundleKind, name: &str, field: String) -> Option<Call> {
        let to = match (self.service, self.url) {
            (Some(service), _) => {
                Callee::Service { namespace: service.namespace, name: service.name, port: service.port.unwrap_or(443) }
            }
            (None, url) => {
                let url: http::Uri = url?.parse().ok()?;
                let host = url.host()?.trim_matches(['[', ']']).to_owned();
                Callee::Url(Endpoint::tls(host, url.port_u16().unwrap_or(443)))
            }
        };
        Some(Call { to, bundle: Location::from(Place::CaBundle { kind, name: name.to_owned(), field }) })
    }
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
