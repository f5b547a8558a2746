//! Talos: no files of certificates but the machine's configuration, one YAML of several documents (siderolabs/talos
//! `pkg/machinery/config`), where the operator has it or on the node's STATE partition, and the operator's `talosconfig`.
//!
//! It holds the authorities only: leaves are made by the machine in memory and renewed by it. Keys are labelled
//! `ED25519 PRIVATE KEY`, the aggregator's authority has neither subject nor issuer.

use super::rows::{authority, copied, field, leaf};
use super::{Authority, Base, Layout, Store};

pub(super) const TALOS: Layout = Layout {
    name: "talos",
    bases: &[
        Base { folder: "system/state", marks: &["config.yaml"], unless: &[], read: &["*.yaml"] },
        Base {
            folder: "",
            marks: &["controlplane.yaml", "talosconfig", "secrets.yaml"],
            unless: &["etc/kubernetes"],
            read: &["*.yaml", "*.yml", "talosconfig", "kubeconfig"],
        },
    ],
    authorities: &[inside("os-ca"), inside("kubernetes-ca"), inside("aggregator-ca"), inside("etcd-ca")],
    copies: &[
        copied("os-ca-accepted-*", "os-ca", ""),
        copied("kubernetes-ca-accepted-*", "kubernetes-ca", ""),
        copied("talosconfig-ca-*", "os-ca", ""),
    ],
    leaves: &[leaf("talosconfig-client-*", "os-ca", Store::NoUsualPlace)],
    fields: &[
        field("*.y*ml", "/machine/ca/crt", "os-ca"),
        field("*.y*ml", "/machine/acceptedCAs/*/crt", "os-ca-accepted-*"),
        field("*.y*ml", "/cluster/ca/crt", "kubernetes-ca"),
        field("*.y*ml", "/cluster/acceptedCAs/*/crt", "kubernetes-ca-accepted-*"),
        field("*.y*ml", "/cluster/aggregatorCA/crt", "aggregator-ca"),
        field("*.y*ml", "/cluster/etcd/ca/crt", "etcd-ca"),
        // Documents of their own since 1.14.
        field("*.y*ml", "/KubeAPIServerCAConfig/issuingCA/cert", "kubernetes-ca"),
        field("*.y*ml", "/KubeAPIServerCAConfig/acceptedCAs/*/cert", "kubernetes-ca-accepted-*"),
        field("*.y*ml", "/KubeAggregatorCAConfig/issuingCA/cert", "aggregator-ca"),
        // `talosctl gen secrets`.
        field("secrets.yaml", "/certs/os/crt", "os-ca"),
        field("secrets.yaml", "/certs/k8s/crt", "kubernetes-ca"),
        field("secrets.yaml", "/certs/k8saggregator/crt", "aggregator-ca"),
        field("secrets.yaml", "/certs/etcd/crt", "etcd-ca"),
        field("talosconfig", "/contexts/*/ca", "talosconfig-ca-*"),
        field("talosconfig", "/contexts/*/crt", "talosconfig-client-*"),
    ],
    moves: &[],
    told: &[],
    renewed_by: Some("are made and renewed by the machines themselves, from the authorities in their configuration"),
    server: "",
    uses: &[],
    names_from: &[],
};

const fn inside(name: &'static str) -> Authority {
    authority(name, "", "")
}
