//! RKE1 (rancher/rke `pki/constants.go`, `pki/services.go`): all material is made where `rke` runs, kept with its keys in
//! `cluster.rkestate` there (and in a Secret of the cluster), and copied to `/etc/kubernetes/ssl` of the nodes.
//!
//! One identity of all kubelets, and on each etcd node the pairs of all members. kube-service-account-token is a key pair
//! wrapped in a certificate, the same bytes as kube-apiserver. Components run in containers and read files as kubeadm's do.

use super::rows::{authority, client, copied, field, kubeconfig, kubelet_serving, leaf, pair, trust};
use super::{Base, Layout, Listen, PurposeRow, Store, UseRow};
use crate::model::TakesEffect::{EachHandshake, Restart, Timer, Watch};

macro_rules! ssl {
    ($name:literal) => {
        pair($name, "kube-ca", concat!("ssl/", $name, ".pem"), concat!("ssl/", $name, "-key.pem"))
    };
}
pub(super) const RKE1: Layout = Layout {
    name: "rke1",
    bases: &[
        Base { folder: "etc/kubernetes", marks: &["ssl/kube-ca.pem"], unless: &[], read: NODE },
        // Flatcar and RancherOS.
        Base { folder: "opt/rke/etc/kubernetes", marks: &["ssl/kube-ca.pem"], unless: &[], read: NODE },
        // Where `rke` runs.
        Base {
            folder: "",
            marks: &["cluster.rkestate", "kube_config_cluster.yml", "ssl/kube-ca.pem"],
            unless: &[],
            read: &["ssl", "*.rkestate", "*.rkestate.*", "kube_config_*.yml", "kubecfg-*.yaml"],
        },
    ],
    authorities: &[
        authority("kube-ca", "ssl/kube-ca.pem", "ssl/kube-ca-key.pem"),
        authority(
            "kube-apiserver-requestheader-ca",
            "ssl/kube-apiserver-requestheader-ca.pem",
            "ssl/kube-apiserver-requestheader-ca-key.pem",
        ),
        // Of an etcd elsewhere; its key is not ours.
        authority("kube-etcd-client-ca", "ssl/kube-etcd-client-ca.pem", "ssl/kube-etcd-client-ca-key.pem"),
    ],
    copies: &[copied("kube-service-account-token-ca", "kube-ca", "ssl/kube-service-account-token-ca.pem")],
    leaves: &[
        ssl!("kube-apiserver"),
        ssl!("kube-controller-manager"),
        ssl!("kube-scheduler"),
        ssl!("kube-proxy"),
        ssl!("kube-node"),
        ssl!("kube-service-account-token"),
        pair(
            "kube-apiserver-proxy-client",
            "kube-apiserver-requestheader-ca",
            "ssl/kube-apiserver-proxy-client.pem",
            "ssl/kube-apiserver-proxy-client-key.pem",
        ),
        pair("kube-etcd-client", "kube-etcd-client-ca", "ssl/kube-etcd-client.pem", "ssl/kube-etcd-client-key.pem"),
        ssl!("kube-etcd-*"),
        ssl!("kube-kubelet-*"),
        leaf("kube-admin", "kube-ca", Store::NoUsualPlace),
        kubeconfig("kube_config_*.yml", "kube_config_*.yml", "kube-ca"),
        kubelet_serving("kubelet-serving", "/var/lib/kubelet/pki/kubelet.crt", "/var/lib/kubelet/pki/kubelet.key"),
    ],
    // Twice: as it is to be, and as it is.
    fields: &[
        field("*.rkestate", "/*/certificatesBundle/*/certificatePEM", "*"),
        field(
            "*.rkestate",
            "/*/certificatesBundle/kube-admin/config/users/0/user/client-certificate-data",
            "kube-admin",
        ),
    ],
    moves: &[],
    told: &[],
    renewed_by: Some("are renewed by `rke cert rotate`, run where cluster.yml and cluster.rkestate are"),
    server: "kube-apiserver",
    uses: &[
        UseRow {
            component: "kube-apiserver",
            purpose: PurposeRow::Serve(Listen::Port { port: "secure-port", address: "bind-address", default: 6443 }),
            leaf: "kube-apiserver",
            flag: "tls-cert-file",
            takes_effect: Watch,
        },
        client("kube-apiserver", "kubelets", "kube-apiserver", "kubelet-client-certificate", Timer { seconds: 300 }),
        client("kube-apiserver", "etcd", "kube-node", "etcd-certfile", EachHandshake),
        client(
            "kube-apiserver",
            "aggregated API servers",
            "kube-apiserver-proxy-client",
            "proxy-client-cert-file",
            Watch,
        ),
        trust("kube-apiserver", "clients", "kube-ca", "client-ca-file", Watch),
        trust(
            "kube-apiserver",
            "front proxies",
            "kube-apiserver-requestheader-ca",
            "requestheader-client-ca-file",
            Watch,
        ),
        trust("kube-apiserver", "etcd", "kube-ca", "etcd-cafile", Restart),
        UseRow {
            component: "etcd",
            purpose: PurposeRow::Serve(Listen::Urls("listen-client-urls")),
            leaf: "kube-etcd-*",
            flag: "cert-file",
            takes_effect: EachHandshake,
        },
        client("etcd", "etcd peers", "kube-etcd-*", "peer-cert-file", EachHandshake),
        trust("etcd", "clients", "kube-ca", "trusted-ca-file", Restart),
        trust("etcd", "peers", "kube-ca", "peer-trusted-ca-file", Restart),
        trust("kube-controller-manager", "API servers, on behalf of pods", "kube-ca", "root-ca-file", Restart),
        UseRow {
            component: "kube-controller-manager",
            purpose: PurposeRow::Sign("certificate signing requests"),
            leaf: "kube-ca",
            flag: "cluster-signing-cert-file",
            takes_effect: Watch,
        },
        UseRow {
            component: "kubelet",
            purpose: PurposeRow::Serve(Listen::Port { port: "port", address: "address", default: 10250 }),
            leaf: "kube-kubelet-*",
            flag: "tls-cert-file",
            takes_effect: Restart,
        },
        trust("kubelet", "API servers", "kube-ca", "client-ca-file", Watch),
    ],
    names_from: &[],
};

const NODE: &[&str] = &["ssl", "/var/lib/kubelet/pki"];
