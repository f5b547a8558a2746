//! `MicroK8s` (canonical/microk8s `scripts/` and `microk8s-resources/actions/common/utils.sh`): made by the openssl program.
//! The five client certificates are X.509 v1 and stand in kubeconfigs that end in `.config`; the authority's name is an
//! address; kubelet.crt states no extended usages. One process, kubelite, has all of them and reads them when it starts.

use super::rows::{authority, client, kubeconfig, kubelet_serving, pair, trust};
use super::{Base, Layout, Listen, Move, PurposeRow, UseRow};
use crate::model::TakesEffect::Restart;

pub(super) const MICROK8S: Layout = Layout {
    name: "microk8s",
    bases: &[
        Base {
            folder: "var/snap/microk8s/current",
            marks: &["certs/ca.crt", "credentials/client.config"],
            unless: &[],
            read: READ,
        },
        // A copy of that folder alone.
        Base {
            folder: "",
            marks: &["certs/front-proxy-client.crt", "credentials/client.config"],
            unless: &[],
            read: READ,
        },
    ],
    authorities: &[
        authority("ca", "certs/ca.crt", "certs/ca.key"),
        authority("front-proxy-ca", "certs/front-proxy-ca.crt", "certs/front-proxy-ca.key"),
    ],
    copies: &[],
    leaves: &[
        pair("server", "ca", "certs/server.crt", "certs/server.key"),
        pair("kubelet", "ca", "certs/kubelet.crt", "certs/kubelet.key"),
        pair("front-proxy-client", "front-proxy-ca", "certs/front-proxy-client.crt", "certs/front-proxy-client.key"),
        // Of dqlite, the same on all nodes; signs itself.
        kubelet_serving("cluster", "var/kubernetes/backend/cluster.crt", "var/kubernetes/backend/cluster.key"),
        kubeconfig("client.config", "credentials/client.config", "ca"),
        kubeconfig("controller.config", "credentials/controller.config", "ca"),
        kubeconfig("kubelet.config", "credentials/kubelet.config", "ca"),
        kubeconfig("proxy.config", "credentials/proxy.config", "ca"),
        kubeconfig("scheduler.config", "credentials/scheduler.config", "ca"),
    ],
    fields: &[],
    moves: &[Move { prefix: "certs/", component: "kube-apiserver", flag: "client-ca-file", file: "ca.crt" }],
    told: &[],
    renewed_by: Some("are renewed by `microk8s refresh-certs`"),
    server: "server",
    uses: &[
        UseRow {
            component: "kubelite",
            purpose: PurposeRow::Serve(Listen::Port { port: "secure-port", address: "bind-address", default: 16443 }),
            leaf: "server",
            flag: "",
            takes_effect: Restart,
        },
        UseRow {
            component: "kubelite",
            purpose: PurposeRow::Serve(Listen::Port { port: "", address: "", default: 10250 }),
            leaf: "kubelet",
            flag: "",
            takes_effect: Restart,
        },
        client("kubelite", "aggregated API servers", "front-proxy-client", "", Restart),
        client("kubelite", "kube-apiserver", "controller.config", "", Restart),
        client("kubelite", "kube-apiserver", "kubelet.config", "", Restart),
        client("kubelite", "kube-apiserver", "proxy.config", "", Restart),
        client("kubelite", "kube-apiserver", "scheduler.config", "", Restart),
        trust("kubelite", "clients", "ca", "", Restart),
        trust("kubelite", "front proxies", "front-proxy-ca", "", Restart),
    ],
    names_from: &[],
};

const READ: &[&str] =
    &["certs", "credentials", "args/*", "var/kubernetes/backend/*.crt", "var/kubernetes/backend/*.key"];
