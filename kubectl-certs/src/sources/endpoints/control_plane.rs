//! The servers of the cluster itself: API servers by the addresses that the Service `kubernetes` leads to, and the ports
//! of nodes.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::Node;

use super::asked::{Asked, Group};
use super::services::addresses;
use super::{Part, any_host};
use crate::access::cluster::Cluster;
use crate::model::{Endpoint, Location, Place};

/// Ports of control-plane nodes (kubernetes.io/docs/reference/networking/ports-and-protocols). kubeadm opens those of the
/// controller manager and the scheduler on 127.0.0.1 only.
const CONTROL_PLANE: [u16; 4] = [10257, 10259, 2379, 2380];
const KUBELET: u16 = 10250;

/// Labels of nodes that have some of them: kubeadm's (the second until 1.24), and what Rancher's distributions add.
const ROLES: [&str; 5] = [
    "node-role.kubernetes.io/control-plane",
    "node-role.kubernetes.io/master",
    "node-role.kubernetes.io/controlplane",
    "node-role.kubernetes.io/etcd",
    "node.kubernetes.io/microk8s-controlplane",
];

/// Each by itself, not only the one that a load balancer chose.
pub(super) async fn api_servers(cluster: &Cluster, bundle: Option<Location>) -> Part {
    let mut part = Part::default();
    match addresses(cluster, "default", "kubernetes").await {
        Ok(addresses) => {
            let servers = addresses.into_iter().map(|(_, host, port)| Endpoint::tls(host, port));
            part.asked.extend(servers.map(|at| Asked::of(at, Group::ApiServers).verified_with(bundle.clone())));
        }
        Err(error) => part.gaps.push(error.gap(Location::from(Place::Endpoint(any_host(6443))))),
    }
    part
}

pub(super) async fn nodes(cluster: &Cluster) -> Part {
    let mut part = Part::default();
    for node in part.list::<Node>(cluster, "/api/v1/nodes", any_host(KUBELET)).await {
        part.asked.extend(ports(&node));
    }
    part
}

fn ports(node: &Node) -> Vec<Asked> {
    let status = node.status.as_ref();
    let addresses = status.and_then(|status| status.addresses.as_deref()).unwrap_or_default();
    // The API does not hold that an address is one.
    let mut internal = addresses.iter().filter(|address| address.type_ == "InternalIP");
    let Some(host) = internal.find_map(|address| address.address.parse::<IpAddr>().ok()) else { return Vec::new() };
    let at = |port: u16| Endpoint::tls(host.to_string(), port);
    let kubelet = status.and_then(|status| status.daemon_endpoints.as_ref()?.kubelet_endpoint.as_ref());
    let kubelet = kubelet.and_then(|kubelet| u16::try_from(kubelet.port).ok()).filter(|port| *port != 0);
    let mut asked = vec![Asked::of(at(kubelet.unwrap_or(KUBELET)), Group::Kubelets)];
    let labels = node.metadata.labels.as_ref();
    if labels.is_some_and(|labels| ROLES.iter().any(|role| labels.contains_key(*role))) {
        asked.extend(CONTROL_PLANE.map(|port| Asked::of(at(port), Group::OnNodes)));
    }
    asked
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_of_a_node_follow_from_its_role_and_its_own_word() {
        let printed = |labels: serde_json::Value, address: &str, port: u16| -> Vec<String> {
            let node = json!({
                "metadata": { "name": "n", "labels": labels },
                "status": {
                    "addresses": [
                        { "type": "Hostname", "address": "n" }, { "type": "InternalIP", "address": address },
                    ],
                    "daemonEndpoints": { "kubeletEndpoint": { "Port": port } },
                },
            });
            let node = serde_json::from_value(node).expect("a node");
            ports(&node).iter().map(|asked| asked.endpoint.to_string()).collect()
        };
        assert_eq!(printed(json!({}), "10.0.0.1", 10255), ["tls://10.0.0.1:10255"]);
        assert_eq!(printed(json!({}), "fd00::1", 0), ["tls://[fd00::1]:10250"]);
        assert_eq!(printed(json!({ "node-role.kubernetes.io/control-plane": "" }), "10.0.0.1", 0).len(), 5);
        assert_eq!(printed(json!({}), "no address\u{1b}", 0), Vec::<String>::new());
    }
}
