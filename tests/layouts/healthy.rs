//! What is as its program writes it is no trouble: nothing from a warning up is told of it.

use support::layouts::{self, Disk};

use crate::listed::json;

#[track_caller]
fn findings(made: impl Fn(&Disk)) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    made(&Disk::new(folder.path()));
    let document = json(folder.path(), &["check", "--fail-on", "never"]);
    let items = document["items"].as_array().expect("items").iter();
    let loud = items.filter(|item| item["severity"] != "info");
    loud.map(|item| format!("{} {}: {}", item["code"], item["target"], item["message"])).collect()
}

#[test]
fn k3s_and_rke2() {
    for program in ["k3s", "rke2"] {
        let data = format!("var/lib/rancher/{program}");
        assert_eq!(findings(|disk| layouts::supervisor::server(disk, program, &data)), Vec::<String>::new());
        assert_eq!(findings(|disk| layouts::supervisor::agent(disk, program, &data)), Vec::<String>::new());
    }
}

#[test]
fn rke1() {
    assert_eq!(findings(layouts::rke1::node), Vec::<String>::new());
    assert_eq!(findings(layouts::rke1::operator), Vec::<String>::new());
}

#[test]
fn aks_engine() {
    assert_eq!(findings(layouts::aks_engine::node), Vec::<String>::new());
    assert_eq!(findings(layouts::aks_engine::output), Vec::<String>::new());
}

#[test]
fn microk8s() {
    assert_eq!(findings(layouts::microk8s::node), Vec::<String>::new());
}

#[test]
fn talos() {
    assert_eq!(findings(layouts::talos::operator), Vec::<String>::new());
}

#[test]
fn kubespray() {
    assert_eq!(findings(layouts::kubespray::node), Vec::<String>::new());
}

#[test]
fn kubeadm_whose_files_lie_elsewhere() {
    assert_eq!(findings(layouts::kubeadm::elsewhere), Vec::<String>::new());
}

#[test]
fn login_and_access_files() {
    assert_eq!(findings(layouts::aks_hybrid::files), Vec::<String>::new());
}
