//! The hosts of Ingresses and Gateways. They are asked for by their names: that is what those servers choose the
//! certificate by, and they know the names already.

use serde::Deserialize;

use super::asked::Asked;
use super::{Part, any_host};
use crate::access::cluster::Cluster;
use crate::model::Endpoint;
use crate::sources::Wanted;

pub(super) async fn all(cluster: &Cluster, wanted: &Wanted) -> Part {
    let mut part = Part::default();
    let path = |api: &str, plural: &str| {
        let namespace = wanted.namespace.as_ref().map_or_else(String::new, |name| format!("namespaces/{name}/"));
        let selector = wanted.selector.as_ref().map_or_else(String::new, |selector| {
            // Everything but what a query may hold as it is.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            let escaped = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
            format!("?labelSelector={}", selector.bytes().map(escaped).collect::<String>())
        });
        format!("/apis/{api}/{namespace}{plural}{selector}")
    };
    let ingresses = part.list::<Ingress>(cluster, &path("networking.k8s.io/v1", "ingresses"), any_host(443)).await;
    part.asked.extend(ingresses.iter().flat_map(Ingress::endpoints).map(Asked::alone));
    let gateways = path("gateway.networking.k8s.io/v1", "gateways");
    let gateways = part.list::<Gateway>(cluster, &gateways, any_host(443)).await;
    part.asked.extend(gateways.iter().flat_map(Gateway::endpoints).map(Asked::alone));
    part
}

/// Where the cluster's own load balancer is, if it says so; else wherever the name leads.
fn named(addresses: &[&String], host: &str, port: u16) -> Vec<Endpoint> {
    // Which of all the names under it is meant nobody can tell.
    if host.is_empty() || host.starts_with('*') {
        return Vec::new();
    }
    let at = |address: &str| Endpoint { asked_name: Some(host.to_owned()), ..Endpoint::tls(address, port) };
    if addresses.is_empty() { vec![at(host)] } else { addresses.iter().map(|address| at(address)).collect() }
}

#[derive(Deserialize)]
struct Ingress {
    #[serde(default)]
    spec: IngressSpec,
    #[serde(default)]
    status: IngressStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IngressSpec {
    tls: Vec<IngressTls>,
    rules: Vec<IngressRule>,
}

#[derive(Deserialize)]
struct IngressTls {
    #[serde(default)]
    hosts: Vec<String>,
}

#[derive(Deserialize)]
struct IngressRule {
    #[serde(default)]
    host: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct IngressStatus {
    load_balancer: LoadBalancer,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct LoadBalancer {
    ingress: Vec<LoadBalancerPoint>,
}

#[derive(Deserialize)]
struct LoadBalancerPoint {
    ip: Option<String>,
    hostname: Option<String>,
}

impl Ingress {
    fn endpoints(&self) -> Vec<Endpoint> {
        let points = &self.status.load_balancer.ingress;
        let addresses: Vec<&String> =
            points.iter().filter_map(|point| point.ip.as_ref().or(point.hostname.as_ref())).collect();
        // TLS without hosts is for all that the rules name.
        let rules = || self.spec.rules.iter().map(|rule| &rule.host);
        let hosts = self.spec.tls.iter().flat_map(|tls| {
            let all = tls.hosts.iter();
            if tls.hosts.is_empty() { all.chain(rules().collect::<Vec<_>>()) } else { all.chain(Vec::new()) }
        });
        hosts.flat_map(|host| named(&addresses, host, 443)).collect()
    }
}

#[derive(Deserialize)]
struct Gateway {
    #[serde(default)]
    spec: GatewaySpec,
    #[serde(default)]
    status: GatewayStatus,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GatewaySpec {
    listeners: Vec<Listener>,
}

#[derive(Deserialize)]
struct Listener {
    #[serde(default)]
    hostname: String,
    port: u16,
    #[serde(default)]
    protocol: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GatewayStatus {
    addresses: Vec<GatewayAddress>,
}

#[derive(Deserialize)]
struct GatewayAddress {
    value: String,
}

impl Gateway {
    fn endpoints(&self) -> Vec<Endpoint> {
        let addresses: Vec<&String> = self.status.addresses.iter().map(|address| &address.value).collect();
        let listeners = self.spec.listeners.iter().filter(|listener| matches!(&*listener.protocol, "HTTPS" | "TLS"));
        listeners.flat_map(|listener| named(&addresses, &listener.hostname, listener.port)).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn printed(endpoints: &[Endpoint]) -> Vec<String> {
        endpoints.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn hosts_of_an_ingress_are_asked_for_where_its_load_balancer_is() {
        let ingress = |status: serde_json::Value| -> Ingress {
            let rules = json!([{ "host": "a.example.com" }, { "host": "*.example.com" }, {}]);
            let tls = json!([{ "hosts": ["shop.example.com"], "secretName": "s" }, { "secretName": "t" }]);
            let object = json!({ "metadata": {}, "spec": { "tls": tls, "rules": rules }, "status": status });
            serde_json::from_value(object).expect("an Ingress")
        };
        let balanced = ingress(json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } }));
        let wanted = ["tls://192.0.2.1:443?sni=shop.example.com", "tls://192.0.2.1:443?sni=a.example.com"];
        assert_eq!(printed(&balanced.endpoints()), wanted);
        let wanted = ["tls://shop.example.com:443?sni=shop.example.com", "tls://a.example.com:443?sni=a.example.com"];
        assert_eq!(printed(&ingress(json!({})).endpoints()), wanted);
    }

    #[test]
    fn listeners_of_a_gateway_without_tls_are_left_alone() {
        let gateway = json!({
            "spec": { "listeners": [
                { "name": "a", "hostname": "shop.example.com", "port": 8443, "protocol": "HTTPS" },
                { "name": "b", "hostname": "shop.example.com", "port": 80, "protocol": "HTTP" },
                { "name": "c", "port": 443, "protocol": "TLS" },
            ]},
            "status": { "addresses": [{ "type": "IPAddress", "value": "fd00::1" }] },
        });
        let gateway: Gateway = serde_json::from_value(gateway).expect("a Gateway");
        assert_eq!(printed(&gateway.endpoints()), ["tls://[fd00::1]:8443?sni=shop.example.com"]);
    }
}
