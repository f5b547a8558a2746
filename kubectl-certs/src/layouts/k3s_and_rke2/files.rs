//! What K3s and RKE2 have in common: one supervisor, the same files below its data folder, other names of the program in
//! some of them. k3s-io/k3s `pkg/daemons/control/deps/deps.go` and `pkg/daemons/agent`.
//!
//! Leaves live for 365 days (`CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS`) and are made anew only when the service starts
//! within 120 days of their end (90 before May 2025); authorities, ten years, never. Only what the supervisor presents is
//! looked at every six hours while it runs.

/// A `Layout` for the program of this name; its uses differ.
macro_rules! layout {
    ($program:literal, $uses:expr) => {
        Layout {
            name: $program,
            bases: &[
                Base {
                    folder: concat!("var/lib/rancher/", $program),
                    marks: &[
                        "server/tls/server-ca.crt",
                        "agent/server-ca.crt",
                        "agent/client-kubelet.crt",
                        // With another data folder only these are in their usual place.
                        concat!("/etc/rancher/", $program, "/", $program, ".yaml"),
                        concat!("/etc/rancher/", $program, "/config.yaml"),
                    ],
                    unless: &[],
                    read: read!($program),
                },
                // A copy of the data folder alone.
                Base {
                    folder: "",
                    marks: &[
                        concat!("server/tls/client-", $program, "-controller.crt"),
                        concat!("agent/client-", $program, "-controller.crt"),
                    ],
                    unless: &[],
                    read: read!($program),
                },
            ],
            authorities: &[
                authority("server-ca", "server/tls/server-ca.crt", "server/tls/server-ca.key"),
                authority("client-ca", "server/tls/client-ca.crt", "server/tls/client-ca.key"),
                authority("request-header-ca", "server/tls/request-header-ca.crt", "server/tls/request-header-ca.key"),
                authority("etcd-server-ca", "server/tls/etcd/server-ca.crt", "server/tls/etcd/server-ca.key"),
                authority("etcd-peer-ca", "server/tls/etcd/peer-ca.crt", "server/tls/etcd/peer-ca.key"),
            ],
            copies: &[
                // The first certificate alone: the controller manager signs with one only.
                copied("client-ca.nochain", "client-ca", "server/tls/client-ca.nochain.crt"),
                copied("server-ca.nochain", "server-ca", "server/tls/server-ca.nochain.crt"),
                copied("agent-client-ca", "client-ca", "agent/client-ca.crt"),
                copied("agent-server-ca", "server-ca", "agent/server-ca.crt"),
            ],
            leaves: &[
                server!("client-admin"; "client-ca"),
                server!("client-supervisor"; "client-ca"),
                server!("client-controller"; "client-ca"),
                server!("client-scheduler"; "client-ca"),
                server!("client-kube-apiserver"; "client-ca"),
                server!("client-kube-proxy"; "client-ca"),
                server!("client-", $program, "-controller"; "client-ca"),
                server!("client-", $program, "-cloud-controller"; "client-ca"),
                server!("client-auth-proxy"; "request-header-ca"),
                server!("serving-kube-apiserver"; "server-ca"),
                pair("etcd-client", "etcd-server-ca", "server/tls/etcd/client.crt", "server/tls/etcd/client.key"),
                pair(
                    "etcd-server-client",
                    "etcd-server-ca",
                    "server/tls/etcd/server-client.crt",
                    "server/tls/etcd/server-client.key",
                ),
                pair(
                    "etcd-peer-server-client",
                    "etcd-peer-ca",
                    "server/tls/etcd/peer-server-client.crt",
                    "server/tls/etcd/peer-server-client.key",
                ),
                // Signed by themselves where Rancher has given the components a folder of their own.
                kubelet_serving(
                    "kube-controller-manager",
                    "server/tls/kube-controller-manager/kube-controller-manager.crt",
                    "server/tls/kube-controller-manager/kube-controller-manager.key",
                ),
                kubelet_serving(
                    "kube-scheduler",
                    "server/tls/kube-scheduler/kube-scheduler.crt",
                    "server/tls/kube-scheduler/kube-scheduler.key",
                ),
                pair("client-kubelet", "client-ca", "agent/client-kubelet.crt", "agent/client-kubelet.key"),
                pair("serving-kubelet", "server-ca", "agent/serving-kubelet.crt", "agent/serving-kubelet.key"),
                pair(
                    "agent-client-kube-proxy",
                    "client-ca",
                    "agent/client-kube-proxy.crt",
                    "agent/client-kube-proxy.key",
                ),
                pair(
                    concat!("agent-client-", $program, "-controller"),
                    "client-ca",
                    concat!("agent/client-", $program, "-controller.crt"),
                    concat!("agent/client-", $program, "-controller.key"),
                ),
                kubeconfig(
                    concat!($program, ".yaml"),
                    concat!("/etc/rancher/", $program, "/", $program, ".yaml"),
                    "client-ca",
                ),
                // What the supervisor presents: the Secret kube-system/NAME, and a copy of it on the disk.
                Leaf {
                    name: concat!($program, "-serving"),
                    store: Store::NoUsualPlace,
                    signer: "server-ca",
                    renewal: Renewal::ByItself { percent: 68 },
                    kept_by: KeptBy::Cluster,
                },
            ],
            fields: &[field("dynamic-cert.json", "/data/tls.crt", concat!($program, "-serving"))],
            moves: &[Move { prefix: "", component: $program, flag: "data-dir", file: "" }],
            told: &[],
            renewed_by: Some(concat!(
                "are made anew by the service itself when it starts within 120 days of their end; `",
                $program,
                " certificate rotate` makes it do so earlier"
            )),
            server: "serving-kube-apiserver",
            uses: $uses,
            names_from: &[],
        }
    };
}

macro_rules! server {
    ($($name:literal),+; $signer:literal) => {
        pair(
            concat!($($name),+),
            $signer,
            concat!("server/tls/", $($name),+, ".crt"),
            concat!("server/tls/", $($name),+, ".key"),
        )
    };
}

/// Of the agent's folder only what is ours: images and containers lie beside it. And where the data folder may be named.
macro_rules! read {
    ($program:literal) => {
        &[
            "server/tls",
            "server/tls-*",
            "server/cred",
            "agent/*.crt",
            "agent/*.key",
            "agent/*.kubeconfig",
            "agent/tls-*",
            "agent/pod-manifests",
            concat!("/etc/rancher/", $program),
            concat!("/etc/systemd/system/", $program, "*.service"),
            concat!("/etc/systemd/system/", $program, "*.service.env"),
            concat!("/usr/local/lib/systemd/system/", $program, "*.service"),
            concat!("/usr/lib/systemd/system/", $program, "*.service"),
            concat!("/etc/default/", $program, "*"),
            concat!("/etc/sysconfig/", $program, "*"),
        ]
    };
}

pub(super) use {layout, read, server};
