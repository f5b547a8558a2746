//! What lies beside a certificate, and where it lies.

use std::fs;

use support::kubeadm::pki;
use support::openssl;

use super::{Row, authority, in_a_folder, on_a_node, write};
use crate::material::{Pair, kubeconfig};

#[test]
fn key_differs() {
    let row = Row { code: "key-differs", severity: "error", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let pair = Pair { key: Pair::of("/CN=other").key, ..Pair::of("/CN=it") };
        write(folder, &[("it.crt", &pair)]);
    });
}

#[test]
fn key_absent() {
    let row = Row { code: "key-absent", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| fs::remove_file(pki(root).join("apiserver.key")).expect("removed"));
}

/// The identity stands in the file, its key beside it.
#[test]
fn a_key_that_a_kubeconfig_names_is_not_absent() {
    let row = Row { code: "key-absent", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        fs::remove_file(pki(root).join("apiserver.key")).expect("removed");
        let path = root.join("etc/kubernetes/scheduler.conf");
        let text = fs::read_to_string(&path).expect("a kubeconfig");
        let line = text.lines().find(|line| line.contains("client-key-data")).expect("a key");
        let text = text.replace(line, "    client-key: /etc/kubernetes/pki/scheduler.key");
        fs::write(pki(root).join("scheduler.key"), Pair::of("/CN=it").key).expect("written");
        fs::write(path, text).expect("written");
    });
}

#[test]
fn key_shared() {
    let row = Row { code: "key-shared", severity: "warning", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        let key = fs::read(pki(root).join("apiserver.key")).expect("a key");
        fs::write(pki(root).join("sa.pub"), openssl::text(&["pkey", "-pubout"], &key)).expect("written");
        fs::write(pki(root).join("sa.key"), key).expect("written");
    });
}

#[test]
fn bundle_lacks_signer() {
    let row = Row { code: "bundle-lacks-signer", severity: "error", at: "admin.conf#cluster/it", beside: &[] };
    on_a_node(&row, |root| {
        let me = Pair::signed_by(&authority(root), "/O=kubeadm:cluster-admins/CN=kubernetes-admin", &[]);
        let text = kubeconfig("https://127.0.0.1:6443", &Pair::authority("/CN=kubernetes").certificate, &["me"], &me);
        fs::write(root.join("etc/kubernetes/admin.conf"), text).expect("written");
    });
}
