//! All that is there, and what each is called: `expected` has a line for each place.

use serde_json::Value;
use support::layouts::{self, Disk};

use crate::listed::{assert_whole, json, lines_of};

/// Where several are on one disk, in the order of the program's table.
#[track_caller]
fn assert_lists(made: impl Fn(&Disk), layouts: &[&str], expected: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    made(&Disk::new(folder.path()));
    let document = json(folder.path(), &["list"]);
    let found = document["layouts"].as_array().into_iter().flatten();
    let found: Vec<&str> = found.filter_map(|layout| layout["name"].as_str()).collect();
    assert_eq!(found, layouts);
    let mut lines = lines_of(&document, folder.path());
    lines.sort();
    assert_eq!(lines, expected.lines().collect::<Vec<_>>());
    // Of private keys and tokens nothing is in an answer.
    let answer = document.to_string();
    assert!(!answer.contains("PRIVATE KEY") && !answer.contains("c2VjcmV0"), "a secret is told");
    document
}

#[test]
fn k3s() {
    let made = |disk: &Disk| layouts::supervisor::server(disk, "k3s", "var/lib/rancher/k3s");
    let document = assert_lists(made, &["k3s"], include_str!("expected/k3s.txt"));
    assert_whole(&document);
    let why = document["layouts"][0]["why"].as_str().expect("a reason");
    assert!(why.ends_with("var/lib/rancher/k3s/server/tls/server-ca.crt exists"), "{why}");
}

#[test]
fn rke2_whose_data_lies_elsewhere() {
    let made = |disk: &Disk| {
        disk.write("etc/rancher/rke2/config.yaml", "token: secret\ndata-dir: /srv/rke2\n");
        layouts::supervisor::server(disk, "rke2", "srv/rke2");
    };
    let document = assert_lists(made, &["rke2"], include_str!("expected/rke2_elsewhere.txt"));
    assert_whole(&document);
    let why = document["layouts"][0]["why"].as_str().expect("a reason");
    assert!(why.contains("data-dir"), "{why}");
}

#[test]
fn an_agent_alone() {
    let made = |disk: &Disk| layouts::supervisor::agent(disk, "k3s", "var/lib/rancher/k3s");
    assert_whole(&assert_lists(made, &["k3s"], include_str!("expected/an_agent.txt")));
}

#[test]
fn rke1() {
    assert_whole(&assert_lists(layouts::rke1::node, &["rke1"], include_str!("expected/rke1.txt")));
}

#[test]
fn rke1_where_the_operator_works() {
    assert_whole(&assert_lists(layouts::rke1::operator, &["rke1"], include_str!("expected/rke1_operator.txt")));
}

#[test]
fn aks_engine() {
    assert_whole(&assert_lists(layouts::aks_engine::node, &["aks-engine"], include_str!("expected/aks_engine.txt")));
}

#[test]
fn aks_engine_where_the_operator_works() {
    let expected = include_str!("expected/aks_engine_operator.txt");
    assert_whole(&assert_lists(layouts::aks_engine::output, &["aks-engine"], expected));
}

#[test]
fn microk8s() {
    let document = assert_lists(layouts::microk8s::node, &["microk8s"], include_str!("expected/microk8s.txt"));
    assert_whole(&document);
    let items = document["items"].as_array().expect("items");
    assert_eq!(items.iter().filter(|item| item["version"] == 1).count(), 5);
}

#[test]
fn talos() {
    assert_whole(&assert_lists(layouts::talos::operator, &["talos"], include_str!("expected/talos.txt")));
}

#[test]
fn kubespray_and_kubeadm_on_one_disk() {
    let expected = include_str!("expected/kubespray.txt");
    assert_whole(&assert_lists(layouts::kubespray::node, &["kubespray", "kubeadm"], expected));
}

/// Flags, mounts, drop-ins and units say where everything is; what one of them names and is not there is said.
#[test]
fn kubeadm_whose_files_lie_elsewhere() {
    let expected = include_str!("expected/kubeadm_elsewhere.txt");
    let document = assert_lists(layouts::kubeadm::elsewhere, &["kubeadm"], expected);
    let gaps = document["gaps"].as_array().expect("gaps");
    let messages: Vec<&str> = gaps.iter().filter_map(|gap| gap["message"].as_str()).collect();
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert!(message.contains("kube-controller-manager") && message.contains("--tls-cert-file"), "{message}");
}

#[test]
fn login_and_access_files_in_a_plain_folder() {
    let document = assert_lists(layouts::aks_hybrid::files, &[], include_str!("expected/login_files.txt"));
    assert_whole(&document);
    let items = document["items"].as_array().expect("items");
    let ends: Vec<&str> = items.iter().filter_map(|item| item["token"]["expires"].as_str()).collect();
    assert_eq!(ends, ["2033-05-18T03:33:20Z"; 3]);
}
