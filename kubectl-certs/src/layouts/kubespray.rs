//! kubespray: kubeadm with its certificates in `/etc/kubernetes/ssl` (`pki` may be a symlink to it), and an etcd of its own
//! on the hosts, whose certificates of a hundred years a script makes (kubernetes-sigs/kubespray
//! `roles/etcd/templates/make-ssl-etcd.sh.j2`).

use super::rows::{authority, client, pair, trust};
use super::{Base, Layout, Listen, PurposeRow, UseRow};
use crate::model::TakesEffect::{EachHandshake, Restart};

pub(super) const KUBESPRAY: Layout = Layout {
    name: "kubespray",
    bases: &[Base {
        folder: "etc/ssl/etcd/ssl",
        marks: &["ca.pem"],
        unless: &[],
        read: &["", "/etc/etcd.env", "/etc/kubernetes/ssl"],
    }],
    authorities: &[authority("etcd-host-ca", "ca.pem", "ca-key.pem")],
    copies: &[],
    leaves: &[
        pair("etcd-member-*", "etcd-host-ca", "member-*.pem", "member-*-key.pem"),
        pair("etcd-node-*", "etcd-host-ca", "node-*.pem", "node-*-key.pem"),
        pair("etcd-admin-*", "etcd-host-ca", "admin-*.pem", "admin-*-key.pem"),
    ],
    fields: &[],
    moves: &[],
    told: &[],
    renewed_by: Some("are made anew by kubespray's playbook, once their files are gone"),
    server: "",
    uses: &[
        UseRow {
            component: "etcd",
            purpose: PurposeRow::Serve(Listen::Urls("listen-client-urls")),
            leaf: "etcd-member-*",
            flag: "",
            takes_effect: EachHandshake,
        },
        client("kube-apiserver", "etcd", "etcd-node-*", "etcd-certfile", EachHandshake),
        trust("kube-apiserver", "etcd", "etcd-host-ca", "etcd-cafile", Restart),
        trust("etcd", "clients", "etcd-host-ca", "", Restart),
    ],
    names_from: &[],
};
