//! Which containers run, to tell what was restarted.

use std::collections::BTreeMap;

use serde::Deserialize;
use support::lab::Lab;

/// A running container. Restart counts tell nothing once a sandbox was removed; the id does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Container {
    pub id: String,
    /// Nanoseconds since 1970, by the node's clock.
    pub created_at: i128,
}

/// The running containers of a node by their names in the pod: kube-apiserver, etcd, …
pub fn containers(lab: &Lab, node: &str) -> BTreeMap<String, Container> {
    let json = lab.exec_ok(node, &["crictl", "ps", "--state", "running", "-o", "json"]);
    let list: List = serde_json::from_str(&json).unwrap_or_else(|e| panic!("what crictl says: {e}\n{json}"));
    let named = |row: Row| {
        let created_at = row.created_at.parse().expect("a number of nanoseconds");
        (row.metadata.name, Container { id: row.id, created_at })
    };
    list.containers.into_iter().map(named).collect()
}

#[derive(Deserialize)]
struct List {
    containers: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    metadata: Metadata,
    created_at: String,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}
