//! kubeadm 1.36: the files of `cmd/kubeadm/app/phases/certs/certlist.go` and `phases/kubeconfig/kubeconfig.go` in
//! kubernetes/kubernetes, and what the components do with them.
//!
//! When material takes effect: API server serving pair, client CA and front-proxy pair are watched
//! (kubernetes/apiserver `dynamiccertificates`), its kubelet client pair is read again every five minutes (client-go
//! `cert_rotation.go`), its etcd pair for each connection; etcd reads its pairs for each handshake and its trusted
//! authorities at start only; embedded kubeconfig data is read at start only. Seen so on running 1.36.3 clusters.

use super::rows::{authority, client, pair, trust};
use super::{Base, KeptBy, Layout, Leaf, Listen, Move, PurposeRow, Renewal, Store, UseRow};
use crate::model::TakesEffect::{EachHandshake, Restart, Timer, Watch};

pub(super) const KUBEADM: Layout = Layout {
    name: "kubeadm",
    bases: &[
        Base {
            folder: "etc/kubernetes",
            // The last one stands for a host of external etcd, which has nothing else.
            marks: &["pki/ca.crt", "pki/apiserver.crt", "pki/etcd/ca.crt"],
            unless: &[],
            read: READ,
        },
        // Certificates elsewhere (`--cert-dir` of kubeadm), or a worker. Others write such files too.
        Base {
            folder: "etc/kubernetes",
            marks: &["manifests/kube-apiserver.yaml", "admin.conf", "kubelet.conf"],
            unless: &["certs/ca.crt", "ssl/kube-ca.pem"],
            read: READ,
        },
        // A copy of /etc/kubernetes alone.
        Base { folder: "", marks: &["pki/ca.crt", "pki/apiserver.crt", "pki/etcd/ca.crt"], unless: &[], read: &[""] },
    ],
    authorities: &[
        authority("ca", "pki/ca.crt", "pki/ca.key"),
        authority("etcd-ca", "pki/etcd/ca.crt", "pki/etcd/ca.key"),
        authority("front-proxy-ca", "pki/front-proxy-ca.crt", "pki/front-proxy-ca.key"),
    ],
    copies: &[],
    leaves: &[
        pair("apiserver", "ca", "pki/apiserver.crt", "pki/apiserver.key"),
        pair("apiserver-etcd-client", "etcd-ca", "pki/apiserver-etcd-client.crt", "pki/apiserver-etcd-client.key"),
        pair("apiserver-kubelet-client", "ca", "pki/apiserver-kubelet-client.crt", "pki/apiserver-kubelet-client.key"),
        pair(
            "etcd-healthcheck-client",
            "etcd-ca",
            "pki/etcd/healthcheck-client.crt",
            "pki/etcd/healthcheck-client.key",
        ),
        pair("etcd-peer", "etcd-ca", "pki/etcd/peer.crt", "pki/etcd/peer.key"),
        pair("etcd-server", "etcd-ca", "pki/etcd/server.crt", "pki/etcd/server.key"),
        pair("front-proxy-client", "front-proxy-ca", "pki/front-proxy-client.crt", "pki/front-proxy-client.key"),
        config("admin.conf"),
        config("super-admin.conf"),
        config("controller-manager.conf"),
        config("scheduler.conf"),
        config("kubelet.conf"),
        // client-go's certificate manager renews between 70 and 90 % of the lifetime (util/certificate).
        Leaf {
            name: "kubelet-client",
            store: Store::Combined("/var/lib/kubelet/pki/kubelet-client-current.pem"),
            signer: "ca",
            renewal: Renewal::ByItself { percent: 90 },
            kept_by: KeptBy::Cluster,
        },
        // Made by the kubelet at start with an authority that exists nowhere else; never renewed (kubernetes 99418).
        Leaf {
            name: "kubelet-serving",
            store: Store::Pair {
                certificate: "/var/lib/kubelet/pki/kubelet.crt",
                key: "/var/lib/kubelet/pki/kubelet.key",
            },
            signer: "",
            renewal: Renewal::ByItself { percent: 100 },
            kept_by: KeptBy::Cluster,
        },
        // Given to components by people, for whom they are to present.
        given("kubelet-tls"),
        given("controller-manager-tls"),
        given("scheduler-tls"),
        // The copy of admin.conf that `kubeadm init` tells people to make. kubeadm itself does not know it.
        Leaf {
            name: "root-kubeconfig",
            store: Store::Kubeconfig("/root/.kube/config"),
            signer: "ca",
            renewal: Renewal::ByAuthority,
            kept_by: KeptBy::People,
        },
    ],
    fields: &[],
    moves: &[
        // `kubeadm init --cert-dir` (`certificatesDir`) leaves its trace in the options of the components only.
        Move { prefix: "pki/", component: "kube-apiserver", flag: "client-ca-file", file: "ca.crt" },
        Move { prefix: "pki/etcd/", component: "etcd", flag: "trusted-ca-file", file: "ca.crt" },
        Move { prefix: "/var/lib/kubelet/pki/", component: "kubelet", flag: "cert-dir", file: "" },
    ],
    told: &[
        ("kubelet", "client-ca-file", "ca"),
        ("kubelet", "tls-cert-file", "kubelet-tls"),
        ("kube-controller-manager", "client-ca-file", "ca"),
        ("kube-controller-manager", "authentication-kubeconfig", "controller-manager.conf"),
        ("kube-controller-manager", "authorization-kubeconfig", "controller-manager.conf"),
        ("kube-controller-manager", "requestheader-client-ca-file", "front-proxy-ca"),
        ("kube-controller-manager", "tls-cert-file", "controller-manager-tls"),
        ("kube-scheduler", "authentication-kubeconfig", "scheduler.conf"),
        ("kube-scheduler", "authorization-kubeconfig", "scheduler.conf"),
        ("kube-scheduler", "tls-cert-file", "scheduler-tls"),
    ],
    renewed_by: None,
    server: "apiserver",
    uses: &[
        UseRow {
            component: "kube-apiserver",
            purpose: PurposeRow::Serve(Listen::Port { port: "secure-port", address: "bind-address", default: 6443 }),
            leaf: "apiserver",
            flag: "tls-cert-file",
            takes_effect: Watch,
        },
        client(
            "kube-apiserver",
            "kubelets",
            "apiserver-kubelet-client",
            "kubelet-client-certificate",
            Timer { seconds: 300 },
        ),
        client("kube-apiserver", "etcd", "apiserver-etcd-client", "etcd-certfile", EachHandshake),
        client("kube-apiserver", "aggregated API servers", "front-proxy-client", "proxy-client-cert-file", Watch),
        trust("kube-apiserver", "clients", "ca", "client-ca-file", Watch),
        trust("kube-apiserver", "front proxies", "front-proxy-ca", "requestheader-client-ca-file", Watch),
        trust("kube-apiserver", "etcd", "etcd-ca", "etcd-cafile", Restart),
        UseRow {
            component: "etcd",
            purpose: PurposeRow::Serve(Listen::Urls("listen-client-urls")),
            leaf: "etcd-server",
            flag: "cert-file",
            takes_effect: EachHandshake,
        },
        UseRow {
            component: "etcd",
            purpose: PurposeRow::Serve(Listen::Urls("listen-peer-urls")),
            leaf: "etcd-peer",
            flag: "peer-cert-file",
            takes_effect: EachHandshake,
        },
        client("etcd", "etcd peers", "etcd-peer", "peer-cert-file", EachHandshake),
        trust("etcd", "clients", "etcd-ca", "trusted-ca-file", Restart),
        trust("etcd", "peers", "etcd-ca", "peer-trusted-ca-file", Restart),
        client("kube-controller-manager", "kube-apiserver", "controller-manager.conf", "kubeconfig", Restart),
        trust("kube-controller-manager", "API servers, on behalf of pods", "ca", "root-ca-file", Restart),
        UseRow {
            component: "kube-controller-manager",
            purpose: PurposeRow::Sign("certificate signing requests"),
            leaf: "ca",
            flag: "cluster-signing-cert-file",
            takes_effect: Watch,
        },
        client("kube-scheduler", "kube-apiserver", "scheduler.conf", "kubeconfig", Restart),
        client("kubelet", "kube-apiserver", "kubelet.conf", "kubeconfig", Restart),
        // Found by kubelet.conf, which names it.
        client("kubelet", "kube-apiserver", "kubelet-client", "", Restart),
        UseRow {
            component: "kubelet",
            purpose: PurposeRow::Serve(Listen::Port { port: "port", address: "address", default: 10250 }),
            leaf: "kubelet-serving",
            flag: "",
            takes_effect: Restart,
        },
        trust("kubelet", "API servers", "ca", "", Watch),
    ],
    // cmd/kubeadm/app/util/pkiutil/pki_helpers.go, GetAPIServerAltNames and its siblings.
    names_from: &[
        ("apiserver", "apiServer.certSANs"),
        ("etcd-peer", "etcd.local.peerCertSANs"),
        ("etcd-server", "etcd.local.serverCertSANs"),
    ],
};

/// The kubelet's own settings say where else its files are: its configuration, drop-ins of it (`--config-dir`) and of its
/// service, and kubeadm's file of options.
const READ: &[&str] = &[
    "",
    "/var/lib/kubelet/pki",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/instance-config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/etc/default/kubelet",
    "/etc/sysconfig/kubelet",
    "/etc/systemd/system/kubelet.service",
    "/etc/systemd/system/kubelet.service.d/*.conf",
    "/lib/systemd/system/kubelet.service",
    "/usr/lib/systemd/system/kubelet.service",
    "/usr/lib/systemd/system/kubelet.service.d/*.conf",
];

const fn config(file: &'static str) -> Leaf {
    super::rows::kubeconfig(file, file, "ca")
}

/// Whoever gave it renews it.
const fn given(name: &'static str) -> Leaf {
    super::rows::leaf(name, "", Store::NoUsualPlace)
}
