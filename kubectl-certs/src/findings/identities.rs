//! What an identity says of its bearer, beside what it is used for.

use super::{Check, Finding, Severity, View, first_of, is_presented};
use crate::model::{Certificate, Entry, Location, Place, Purpose};
use crate::trust::Signed;

pub(super) const COMMON_NAME_ONLY: Check = Check {
    code: "common-name-only",
    title: "a server's certificate has its name in the common name alone",
    what: "A server presents this certificate, and there are no subject alternative names in it. Of one that signed itself it is an \
           info.",
    why: "Clients written in Go look at the alternative names only (since 1.15), so nothing of Kubernetes can verify this server.",
    repair: "Have it signed again with its names: kubectl certs renew --add-san NAME, for the cluster's own.",
    source: "RFC 9525 section 2; Go 1.15 release notes, crypto/x509",
    renewable: false,
    run: common_name_only,
};

pub(super) const USAGES_WRONG: Check = Check {
    code: "usages-wrong",
    title: "the certificate may not be used for what it is used for",
    what: "A server presents a certificate whose extended key usages lack serverAuth, or a client one that lacks clientAuth.",
    why: "The peer refuses it ('incompatible key usage'), although dates, names and signature are right.",
    repair: "Have it signed again with the usage; renewing keeps the usages as they are.",
    source: "RFC 5280 section 4.2.1.12",
    renewable: false,
    run: usages_wrong,
};

pub(super) const MASTERS_GROUP: Check = Check {
    code: "masters-group",
    title: "the certificate lets its bearer do everything, and cannot be taken back",
    what: "The subject has the organisation system:masters. The API server lets this group do everything before it asks any \
           authorizer, and no certificate can be revoked in Kubernetes. It is an info where that is the usual way: older \
           versions of kubeadm and other distributions give nothing else.",
    why: "Whoever gets hold of the key is administrator until the certificate expires or the authority is replaced. kubeadm gives \
          it to super-admin.conf alone since 1.29; older clusters keep it in others, because renewing keeps the subject.",
    repair: "For kubeadm's admin.conf: kubeadm init phase kubeconfig admin, after the file was moved away, makes one of the group \
             kubeadm:cluster-admins, which RBAC rules. Keep what must have it offline.",
    source: "kubernetes pkg/registry/rbac/escalation_check.go; kubeadm 1.29, pull request 121305",
    renewable: false,
    run: masters_group,
};

pub(super) const KUBELET_SERVING_SELF_SIGNED: Check = Check {
    code: "kubelet-serving-self-signed",
    title: "the kubelet presents a certificate that nobody can verify",
    what: "The kubelet made its serving certificate itself, with an authority that exists nowhere else. This is what a kubelet does \
           unless it is told otherwise.",
    why: "The API server does not verify it (logs, exec and port-forward work all the same), but everything that should verify it, such as \
          metrics-server, must be told not to.",
    repair: "Set serverTLSBootstrap: true in the kubelet's configuration and approve its requests.",
    source: "kubernetes.io, Kubelet TLS bootstrapping, section client and serving certificates",
    renewable: false,
    run: kubelet_serving_self_signed,
};

pub(super) const KUBELET_CONF_INLINE: Check = Check {
    code: "kubelet-conf-inline",
    title: "kubelet.conf holds a certificate of its own instead of the one that rotates",
    what: "The kubelet renews its certificate in /var/lib/kubelet/pki/kubelet-client-current.pem, and its kubelet.conf holds another one \
           instead of the path to that file. kubeadm init did so before 1.17.",
    why: "The one in kubelet.conf is never renewed. When it has expired, the kubelet does not come up at its next start, although \
          a good certificate lies beside.",
    repair: "In kubelet.conf, replace client-certificate-data and client-key-data by client-certificate and client-key, both with the path \
             /var/lib/kubelet/pki/kubelet-client-current.pem, and restart the kubelet.",
    source: "kubernetes.io, Troubleshooting kubeadm; kubernetes/kubeadm 1753",
    renewable: false,
    run: kubelet_conf_inline,
};

fn common_name_only(view: &View<'_>) -> Vec<Finding> {
    identities(view)
        .filter(|(entry, leaf)| {
            let names = [&leaf.dns_names, &leaf.ip_addresses, &leaf.other_names];
            names.iter().all(|names| names.is_empty()) && is_presented(view, &entry.at)
        })
        .map(|(entry, leaf)| {
            let message = format!("a server presents {}, which has no alternative names", leaf.short_name());
            // Nobody verifies what a server signed for itself, unless by holding that very certificate.
            let is_verified = view.trust.signed(&leaf.fingerprint) != Some(&Signed::Itself);
            let severity = if is_verified { Severity::Error } else { Severity::Info };
            Finding::new(&COMMON_NAME_ONLY, severity, first_of(entry), message)
        })
        .collect()
}

fn usages_wrong(view: &View<'_>) -> Vec<Finding> {
    identities(view)
        .filter_map(|(entry, leaf)| {
            let (role, usage) = lacking(view, &entry.at, leaf)?;
            let message = format!(
                "{} is used by {role} and lacks {usage}: it is for {}",
                leaf.short_name(),
                leaf.extended_key_usages.join(", ")
            );
            Some(Finding::new(&USAGES_WRONG, Severity::Error, first_of(entry), message))
        })
        .collect()
}

/// Who needs which usage that is not there. A certificate without any may be used for everything.
fn lacking(view: &View<'_>, at: &Location, leaf: &Certificate) -> Option<(&'static str, &'static str)> {
    let allowed = |wanted: &str| {
        let usages = &leaf.extended_key_usages;
        usages.is_empty() || usages.iter().any(|usage| usage == wanted || usage == "any")
    };
    let is_client = || {
        let user = matches!(at.place, Place::Kubeconfig { .. });
        let used = view.inventory.uses.iter().filter(|use_| use_.place == *at);
        user || used.into_iter().any(|use_| matches!(use_.purpose, Purpose::ClientOf { .. }))
    };
    if !allowed("serverAuth") && is_presented(view, at) {
        Some(("a server", "serverAuth"))
    } else if !allowed("clientAuth") && is_client() {
        Some(("a client", "clientAuth"))
    } else {
        None
    }
}

fn masters_group(view: &View<'_>) -> Vec<Finding> {
    identities(view)
        // super-admin.conf is for nothing else.
        .filter(|(entry, leaf)| is_of_masters(leaf) && entry.origin.name.as_deref() != Some("super-admin.conf"))
        .map(|(entry, leaf)| {
            // Where there is a file for that group alone, everybody else's is to be of another.
            let own_file = |other: &Entry| {
                other.origin.name.as_deref() == Some("super-admin.conf") && other.at.node() == entry.at.node()
            };
            let is_admin = matches!(entry.origin.name.as_deref(), Some("admin.conf" | "root-kubeconfig"));
            let is_needless = is_admin && view.inventory.entries.iter().any(own_file);
            let severity = if is_needless { Severity::Warning } else { Severity::Info };
            let message = format!(
                "{} is of the group system:masters until {}: whoever has its key may do everything",
                leaf.short_name(),
                leaf.not_after.minute()
            );
            Finding::new(&MASTERS_GROUP, severity, first_of(entry), message)
        })
        .collect()
}

fn is_of_masters(leaf: &Certificate) -> bool {
    leaf.subject.split([',', '+']).any(|part| part.trim() == "O=system:masters")
}

fn kubelet_serving_self_signed(view: &View<'_>) -> Vec<Finding> {
    identities(view)
        .filter(|(entry, leaf)| {
            // It calls its authority `NODE-ca@TIME` (client-go, util/cert, GenerateSelfSignedCertKey).
            let issuers = view.trust.issuers(&leaf.fingerprint);
            let made_here = leaf.issuer.contains("-ca@") || issuers.iter().any(|id| entry.certificates().contains(id));
            entry.origin.name.as_deref() == Some("kubelet-serving") && made_here
        })
        .map(|(entry, leaf)| {
            let message = format!("{} is signed by {}, which nobody trusts", leaf.short_name(), leaf.issuer);
            Finding::new(&KUBELET_SERVING_SELF_SIGNED, Severity::Info, first_of(entry), message)
        })
        .collect()
}

fn kubelet_conf_inline(view: &View<'_>) -> Vec<Finding> {
    let named = |name: &'static str| {
        let has_name = move |entry: &&Entry| entry.origin.name.as_deref() == Some(name) && !entry.origin.backup;
        view.inventory.entries.iter().filter(has_name)
    };
    // What is named by its path has no entry in the kubeconfig.
    let inline = named("kubelet.conf").filter(|entry| matches!(entry.at.place, Place::Kubeconfig { .. }));
    inline
        .filter_map(|entry| {
            // Before the kubelet's first start there is nothing else.
            let current = named("kubelet-client").find(|current| current.at.node() == entry.at.node())?;
            let leaf = view.inventory.certificates.get(entry.leaf()?)?;
            let message = format!(
                "it holds a certificate until {} instead of the path to {}, which the kubelet renews",
                leaf.not_after.minute(),
                current.at
            );
            Some(Finding {
                related: vec![current.at.clone()],
                ..Finding::new(&KUBELET_CONF_INLINE, Severity::Warning, first_of(entry), message)
            })
        })
        .collect()
}

fn identities<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a Entry, &'a Certificate)> {
    let inventory = view.inventory;
    let own = inventory.entries.iter().filter(|entry| !entry.origin.backup);
    own.filter_map(|entry| Some((entry, inventory.certificates.get(entry.leaf()?)?)))
}
