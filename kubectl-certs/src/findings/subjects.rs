//! Identities whose name is fixed: what a component may do hangs on what its certificate calls it.

use super::{Check, Finding, Severity, View, first_of};
use crate::model::Certificate;

pub(super) const SUBJECT_WRONG: Check = Check {
    code: "subject-wrong",
    title: "the identity of a component has another name than it must have",
    what: "The subject of a component's client certificate is not the one that its rights are bound to: a kubelet is \
           system:node:NAME in the group system:nodes, the controller manager system:kube-controller-manager, the scheduler \
           system:kube-scheduler, and so on.",
    why: "The component is let in and may do nothing ('forbidden: User …'), or, where it has a mightier name, more than it \
          should. Usual cause: a certificate was signed by hand, or two files were swapped.",
    repair: "Make it anew with the right name (kubeadm init phase kubeconfig NAME, or kubeadm init phase certs NAME, after the \
             old one was moved away). Renewing keeps the subject as it is.",
    source: "kubernetes.io, PKI certificates and requirements; Using RBAC and Node Authorization",
    renewable: false,
    run: subject_wrong,
};

/// What a layout calls a leaf, and its subject.
struct Row {
    layouts: &'static [&'static str],
    leaf: &'static str,
    common_name: Name,
    /// One of these is enough; any will do where there are none.
    organisations: &'static [&'static str],
    severity: Severity,
}

enum Name {
    Is(&'static str),
    BeginsWith(&'static str),
}

/// Rights of the first ones are bound to the name by Kubernetes itself. Those of the API server towards kubelets and
/// aggregated APIs can be bound otherwise, so that another name may be meant.
#[rustfmt::skip] // A row an identity.
const TABLE: &[Row] = &[
    Row { layouts: KUBEADM, leaf: "kubelet.conf", common_name: Name::BeginsWith("system:node:"), organisations: NODES, severity: Severity::Error },
    Row { layouts: KUBEADM, leaf: "kubelet-client", common_name: Name::BeginsWith("system:node:"), organisations: NODES, severity: Severity::Error },
    Row { layouts: KUBEADM, leaf: "controller-manager.conf", common_name: Name::Is("system:kube-controller-manager"), organisations: &[], severity: Severity::Error },
    Row { layouts: KUBEADM, leaf: "scheduler.conf", common_name: Name::Is("system:kube-scheduler"), organisations: &[], severity: Severity::Error },
    Row { layouts: KUBEADM, leaf: "apiserver-kubelet-client", common_name: Name::Is("kube-apiserver-kubelet-client"), organisations: &[], severity: Severity::Warning },
    Row { layouts: KUBEADM, leaf: "front-proxy-client", common_name: Name::Is("front-proxy-client"), organisations: &[], severity: Severity::Warning },
    Row { layouts: KUBEADM, leaf: "super-admin.conf", common_name: Name::BeginsWith(""), organisations: &["system:masters"], severity: Severity::Warning },
    Row { layouts: RANCHER, leaf: "client-kubelet", common_name: Name::BeginsWith("system:node:"), organisations: NODES, severity: Severity::Error },
    Row { layouts: RANCHER, leaf: "client-controller", common_name: Name::Is("system:kube-controller-manager"), organisations: &[], severity: Severity::Error },
    Row { layouts: RANCHER, leaf: "client-scheduler", common_name: Name::Is("system:kube-scheduler"), organisations: &[], severity: Severity::Error },
    Row { layouts: RANCHER, leaf: "agent-client-kube-proxy", common_name: Name::Is("system:kube-proxy"), organisations: &[], severity: Severity::Error },
];

const KUBEADM: &[&str] = &["kubeadm"];
/// k3s-io/k3s `pkg/daemons/control/deps/deps.go` and `pkg/server/router.go`.
const RANCHER: &[&str] = &["k3s", "rke2"];
const NODES: &[&str] = &["system:nodes"];

fn subject_wrong(view: &View<'_>) -> Vec<Finding> {
    let entries = view.inventory.entries.iter().filter(|entry| !entry.origin.backup);
    entries
        .filter_map(|entry| {
            let origin = &entry.origin;
            let (layout, name) = (origin.layout.as_deref()?, origin.name.as_deref()?);
            let row = TABLE.iter().find(|row| row.layouts.contains(&layout) && row.leaf == name)?;
            let leaf = view.inventory.certificates.get(entry.leaf()?)?;
            if row.is_of(leaf) {
                return None;
            }
            let message = format!("its subject is {}, and must be {}", leaf.subject, row.wanted());
            Some(Finding::new(&SUBJECT_WRONG, row.severity, first_of(entry), message))
        })
        .collect()
}

impl Row {
    fn is_of(&self, leaf: &Certificate) -> bool {
        let parts = || leaf.subject.split([',', '+']).map(str::trim);
        let mut names = parts().filter_map(|part| part.strip_prefix("CN="));
        let mut organisations = parts().filter_map(|part| part.strip_prefix("O="));
        let is_named = match self.common_name {
            Name::Is(wanted) => names.any(|name| name == wanted),
            Name::BeginsWith("") => true,
            Name::BeginsWith(wanted) => names.any(|name| name.len() > wanted.len() && name.starts_with(wanted)),
        };
        is_named && (self.organisations.is_empty() || organisations.any(|own| self.organisations.contains(&own)))
    }

    fn wanted(&self) -> String {
        let name = match self.common_name {
            Name::Is(name) => Some(format!("CN={name}")),
            Name::BeginsWith("") => None,
            Name::BeginsWith(name) => Some(format!("CN={name}NAME")),
        };
        let organisations = self.organisations.iter().map(|organisation| format!("O={organisation}"));
        name.into_iter().chain(organisations).collect::<Vec<_>>().join(",")
    }
}
