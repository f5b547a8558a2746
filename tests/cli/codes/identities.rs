//! What identities say of their bearers.

use std::fs;

use super::{Row, on_a_node, replace};
use crate::material::Pair;

#[test]
fn common_name_only() {
    let row = Row { code: "common-name-only", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| replace(root, "apiserver", "/CN=kube-apiserver", &["extendedKeyUsage=serverAuth"]));
}

#[test]
fn usages_wrong() {
    let row = Row { code: "usages-wrong", severity: "error", at: "pki/apiserver-kubelet-client.crt", beside: &[] };
    on_a_node(&row, |root| {
        let subject = "/O=kubeadm:cluster-admins/CN=kube-apiserver-kubelet-client";
        replace(root, "apiserver-kubelet-client", subject, &["extendedKeyUsage=serverAuth"]);
    });
}

#[test]
fn masters_group() {
    let row = Row { code: "masters-group", severity: "info", at: "pki/apiserver-kubelet-client.crt", beside: &[] };
    on_a_node(&row, |root| {
        let subject = "/O=system:masters/CN=kube-apiserver-kubelet-client";
        replace(root, "apiserver-kubelet-client", subject, &["extendedKeyUsage=clientAuth"]);
    });
}

#[test]
fn kubelet_serving_self_signed() {
    let row = Row { code: "kubelet-serving-self-signed", severity: "info", at: "pki/kubelet.crt#1", beside: &[] };
    on_a_node(&row, |root| {
        let own = Pair::authority("/CN=node-ca@1");
        let leaf = Pair::signed_by(&own, "/CN=node@1", &["-addext", "subjectAltName=DNS:node"]);
        let folder = root.join("var/lib/kubelet/pki");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("kubelet.crt"), leaf.certificate + &own.certificate).expect("written");
        fs::write(folder.join("kubelet.key"), leaf.key).expect("written");
    });
}
