//! Ingresses and Gateways that name a Secret: they present it to the world.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::super::listing::{Metadata, Resource};
use super::{Kind, Thing, note_unseen};
use crate::access::cluster::Cluster;
use crate::model::{Consumer, Endpoint, Gap, Location, ObjectRef, Place, Relies};

const INGRESSES: Resource = Resource { api: "/apis/networking.k8s.io/v1", plural: "ingresses" };
const GATEWAYS: Resource = Resource { api: "/apis/gateway.networking.k8s.io/v1", plural: "gateways" };
const HTTPS: u16 = 443;

#[derive(Deserialize)]
struct Ingress {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: IngressSpec,
}

#[derive(Default, Deserialize)]
struct IngressSpec {
    tls: Option<Vec<IngressTls>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IngressTls {
    hosts: Option<Vec<String>>,
    secret_name: Option<String>,
}

#[derive(Deserialize)]
struct Gateway {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: GatewaySpec,
}

#[derive(Default, Deserialize)]
struct GatewaySpec {
    listeners: Option<Vec<Listener>>,
}

#[derive(Deserialize)]
struct Listener {
    hostname: Option<String>,
    port: Option<u16>,
    tls: Option<ListenerTls>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListenerTls {
    certificate_refs: Option<Vec<CertificateRef>>,
}

#[derive(Deserialize)]
struct CertificateRef {
    kind: Option<String>,
    name: String,
    namespace: Option<String>,
}

pub(super) async fn note(
    cluster: &Cluster,
    namespace: Option<&str>,
    things: &BTreeSet<Thing>,
    consumers: &mut Vec<Consumer>,
    unseen: &mut Vec<Gap>,
) {
    let each = |ingress: Ingress| consumers.extend(of_ingress(&ingress, things));
    note_unseen(INGRESSES.each(cluster, namespace, None, each).await, "ingresses", namespace, unseen);
    let each = |gateway: Gateway| consumers.extend(of_gateway(&gateway, things));
    note_unseen(GATEWAYS.each(cluster, namespace, None, each).await, "gateways", namespace, unseen);
}

fn of_ingress(ingress: &Ingress, things: &BTreeSet<Thing>) -> Vec<Consumer> {
    let Metadata { name, namespace, .. } = &ingress.metadata;
    let tls = ingress.spec.tls.iter().flatten().filter_map(|tls| {
        let secret = Thing { kind: Kind::Secret, namespace: namespace.clone(), name: tls.secret_name.clone()? };
        let hosts = tls.hosts.iter().flatten().map(|host| (host.clone(), HTTPS)).collect();
        things.contains(&secret).then(|| consumer(&secret, "Ingress", namespace, name, hosts))
    });
    tls.collect()
}

fn of_gateway(gateway: &Gateway, things: &BTreeSet<Thing>) -> Vec<Consumer> {
    let Metadata { name, namespace, .. } = &gateway.metadata;
    let mut consumers = Vec::new();
    for listener in gateway.spec.listeners.iter().flatten() {
        let refs = listener.tls.iter().flat_map(|tls| tls.certificate_refs.iter().flatten());
        for reference in refs.filter(|reference| reference.kind.as_deref().unwrap_or("Secret") == "Secret") {
            let secret = Thing {
                kind: Kind::Secret,
                namespace: reference.namespace.clone().unwrap_or_else(|| namespace.clone()),
                name: reference.name.clone(),
            };
            if things.contains(&secret) {
                let hosts = listener.hostname.iter().map(|host| (host.clone(), listener.port.unwrap_or(HTTPS)));
                consumers.push(consumer(&secret, "Gateway", namespace, name, hosts.collect()));
            }
        }
    }
    consumers
}

fn consumer(secret: &Thing, kind: &str, namespace: &str, name: &str, hosts: Vec<(String, u16)>) -> Consumer {
    // Nobody can be connected to by a name with a star.
    let named = hosts.into_iter().filter(|(host, _)| !host.contains('*') && !host.is_empty());
    Consumer {
        of: secret.at(None),
        by: ObjectRef { kind: kind.to_owned(), namespace: Some(namespace.to_owned()), name: name.to_owned() },
        how: Relies::Listener,
        pods: 0,
        older_pods: 0,
        serves: named.map(|(host, port)| Location::from(Place::Endpoint(Endpoint::tls(host, port)))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_names_a_secret() {
        let secret =
            |namespace: &str| Thing { kind: Kind::Secret, namespace: namespace.to_owned(), name: "web".to_owned() };
        let things: BTreeSet<Thing> = [secret("shop"), secret("certs")].into();
        let ingress = json!({ "metadata": { "name": "i", "namespace": "shop" }, "spec": { "tls": [
            { "hosts": ["shop.example.com", "*.example.com"], "secretName": "web" }, { "secretName": "other" }, { "hosts": ["x"] }] } });
        let found = of_ingress(&serde_json::from_value(ingress).expect("an Ingress"), &things);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].serves, ["tls://shop.example.com:443".parse().expect("a place")]);

        let gateway = json!({ "metadata": { "name": "g", "namespace": "shop" }, "spec": { "listeners": [
            { "hostname": "a.example.com", "port": 8443, "tls": { "certificateRefs": [{ "name": "web", "namespace": "certs" }] } },
            { "port": 80 }, { "port": 443, "tls": { "certificateRefs": [{ "kind": "ConfigMap", "name": "web" }] } }] } });
        let found = of_gateway(&serde_json::from_value(gateway).expect("a Gateway"), &things);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].of.to_string(), found[0].serves[0].to_string()),
            ("secret/certs/web/*".to_owned(), "tls://a.example.com:8443".to_owned())
        );
    }
}
