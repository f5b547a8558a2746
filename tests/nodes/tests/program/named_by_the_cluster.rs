//! `--nodes`: a real API server says which nodes there are, and a real SSH server stands behind each address.

use std::fs;
use std::path::Path;
use std::process::Command;

use nodes_tests::helper;
use serde_json::json;
use support::control_plane::ControlPlane;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::ports::Port;

use crate::operator::{ALIASES, Operator, Said};

const NODES: [&str; 2] = ["cp1", "cp2"];

fn add_nodes(operator: &Operator, cluster: &ControlPlane) {
    for (name, address) in NODES.iter().zip(ALIASES) {
        let node = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": name },
            "status": { "addresses": [
                { "type": "Hostname", "address": name }, { "type": "InternalIP", "address": address },
            ]},
        });
        let file = operator.folder.path().join("node.json");
        fs::write(&file, node.to_string()).expect("written");
        cluster.kubectl(&["create", "-f", file.to_str().expect("UTF-8")]);
    }
}

#[test]
fn the_nodes_of_the_cluster_by_their_addresses() {
    let port = Port::take();
    let kubeadm = Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(port.number()) };
    let operator = Operator::with(&NODES, &kubeadm);
    let root = operator.folder.path().join("nodes/cp1");
    let cluster = ControlPlane::start(&root, port.number());
    add_nodes(&operator, &cluster);
    let kubeconfig = operator.file("cp1", "super-admin.conf");
    let named = |arguments: &[&str], kubeconfig: &Path| {
        let mut command = operator.command(helper::built(), arguments);
        command.args(["--nodes", "--ssh-user", "root", "--node-helper"]).arg(helper::folder());
        Said::of(command.arg("--kubeconfig").arg(kubeconfig))
    };

    let plan = named(&["renew", "scheduler.conf", "--dry-run", "-o", "json"], &kubeconfig).expect(0).items();
    let plan = &plan[0]["plan"];
    assert_eq!(plan["nodes"], json!(NODES), "{plan}");
    // What is kept names machines: who goes on or back needs no API server.
    let ssh = &plan["request"]["scope"]["ssh"];
    assert_eq!(ssh["hosts"], json!(ALIASES.map(|address| format!("root@{address}"))), "{ssh}");
    assert!(ssh["allNodes"].as_bool() != Some(true), "{ssh}");
    let listed = named(&["list", "-o", "name"], &kubeconfig).expect(0);
    for node in NODES {
        assert!(listed.out.contains(&format!("node/{node}:/etc/kubernetes/pki/apiserver.crt")), "{listed:?}");
    }

    let before = operator.tree();
    named(&["renew", "scheduler.conf", "--yes"], &kubeconfig).expect(0);
    assert_eq!(before.diff(&operator.tree()).len(), 2);
    drop(cluster);
    named(&["runs", "undo"], &kubeconfig).expect(3).naming(&["could not be listed", "name the nodes with --ssh"]);
    let said = Said::of(&mut remembered(&operator)).expect(0);
    before.assert_unchanged(&operator.tree());
    assert!(said.err.is_empty() || !said.err.contains("error"), "{said:?}");
}

/// The operator's own memory knows which machines they were.
fn remembered(operator: &Operator) -> Command {
    let mut command = Command::new(helper::built());
    command
        .args(["runs", "undo"])
        .env_clear()
        .env("HOME", operator.folder.path().join("home"))
        .env("PATH", "/usr/bin:/bin");
    command.current_dir(operator.folder.path());
    command
}

#[test]
fn nodes_that_cannot_be_asked_for_are_told() {
    let operator = Operator::of(&["cp1"], KeyAlgorithm::EcdsaP256);
    let mut command = operator.command(helper::built(), &["list", "-o", "json", "--nodes", "--kubeconfig", "/nowhere"]);
    let said = Said::of(&mut command).expect(3).naming(&["failed to read the kubeconfig /nowhere"]);
    assert!(said.out.contains("\"unreadable\""), "{said:?}");
}
