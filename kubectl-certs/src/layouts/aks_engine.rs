//! AKS Engine (Azure/aks-engine `pkg/helpers/pki.go`, `pkg/api/types.go`): one authority of thirty years for everything, one
//! client identity on every node, the service accounts' key is that of the API server. On the nodes below
//! `/etc/kubernetes/certs` (managed AKS nodes have a part of it); where the operator works, beside the API model, which
//! holds all of it once more, as does the file of parameters.

use super::rows::{authority, client, field, kubeconfig, kubelet_client, kubelet_serving, pair, trust};
use super::{Base, Layout, Listen, PurposeRow, UseRow};
use crate::model::TakesEffect::{EachHandshake, Restart, Timer, Watch};

pub(super) const AKS_ENGINE: Layout = Layout {
    name: "aks-engine",
    bases: &[
        Base {
            folder: "etc/kubernetes/certs",
            marks: &["ca.crt", "apiserver.crt"],
            unless: &[],
            read: &["/etc/kubernetes", "/var/lib/kubelet/pki", "/var/lib/kubelet/kubeconfig"],
        },
        // `_output/PREFIX` of the operator; kubeconfigs of every region where none was chosen.
        Base { folder: "", marks: &["apimodel.json"], unless: &[], read: &[""] },
    ],
    authorities: &[
        authority("ca", "ca.crt", "ca.key"),
        // Its key is thrown away (`generate-proxy-certs.sh`).
        authority("proxy-ca", "proxy-ca.crt", "proxy-ca.key"),
    ],
    copies: &[],
    leaves: &[
        pair("apiserver", "ca", "apiserver.crt", "apiserver.key"),
        pair("client", "ca", "client.crt", "client.key"),
        pair("kubectlClient", "ca", "kubectlClient.crt", "kubectlClient.key"),
        pair("etcdserver", "ca", "etcdserver.crt", "etcdserver.key"),
        pair("etcdclient", "ca", "etcdclient.crt", "etcdclient.key"),
        pair("etcdpeer*", "ca", "etcdpeer*.crt", "etcdpeer*.key"),
        pair("proxy", "proxy-ca", "proxy.crt", "proxy.key"),
        kubelet_serving("kubeletserver", "kubeletserver.crt", "kubeletserver.key"),
        kubelet_client("kubelet-client", "ca", "/var/lib/kubelet/pki/kubelet-client-current.pem"),
        kubeconfig("kubeconfig.*.json", "kubeconfig/kubeconfig.*.json", "ca"),
    ],
    fields: &[
        field("apimodel.json", "/properties/certificateProfile/caCertificate", "ca"),
        field("apimodel.json", "/properties/certificateProfile/apiServerCertificate", "apiserver"),
        field("apimodel.json", "/properties/certificateProfile/clientCertificate", "client"),
        field("apimodel.json", "/properties/certificateProfile/kubeConfigCertificate", "kubectlClient"),
        field("apimodel.json", "/properties/certificateProfile/etcdServerCertificate", "etcdserver"),
        field("apimodel.json", "/properties/certificateProfile/etcdClientCertificate", "etcdclient"),
        field("apimodel.json", "/properties/certificateProfile/etcdPeerCertificates/*", "etcdpeer*"),
        field("azuredeploy.parameters.json", "/parameters/caCertificate/value", "ca"),
        field("azuredeploy.parameters.json", "/parameters/apiServerCertificate/value", "apiserver"),
        field("azuredeploy.parameters.json", "/parameters/clientCertificate/value", "client"),
        field("azuredeploy.parameters.json", "/parameters/kubeConfigCertificate/value", "kubectlClient"),
        field("azuredeploy.parameters.json", "/parameters/etcdServerCertificate/value", "etcdserver"),
        field("azuredeploy.parameters.json", "/parameters/etcdClientCertificate/value", "etcdclient"),
        field("azuredeploy.parameters.json", "/parameters/etcdPeerCertificate*/value", "etcdpeer*"),
    ],
    moves: &[],
    told: &[],
    renewed_by: Some(
        "are renewed by `aks-engine rotate-certs`, which writes the API model too: without that the next upgrade brings the \
         old ones back",
    ),
    server: "apiserver",
    uses: &[
        UseRow {
            component: "kube-apiserver",
            purpose: PurposeRow::Serve(Listen::Port { port: "secure-port", address: "bind-address", default: 443 }),
            leaf: "apiserver",
            flag: "tls-cert-file",
            takes_effect: Watch,
        },
        client("kube-apiserver", "kubelets", "client", "kubelet-client-certificate", Timer { seconds: 300 }),
        client("kube-apiserver", "etcd", "etcdclient", "etcd-certfile", EachHandshake),
        client("kube-apiserver", "aggregated API servers", "proxy", "proxy-client-cert-file", Watch),
        trust("kube-apiserver", "clients", "ca", "client-ca-file", Watch),
        trust("kube-apiserver", "front proxies", "proxy-ca", "requestheader-client-ca-file", Watch),
        trust("kube-apiserver", "etcd", "ca", "etcd-cafile", Restart),
        UseRow {
            component: "etcd",
            purpose: PurposeRow::Serve(Listen::Urls("listen-client-urls")),
            leaf: "etcdserver",
            flag: "cert-file",
            takes_effect: EachHandshake,
        },
        client("etcd", "etcd peers", "etcdpeer*", "peer-cert-file", EachHandshake),
        trust("etcd", "clients", "ca", "trusted-ca-file", Restart),
        trust("etcd", "peers", "ca", "peer-trusted-ca-file", Restart),
        trust("kube-controller-manager", "API servers, on behalf of pods", "ca", "root-ca-file", Restart),
        UseRow {
            component: "kube-controller-manager",
            purpose: PurposeRow::Sign("certificate signing requests"),
            leaf: "ca",
            flag: "cluster-signing-cert-file",
            takes_effect: Watch,
        },
        UseRow {
            component: "kubelet",
            purpose: PurposeRow::Serve(Listen::Port { port: "port", address: "address", default: 10250 }),
            leaf: "kubeletserver",
            flag: "tls-cert-file",
            takes_effect: Restart,
        },
        trust("kubelet", "API servers", "ca", "client-ca-file", Watch),
    ],
    names_from: &[],
};
