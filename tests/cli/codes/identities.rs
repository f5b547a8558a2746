//! What identities say of their bearers.

use std::fs;

use super::{Row, authority, for_root_alone, on_a_node, replace};
use crate::endpoints::serve_with;
use crate::material::{Pair, kubeconfig};
use crate::program::Program;

#[test]
fn common_name_only() {
    let row = Row { code: "common-name-only", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| replace(root, "apiserver", "/CN=kube-apiserver", &["extendedKeyUsage=serverAuth"]));
}

/// The address of the load balancer came later than the certificate.
#[test]
fn names_missing() {
    let row = Row { code: "names-missing", severity: "error", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        let path = root.join("etc/kubernetes/admin.conf");
        let text = fs::read_to_string(&path).expect("a kubeconfig");
        fs::write(&path, text.replace("https://127.0.0.1:", "https://lb.example.com:")).expect("written");
    });
}

/// Everything by which it is called, and not less.
#[test]
fn names_that_pods_use_are_missing() {
    let row = Row { code: "names-missing", severity: "warning", at: "pki/apiserver.crt", beside: &[] };
    on_a_node(&row, |root| {
        let names = "subjectAltName=DNS:kubernetes,DNS:kubernetes.default.svc,IP:127.0.0.1,IP:192.0.2.10,IP:10.96.0.1";
        replace(root, "apiserver", "/CN=kube-apiserver", &[names, "extendedKeyUsage=serverAuth"]);
    });
}

/// `?sni=` asks for a name; without, the server may have another certificate for those who ask.
#[test]
fn a_name_that_was_asked_for_is_missing() {
    let row =
        Row { code: "names-missing", severity: "warning", at: "?sni=shop.example.com", beside: &["issuer-missing"] };
    let program = Program::new();
    let more = ["-addext", "subjectAltName=DNS:web.example.com"];
    let server = serve_with(&program, &Pair::signed_by(&Pair::authority("/CN=top"), "/CN=web", &more), &[]);
    let at = format!("tls://{}", server.at);
    let check = |targets: &[&str]| program.run([&["check", "-o", "json", "--fail-on", "never"], targets].concat());
    row.is_found(&check(&[&format!("{at}?sni=shop.example.com"), &format!("{at}?sni=WEB.example.com"), &at]));
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
        for_root_alone(&folder.join("kubelet.key"));
    });
}

#[test]
fn subject_wrong() {
    let row = Row { code: "subject-wrong", severity: "error", at: "scheduler.conf#user/me", beside: &[] };
    on_a_node(&row, |root| {
        let me = Pair::signed_by(&authority(root), "/CN=system:scheduler", &[]);
        let text = kubeconfig("https://127.0.0.1:6443", &authority(root).certificate, &["me"], &me);
        fs::write(root.join("etc/kubernetes/scheduler.conf"), text).expect("written");
    });
}
