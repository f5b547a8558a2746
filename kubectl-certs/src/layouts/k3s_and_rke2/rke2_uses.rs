//! RKE2: the files of K3s (see `files`), and static pods in `agent/pod-manifests` whose options name them. All of them
//! are made anew with the service: `rke2 certificate rotate` and a start. What etcd uses stands in a file of its own.

use super::files::{layout, read, server};
use crate::layouts::rows::{authority, client, copied, field, kubeconfig, kubelet_serving, pair, trust};
use crate::layouts::{Base, KeptBy, Layout, Leaf, Listen, Move, PurposeRow, Renewal, Store, UseRow};
use crate::model::TakesEffect::{EachHandshake, Restart, Timer, Watch};

pub(in crate::layouts) const RKE2: Layout = layout!(
    "rke2",
    &[
        UseRow {
            component: "kube-apiserver",
            purpose: PurposeRow::Serve(Listen::Port { port: "secure-port", address: "bind-address", default: 6443 }),
            leaf: "serving-kube-apiserver",
            flag: "tls-cert-file",
            takes_effect: Watch,
        },
        UseRow {
            component: "rke2",
            purpose: PurposeRow::Serve(Listen::Port { port: "", address: "", default: 9345 }),
            leaf: "rke2-serving",
            flag: "",
            takes_effect: Timer { seconds: 21_600 },
        },
        client(
            "kube-apiserver",
            "kubelets",
            "client-kube-apiserver",
            "kubelet-client-certificate",
            Timer { seconds: 300 },
        ),
        client("kube-apiserver", "etcd", "etcd-client", "etcd-certfile", EachHandshake),
        client("kube-apiserver", "aggregated API servers", "client-auth-proxy", "proxy-client-cert-file", Watch),
        trust("kube-apiserver", "clients", "client-ca", "client-ca-file", Watch),
        trust("kube-apiserver", "front proxies", "request-header-ca", "requestheader-client-ca-file", Watch),
        trust("kube-apiserver", "etcd", "etcd-server-ca", "etcd-cafile", Restart),
        trust("kube-controller-manager", "API servers, on behalf of pods", "server-ca", "root-ca-file", Restart),
        UseRow {
            component: "kubelet",
            purpose: PurposeRow::Serve(Listen::Port { port: "port", address: "address", default: 10250 }),
            leaf: "serving-kubelet",
            flag: "tls-cert-file",
            takes_effect: Restart,
        },
        trust("kubelet", "API servers", "agent-client-ca", "client-ca-file", Watch),
    ]
);
