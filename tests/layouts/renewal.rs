//! What this program does not renew, it refuses to by name, and changes nothing.

use support::layouts::{self, Disk};
use support::tree::Tree;

use crate::listed::run;

/// What is made, by whom, and what renews it.
type Case<'a> = (&'a str, &'a dyn Fn(&Disk), &'a str);

#[test]
fn layouts_that_others_renew_are_refused_by_name() {
    let supervisor = |disk: &Disk| layouts::supervisor::server(disk, "k3s", "var/lib/rancher/k3s");
    let cases: [Case<'_>; 5] = [
        ("k3s", &supervisor, "certificate rotate"),
        ("rke1", &layouts::rke1::node, "rke cert rotate"),
        ("aks-engine", &layouts::aks_engine::node, "aks-engine rotate-certs"),
        ("microk8s", &layouts::microk8s::node, "microk8s refresh-certs"),
        ("talos", &layouts::talos::operator, "by the machines themselves"),
    ];
    for (name, made, how) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        made(&Disk::new(folder.path()));
        let before = Tree::read(folder.path());
        for arguments in [&["renew", "--all", "--yes"][..], &["renew", "--dry-run"]] {
            let output = run(folder.path(), arguments);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(4), "{name}: {said}");
            assert!(said.contains(name) && said.contains(how), "{name}: {said}");
        }
        before.assert_unchanged(&Tree::read(folder.path()));
    }
}

/// kubeadm's part is renewed, at the places that the components are told; kubespray's etcd is left alone.
#[test]
fn beside_another_layout_kubeadms_leaves_are_renewed() {
    let folder = tempfile::tempdir().expect("a folder");
    layouts::kubespray::node(&Disk::new(folder.path()));
    let before = Tree::read(folder.path());
    let output = run(folder.path(), &["renew", "--all", "--yes"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("kubespray"), "{said}");
    let changed = before.diff(&Tree::read(folder.path()));
    assert!(changed.iter().any(|line| line.starts_with("etc/kubernetes/ssl/apiserver.crt")), "{changed:?}");
    assert!(!changed.iter().any(|line| line.starts_with("etc/ssl")), "{changed:?}");
}

#[test]
fn targets_of_another_layout_are_refused_too() {
    let folder = tempfile::tempdir().expect("a folder");
    layouts::kubespray::node(&Disk::new(folder.path()));
    for arguments in [&["renew", "etcd-member-n1"][..], &["renew", "--only", "etcd-member-n1"]] {
        let output = run(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(said.contains("kubespray"), "{said}");
    }
}
