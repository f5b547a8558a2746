//! What kubeadm says about the certificates of a node.

use serde::Deserialize;
use support::lab::Lab;

/// What `kubeadm certs check-expiration` says on a node.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expirations {
    pub certificates: Vec<Expiration>,
    pub certificate_authorities: Vec<Expiration>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Expiration {
    /// kubeadm's own: `apiserver`, `admin.conf`, `etcd-ca`.
    pub name: String,
    /// None where the file is missing, as super-admin.conf is on all nodes but the first.
    pub expiration_date: Option<jiff::Timestamp>,
}

/// Fails the test where kubeadm does.
pub fn expirations(lab: &Lab, node: &str) -> Expirations {
    let json = lab.exec_ok(node, &["kubeadm", "certs", "check-expiration", "-o", "json"]);
    serde_json::from_str(&json).unwrap_or_else(|e| panic!("what kubeadm says: {e}\n{json}"))
}
