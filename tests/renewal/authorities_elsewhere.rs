//! Authorities whose keys are not on the disk: refused with what to do, and what can be renewed is.

use std::fs;

use support::kubeadm::{Etcd, KeyAlgorithm, Kubeadm};

use crate::disk::Disk;
use crate::renews_all::{assert_as_before, assert_listed_as_openssl_says};
use crate::witness::{KUBECONFIGS, assert_renewal, identities};

const OF_CA: [&str; 7] = [
    "apiserver",
    "apiserver-kubelet-client",
    "admin.conf",
    "super-admin.conf",
    "controller-manager.conf",
    "scheduler.conf",
    "kubelet.conf",
];
const OF_ETCD_CA: [&str; 4] = ["apiserver-etcd-client", "etcd-healthcheck-client", "etcd-peer", "etcd-server"];

#[test]
fn an_external_ca_is_refused_with_what_to_do() {
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm.external_ca = true;
    let disk = Disk::with(&kubeadm);
    assert_listed_as_openssl_says(&disk);
    let before = disk.tree();
    for way in [["--yes"].as_slice(), &["--dry-run"], &["--yes", "-o", "json"]] {
        let said = disk.on_root(&[&["renew", "--all"], way].concat()).expect(4);
        let said = said.naming(&OF_CA).naming(&OF_ETCD_CA).naming(&["front-proxy-client"]);
        let said = said.naming(&["private key of ca (file:", "etcd-ca (file:", "front-proxy-ca (file:"]);
        let hints: Vec<&str> = said.err.lines().filter(|line| line.starts_with("hint: ")).collect();
        assert!(hints.iter().any(|hint| hint.contains("kubeadm certs generate-csr")), "{hints:?}");
        assert!(hints.iter().any(|hint| hint.contains("run this where the authority's key is")), "{hints:?}");
        if way.contains(&"json") {
            assert_eq!(said.json()["error"]["kind"], "refused");
        }
    }
    // Not even a folder of its own.
    before.assert_unchanged(&disk.tree());
}

#[test]
fn leaves_of_the_authorities_that_are_here_are_renewed_by_name() {
    let disk = Disk::ecdsa();
    for key in ["pki/ca.key", "pki/front-proxy-ca.key"] {
        fs::remove_file(disk.file(key)).expect("an authority's key");
    }
    let (before, old) = (disk.tree(), identities(&disk.file("")));
    let said = disk.on_root(&["renew", "--all", "--yes"]).expect(4).naming(&OF_CA).naming(&["front-proxy-client"]);
    for local in ["etcd-server", "apiserver-etcd-client", "etcd-ca"] {
        assert!(!said.err.contains(local), "{local} can be renewed here: {}", said.err);
    }
    said.naming(&["naming them as targets"]);
    before.assert_unchanged(&disk.tree());

    let asked: Vec<&str> = ["renew", "--yes"].into_iter().chain(OF_ETCD_CA).collect();
    disk.on_root(&asked).expect(0);
    let new = identities(&disk.file(""));
    for (name, (identity, authority)) in &old {
        let other = &new[name].0;
        if *authority == "pki/etcd/ca" {
            assert_renewal(name, identity, other, &disk.file("pki/etcd/ca.crt"));
        } else {
            assert_eq!(identity, other, "{name} was not asked for");
        }
    }
}

/// kubeadm with etcd elsewhere: the node has etcd's certificate and a client of it, the etcd host has the authority.
#[test]
fn external_etcd_is_renewed_on_its_host_and_the_rest_on_the_node() {
    let host = Disk::empty();
    let mut kubeadm = Kubeadm::new(6443);
    kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
    kubeadm.etcd = Etcd::External { root: host.root() };
    let node = Disk::with(&kubeadm);

    for disk in [&node, &host] {
        assert_listed_as_openssl_says(disk);
    }
    let (node_before, host_before) = (node.material(), host.material());
    let said = node.on_root(&["renew", "apiserver-etcd-client", "--yes"]).expect(4);
    said.naming(&["apiserver-etcd-client cannot be renewed here", "etcd-ca", "naming them as targets"]);
    assert!(!node.state().exists());

    let run = node.renew_all();
    let left: Vec<_> = run["leftAlone"].as_array().expect("what is left alone").iter().collect();
    assert_eq!((left.len(), &left[0]["name"]), (1, &"apiserver-etcd-client".into()), "{left:?}");
    assert!(left[0]["why"].as_str().is_some_and(|why| why.contains("renew it there")), "{left:?}");
    host.renew_all();
    for (disk, count) in [(&node, 3 + KUBECONFIGS.len()), (&host, 4)] {
        assert_listed_as_openssl_says(disk);
        let run = disk.on_root(&["runs", "list", "-o", "json"]).expect(0).item("Run");
        assert_eq!((run["stepsDone"].as_u64(), run["state"].as_str()), (Some(count as u64), Some("done")));
        disk.on_root(&["runs", "undo"]).expect(0);
    }
    assert_as_before(&node_before, &node.material());
    assert_as_before(&host_before, &host.material());
}
