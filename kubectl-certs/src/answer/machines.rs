//! `--nodes`: from the Node objects of the cluster to machines, once, before anything else is done with them.

use k8s_openapi::List;
use k8s_openapi::api::core::v1::Node;

use crate::access::cluster::{self, Cluster};
use crate::error::Error;
use crate::request::{Request, Scope};

/// A plan and a journal name machines, not the question for them: the API server may be down when they are needed.
pub(super) async fn named(request: &Request) -> Result<Request, Error> {
    let mut request = request.clone();
    if let Some(scope) = request.scope_mut().filter(|scope| scope.ssh.all_nodes) {
        scope.ssh.hosts.extend(hosts(scope).await?);
        (scope.ssh.all_nodes, scope.ssh.user) = (false, None);
    }
    Ok(request)
}

async fn hosts(scope: &Scope) -> Result<Vec<String>, Error> {
    let way_out = "name the nodes with --ssh, which needs no API server";
    let chosen = cluster::choose(&scope.connection)?.ok_or_else(|| {
        Error::unreadable("there is no kubeconfig, so it is not known which nodes the cluster has").hint(way_out)
    })?;
    let cluster = Cluster::connect(&chosen, &scope.connection).await?;
    let nodes: List<Node> = cluster.get("/api/v1/nodes").await.map_err(|error| {
        Error::unreadable(format!("the nodes of the cluster could not be listed: {}", error.message)).hint(way_out)
    })?;
    nodes.items.iter().map(|node| host(node, scope.ssh.user.as_deref())).collect()
}

fn host(node: &Node, user: Option<&str>) -> Result<String, Error> {
    let addresses = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
    let of = |kind: &str| addresses.clone().find(|address| address.type_ == kind).map(|address| &address.address);
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let address = of("InternalIP").or_else(|| of("Hostname")).ok_or_else(|| {
        Error::refused(format!("the node {name} has no address in its Node object"))
            .hint("name the nodes with --ssh instead")
    })?;
    let address = if address.contains(':') { format!("[{address}]") } else { address.clone() };
    Ok(user.map_or_else(|| address.clone(), |user| format!("{user}@{address}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_reached_by_the_address_within_the_cluster() {
        let node = |addresses: serde_json::Value| -> Node {
            serde_json::from_value(serde_json::json!({"metadata": {"name": "n"}, "status": {"addresses": addresses}}))
                .expect("a node")
        };
        let both = node(serde_json::json!([
            {"type": "Hostname", "address": "n"}, {"type": "InternalIP", "address": "10.0.0.1"}
        ]));
        assert_eq!(host(&both, None).expect("a host"), "10.0.0.1");
        assert_eq!(host(&both, Some("admin")).expect("a host"), "admin@10.0.0.1");
        let six = node(serde_json::json!([{"type": "InternalIP", "address": "fd00::1"}]));
        assert_eq!(host(&six, Some("root")).expect("a host"), "root@[fd00::1]");
        let none = host(&node(serde_json::json!([])), None).expect_err("no address");
        assert!(none.message.contains("the node n has no address"), "{none}");
    }
}
