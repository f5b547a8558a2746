//! All that is there, and what each is called.

use std::path::Path;

use support::layouts::{self, Disk};

use crate::listed::{assert_whole, json, lines_of};

#[track_caller]
fn assert_lists(made: impl Fn(&Disk), layouts: &[&str], wanted: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    made(&Disk::new(folder.path()));
    let document = json(folder.path(), &["list"]);
    let found: Vec<&str> = document["layouts"].as_array().into_iter().flatten().filter_map(|it| it["name"].as_str()).collect();
    let lines = lines_of(&document, folder.path());
    if std::env::var_os("SHOW").is_some() {
        println!("{found:?}\n{}", lines.join("\n"));
    }
    assert_whole(&document);
    assert_eq!(found, layouts);
    let wanted: Vec<&str> = wanted.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, wanted);
    no_key_is_told(folder.path(), &document.to_string());
}

/// Nothing of any private key is in an answer.
fn no_key_is_told(_: &Path, answer: &str) {
    assert!(!answer.contains("PRIVATE KEY") && !answer.contains("c2VjcmV0"), "a secret is told");
}

#[test]
fn k3s() {
    assert_lists(|disk| layouts::supervisor::server(disk, "k3s", "var/lib/rancher/k3s"), &["k3s"], "");
}
#[test]
fn rke2_elsewhere() {
    assert_lists(|disk| {
        disk.write("etc/rancher/rke2/config.yaml", "token: secret\ndata-dir: /srv/rke2\n");
        layouts::supervisor::server(disk, "rke2", "srv/rke2");
    }, &["rke2"], "");
}
#[test]
fn an_agent() {
    assert_lists(|disk| layouts::supervisor::agent(disk, "k3s", "var/lib/rancher/k3s"), &["k3s"], "");
}
#[test]
fn rke1() {
    assert_lists(layouts::rke1::node, &["rke1"], "");
}
#[test]
fn rke1_operator() {
    assert_lists(layouts::rke1::operator, &["rke1"], "");
}
#[test]
fn aks_engine() {
    assert_lists(layouts::aks_engine::node, &["aks-engine"], "");
}
#[test]
fn aks_engine_operator() {
    assert_lists(layouts::aks_engine::output, &["aks-engine"], "");
}
#[test]
fn microk8s() {
    assert_lists(layouts::microk8s::node, &["microk8s"], "");
}
#[test]
fn talos() {
    assert_lists(layouts::talos::operator, &["talos"], "");
}
#[test]
fn kubespray() {
    assert_lists(layouts::kubespray::node, &["kubespray", "kubeadm"], "");
}
#[test]
fn kubeadm_elsewhere() {
    assert_lists(layouts::kubeadm::elsewhere, &["kubeadm"], "");
}
#[test]
fn login_files() {
    assert_lists(layouts::aks_hybrid::files, &[], "");
}
