//! K3s: everything of a node runs in one process, which reads its files when it starts. See `files` for the files.

use super::files::{layout, read, server};
use crate::layouts::rows::{authority, client, copied, field, kubeconfig, kubelet_serving, pair, trust};
use crate::layouts::{Base, KeptBy, Layout, Leaf, Listen, Move, PurposeRow, Renewal, Store, UseRow};
use crate::model::TakesEffect::{Restart, Timer};

/// The supervisor looks at its own certificate this often (rancher/dynamiclistener `listener.go`).
const SIX_HOURS: u32 = 21_600;

pub(in crate::layouts) const K3S: Layout = layout!(
    "k3s",
    &[
        UseRow {
            component: "k3s",
            purpose: PurposeRow::Serve(Listen::Port {
                port: "https-listen-port",
                address: "bind-address",
                default: 6443
            }),
            leaf: "k3s-serving",
            flag: "",
            takes_effect: Timer { seconds: SIX_HOURS },
        },
        UseRow {
            component: "k3s",
            purpose: PurposeRow::Serve(Listen::Port { port: "", address: "", default: 10250 }),
            leaf: "serving-kubelet",
            flag: "",
            takes_effect: Restart,
        },
        client("k3s", "kubelets", "client-kube-apiserver", "", Restart),
        client("k3s", "etcd", "etcd-client", "", Restart),
        client("k3s", "etcd peers", "etcd-peer-server-client", "", Restart),
        client("k3s", "aggregated API servers", "client-auth-proxy", "", Restart),
        client("k3s", "kube-apiserver", "client-supervisor", "", Restart),
        client("k3s", "kube-apiserver", "client-controller", "", Restart),
        client("k3s", "kube-apiserver", "client-scheduler", "", Restart),
        client("k3s", "kube-apiserver", "client-k3s-cloud-controller", "", Restart),
        client("k3s", "kube-apiserver", "client-kubelet", "", Restart),
        client("k3s", "kube-apiserver", "agent-client-kube-proxy", "", Restart),
        client("k3s", "kube-apiserver", "agent-client-k3s-controller", "", Restart),
        trust("k3s", "clients", "client-ca", "", Restart),
        trust("k3s", "front proxies", "request-header-ca", "", Restart),
        trust("k3s", "API servers", "server-ca", "", Restart),
        trust("k3s", "API servers", "agent-server-ca", "", Restart),
        trust("k3s", "clients of the kubelet", "agent-client-ca", "", Restart),
        trust("k3s", "etcd clients", "etcd-server-ca", "", Restart),
        trust("k3s", "etcd peers", "etcd-peer-ca", "", Restart),
        UseRow {
            component: "k3s",
            purpose: PurposeRow::Sign("certificate signing requests"),
            leaf: "client-ca.nochain",
            flag: "",
            takes_effect: Restart,
        },
    ]
);
