//! Which certificate is served where.

use std::collections::BTreeMap;
use std::process::Command;

use support::lab::Lab;

/// API server, etcd for clients, etcd for peers, kubelet.
const ON_ADDRESS: [u16; 4] = [6443, 2379, 2380, 10250];
/// Controller manager, scheduler.
const ON_LOOPBACK: [u16; 2] = [10257, 10259];
const KUBELET: [u16; 1] = [10250];

/// Prints "PORT FINGERPRINT" for each; the fingerprint is empty where nobody answers.
const FINGERPRINTS: &str = r#"
address=$1; shift
for port in "$@"; do
  printf '%s ' "$port"
  timeout 5 openssl s_client -connect "$address:$port" </dev/null 2>/dev/null |
    openssl x509 -noout -fingerprint -sha256 2>/dev/null || echo
done
"#;

/// Where TLS is served, by node and port.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Endpoint {
    pub node: String,
    pub port: u16,
}

/// The SHA-256 fingerprint (lower-case hexadecimal) of the certificate that each endpoint of each node
/// serves on a new connection now; `None` where nobody answers.
pub fn served(lab: &Lab) -> BTreeMap<Endpoint, Option<String>> {
    lab.nodes().iter().flat_map(|node| served_by(lab, node)).collect()
}

/// As [`served`], of one node.
pub fn served_by(lab: &Lab, node: &str) -> BTreeMap<Endpoint, Option<String>> {
    let address = lab.address(node).to_string();
    let mut lines = String::new();
    if node.starts_with("cp") {
        lines += &fingerprints(lab.net_command("sh"), &address, &ON_ADDRESS);
        lines += &fingerprints(lab.exec_command(node, &["sh"]), "127.0.0.1", &ON_LOOPBACK);
    } else {
        lines += &fingerprints(lab.net_command("sh"), &address, &KUBELET);
    }
    lines.lines().map(|line| endpoint(node, line)).collect()
}

fn fingerprints(mut shell: Command, address: &str, ports: &[u16]) -> String {
    shell.args(["-c", FINGERPRINTS, "sh", address]).args(ports.iter().map(u16::to_string));
    let output = shell.output().expect("a shell in the lab");
    String::from_utf8(output.stdout).expect("openssl prints ASCII")
}

fn endpoint(node: &str, line: &str) -> (Endpoint, Option<String>) {
    let (port, fingerprint) = line.split_once(' ').unwrap_or((line, ""));
    let fingerprint = fingerprint.split_once('=').map(|(_, value)| value.replace(':', "").to_lowercase());
    (Endpoint { node: node.to_owned(), port: port.parse().expect("a port") }, fingerprint)
}
