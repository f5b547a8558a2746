//! What a cluster serves and holds, as other programs see it: openssl, kubectl, kubeadm, the disks.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;
use support::lab::Lab;
use support::tree::Tree;

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

/// The nodes that the cluster does not call Ready.
pub fn not_ready(lab: &Lab) -> Vec<String> {
    const READY: &str =
        r#"{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}"#;
    let table = lab.kubectl(&["get", "nodes", "-o", &format!("jsonpath={READY}")]);
    let ready = |node: &String| table.lines().any(|line| line == format!("{node} True"));
    lab.nodes().into_iter().filter(|node| !ready(node)).collect()
}

/// Fails the test, naming the nodes, if they are not all Ready in time.
pub fn wait_until_ready(lab: &Lab, limit: Duration) {
    let deadline = Instant::now() + limit;
    loop {
        let missing = not_ready(lab);
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "not Ready after {limit:?}: {missing:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

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

/// The files of a node that have to do with certificates, byte for byte, with mode, owner and time.
#[derive(Clone, Debug)]
pub struct NodeFiles {
    /// By the folder's path on the node.
    trees: Vec<(&'static str, Tree)>,
}

impl NodeFiles {
    pub fn read(lab: &Lab, node: &str) -> Self {
        let folders = ["/etc/kubernetes", "/var/lib/kubelet/pki"];
        Self { trees: folders.map(|folder| (folder, lab.node_tree(node, folder))).into() }
    }

    /// What `later` has, lacks or has otherwise, one line per path.
    pub fn diff(&self, later: &Self) -> Vec<String> {
        self.compare(later, Tree::diff)
    }

    /// As [`Self::diff`]; a file written anew or replaced by an equal one is a difference too.
    pub fn diff_with_times(&self, later: &Self) -> Vec<String> {
        self.compare(later, Tree::diff_with_times)
    }

    fn compare(&self, later: &Self, diff: fn(&Tree, &Tree) -> Vec<String>) -> Vec<String> {
        let pairs = self.trees.iter().zip(&later.trees);
        let lines = pairs.flat_map(|((folder, before), (_, after))| {
            diff(before, after).into_iter().map(move |line| format!("{folder}/{line}"))
        });
        lines.collect()
    }
}
