//! What lies on the demo node: authorities, leaves and static pods as rows, with what is wrong written into them.
//!
//! Names, usages and paths are what kubeadm v1.36.3 writes for a node `demo-cp1` at 192.0.2.10 (RFC 5737) behind
//! `demo.example:6443`. Each row that is wrong has its story in `troubles`, and the tests hold the two together.

use rcgen::ExtendedKeyUsagePurpose::{self as Usage, ClientAuth, ServerAuth};

/// An authority, on the disk or not.
pub(super) struct Authority {
    pub(super) id: Signer,
    pub(super) cn: &'static str,
    /// Where its pair lies, without the ending; `None` when no key of it is on this disk.
    pub(super) base: Option<&'static str>,
    /// kubeadm gives an authority its own name as a DNS name.
    pub(super) sans: &'static [&'static str],
    pub(super) valid: Validity,
}

/// A certificate for a party, with its key. `{made}` in a name stands for the Unix seconds of its making.
pub(super) struct Leaf {
    pub(super) store: Store,
    pub(super) cn: &'static str,
    pub(super) o: Option<&'static str>,
    pub(super) sans: &'static [&'static str],
    pub(super) usages: &'static [Usage],
    pub(super) signer: Signer,
    pub(super) valid: Validity,
    pub(super) twist: Twist,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Signer {
    Cluster,
    FrontProxy,
    Etcd,
    /// The cluster authority before the present one, of the same name.
    FormerCluster,
    /// The etcd authority before the present one, of the same name.
    FormerEtcd,
    /// Someone's own authority, of which this node has nothing.
    Laptop,
    /// What a kubelet signs its first serving certificate with; it throws the key away.
    Kubelet,
}

/// How certificate and key are kept.
pub(super) enum Store {
    /// `BASE.crt` and `BASE.key`.
    Pair(&'static str),
    /// The same, the signer's certificate following in `BASE.crt`.
    PairWithSigner(&'static str),
    Kubeconfig {
        path: &'static str,
        server: &'static str,
        trusts: Signer,
    },
    /// The kubelet's client certificate: a dated file, the link to it, and `kubelet.conf`, which names the link.
    Kubelet,
}

/// What is wrong with a leaf besides its signer and its dates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    /// The key beside it belongs to another certificate.
    OtherKey,
    /// It does not say which key signed it, so that its issuer can only be found by name.
    NoAuthorityKeyId,
}

/// A lifetime in days and what is left of it; negative when it is over.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    life: i64,
    left: i64,
}

impl Validity {
    /// Unix seconds of the making. Some hours more than whole days are left, or gone, or else "3 days left" would be
    /// two days and 23 hours for whoever looks a moment later.
    pub(super) fn made(self, now: i64) -> i64 {
        self.not_after(now) - self.life * DAY
    }

    /// kubeadm dates certificates back by five minutes.
    pub(super) fn not_before(self, now: i64) -> i64 {
        self.made(now) - 5 * 60
    }

    pub(super) fn not_after(self, now: i64) -> i64 {
        now + self.left * DAY + self.left.signum() * 6 * 60 * 60
    }
}

const DAY: i64 = 24 * 60 * 60;

const fn days(life: i64, left: i64) -> Validity {
    Validity { life, left }
}

pub(super) const LOCAL_SERVER: &str = "https://192.0.2.10:6443";
const SERVER: &str = "https://demo.example:6443";

const SERVES: &[Usage] = &[ServerAuth];
const CALLS: &[Usage] = &[ClientAuth];
/// An etcd server calls itself with its serving certificate, hence both.
const SERVES_AND_CALLS: &[Usage] = &[ServerAuth, ClientAuth];

const API_SERVER_SANS: &[&str] = &[
    "demo-cp1",
    "demo.example",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "10.96.0.1",
    "192.0.2.10",
];
const ETCD_SANS: &[&str] = &["demo-cp1", "localhost", "192.0.2.10", "127.0.0.1", "::1"];

// One row a line, to be read down the columns.
#[rustfmt::skip]
pub(super) const AUTHORITIES: &[Authority] = &[
    Authority { id: Signer::Cluster, cn: "kubernetes", base: Some("etc/kubernetes/pki/ca"), sans: &["kubernetes"], valid: days(3650, 3250) },
    Authority { id: Signer::FrontProxy, cn: "front-proxy-ca", base: Some("etc/kubernetes/pki/front-proxy-ca"), sans: &["front-proxy-ca"], valid: days(3650, 3250) },
    Authority { id: Signer::Etcd, cn: "etcd-ca", base: Some("etc/kubernetes/pki/etcd/ca"), sans: &["etcd-ca"], valid: days(400, 200) },
    Authority { id: Signer::FormerCluster, cn: "kubernetes", base: None, sans: &["kubernetes"], valid: days(3650, 2750) },
    Authority { id: Signer::FormerEtcd, cn: "etcd-ca", base: None, sans: &["etcd-ca"], valid: days(3650, 3250) },
    Authority { id: Signer::Laptop, cn: "etcd-client-ca", base: None, sans: &[], valid: days(3650, 3500) },
    Authority { id: Signer::Kubelet, cn: "demo-cp1-ca@{made}", base: None, sans: &[], valid: days(365, -12) },
];

pub(super) const LEAVES: &[Leaf] = &[
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/apiserver"),
        cn: "kube-apiserver",
        o: None,
        sans: API_SERVER_SANS,
        usages: SERVES,
        signer: Signer::Cluster,
        valid: days(365, -3),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/apiserver-kubelet-client"),
        cn: "kube-apiserver-kubelet-client",
        o: None,
        sans: &[],
        usages: CALLS,
        signer: Signer::Cluster,
        valid: days(365, 3),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/front-proxy-client"),
        cn: "front-proxy-client",
        o: None,
        sans: &[],
        usages: CALLS,
        signer: Signer::FrontProxy,
        valid: days(365, 20),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/apiserver-etcd-client"),
        cn: "kube-apiserver-etcd-client",
        o: None,
        sans: &[],
        usages: CALLS,
        signer: Signer::Laptop,
        valid: days(365, 300),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/etcd/server"),
        cn: "demo-cp1",
        o: None,
        sans: ETCD_SANS,
        usages: SERVES_AND_CALLS,
        signer: Signer::Etcd,
        valid: days(365, 166),
        twist: Twist::OtherKey,
    },
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/etcd/peer"),
        cn: "demo-cp1",
        o: None,
        sans: ETCD_SANS,
        usages: SERVES_AND_CALLS,
        signer: Signer::FormerEtcd,
        valid: days(365, 135),
        twist: Twist::NoAuthorityKeyId,
    },
    Leaf {
        store: Store::Pair("etc/kubernetes/pki/etcd/healthcheck-client"),
        cn: "kube-etcd-healthcheck-client",
        o: None,
        sans: &[],
        usages: CALLS,
        signer: Signer::Etcd,
        valid: days(500, 400),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Kubeconfig { path: "etc/kubernetes/admin.conf", server: SERVER, trusts: Signer::FormerCluster },
        cn: "kubernetes-admin",
        o: Some("kubeadm:cluster-admins"),
        sans: &[],
        usages: CALLS,
        signer: Signer::Cluster,
        valid: days(365, 250),
        twist: Twist::None,
    },
    // Nothing is wrong with this one: the way in that is left.
    Leaf {
        store: Store::Kubeconfig { path: "etc/kubernetes/super-admin.conf", server: SERVER, trusts: Signer::Cluster },
        cn: "kubernetes-super-admin",
        o: Some("system:masters"),
        sans: &[],
        usages: CALLS,
        signer: Signer::Cluster,
        valid: days(365, 250),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Kubeconfig {
            path: "etc/kubernetes/controller-manager.conf",
            server: LOCAL_SERVER,
            trusts: Signer::Cluster,
        },
        cn: "system:kube-controller-manager",
        o: None,
        sans: &[],
        usages: CALLS,
        signer: Signer::Cluster,
        valid: days(365, -1),
        twist: Twist::None,
    },
    // Eighteen hours ago by our clock, thirty hours ahead by the one it was dated with.
    Leaf {
        store: Store::Kubeconfig {
            path: "etc/kubernetes/scheduler.conf",
            server: LOCAL_SERVER,
            trusts: Signer::Cluster,
        },
        cn: "system:kube-scheduler",
        o: None,
        sans: &[],
        usages: CALLS,
        signer: Signer::Cluster,
        valid: days(365, 366),
        twist: Twist::None,
    },
    Leaf {
        store: Store::Kubelet,
        cn: "system:node:demo-cp1",
        o: Some("system:nodes"),
        sans: &[],
        usages: CALLS,
        signer: Signer::Cluster,
        valid: days(365, -10),
        twist: Twist::None,
    },
    Leaf {
        store: Store::PairWithSigner("var/lib/kubelet/pki/kubelet"),
        cn: "demo-cp1@{made}",
        o: None,
        sans: &["demo-cp1"],
        usages: SERVES,
        signer: Signer::Kubelet,
        valid: days(365, -12),
        twist: Twist::None,
    },
];

/// The static pods, by path and text.
pub(super) const MANIFESTS: [(&str, &str); 4] = [
    ("etc/kubernetes/manifests/etcd.yaml", include_str!("manifests/etcd.yaml")),
    ("etc/kubernetes/manifests/kube-apiserver.yaml", include_str!("manifests/kube-apiserver.yaml")),
    ("etc/kubernetes/manifests/kube-controller-manager.yaml", include_str!("manifests/kube-controller-manager.yaml")),
    ("etc/kubernetes/manifests/kube-scheduler.yaml", include_str!("manifests/kube-scheduler.yaml")),
];
