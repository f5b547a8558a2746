//! What the signatures say: who signed, and whether those who meet the certificate trust that authority.

use std::collections::BTreeSet;

use super::{Check, Finding, Severity, View, by_certificate, told_once};
use crate::model::{Place, Pointer, Row};
use crate::trust::{Asked, Signed, Usage};

pub(super) const BAD_SIGNATURE: Check = Check {
    code: "bad-signature",
    title: "the named authority did not sign this certificate",
    what: "An authority of the issuer's name exists here, but the signature does not verify with its key.",
    why: "Peers that trust that authority refuse the certificate. Usual cause: the authority was made anew under its old \
          name, and this certificate is from before.",
    repair: "kubectl certs renew signs it with the authority that is in place now.",
    source: "RFC 5280 section 6.1.3 (a)(1)",
    renewable: true,
    run: bad_signature,
};

pub(super) const ISSUER_MISSING: Check = Check {
    code: "issuer-missing",
    title: "the authority that signed this certificate was not found",
    what: "No certificate with the issuer's name is among those that were read.",
    why: "For a component of the cluster that means that nobody here trusts it. For a certificate from outside (a public \
          authority, say) it means nothing, and the severity is only info.",
    repair: "kubectl certs renew signs it with the cluster's own authority.",
    source: "RFC 5280 section 6.1",
    renewable: true,
    run: issuer_missing,
};

pub(super) const BUNDLE_LACKS_SIGNER: Check = Check {
    code: "bundle-lacks-signer",
    title: "the bundle lacks the authority of the certificate that is verified with it",
    what: "Whoever uses this bundle meets a certificate that no authority in the bundle leads to.",
    why: "Their connections fail with 'certificate signed by unknown authority' (x509) although both sides look healthy. \
          Usual cause: the authority was replaced, and this copy of the bundle was forgotten.",
    repair: "Put the authority that is in use now into the bundle (beside the old one while both are in use).",
    source: "RFC 5280 section 6.1.1 (d)",
    renewable: false,
    run: bundle_lacks_signer,
};

pub(super) const KUBECONFIG_STALE: Check = Check {
    code: "kubeconfig-stale",
    title: "the kubeconfig does not trust the API server any more",
    what: "None of the authorities in the kubeconfig signed the certificate that the API server has on the disk, or was seen to present.",
    why: "Whoever works with this file is refused by their own side ('certificate signed by unknown authority'), although both \
          look healthy. Usual cause: the authority was replaced, and this copy of the bundle was forgotten.",
    repair: "Put the authority that is in use now into certificate-authority-data (beside the old one while both are in use), or make \
             the file anew: kubeadm init phase kubeconfig NAME, after the old one was moved away.",
    source: "kubernetes.io, Manual Rotation of CA Certificates",
    renewable: false,
    run: kubeconfig_stale,
};

fn bad_signature(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            let Some(Signed::Bad { candidates }) = view.trust.signed(&certificate.fingerprint) else {
                return None;
            };
            // A certificate from outside may name an authority whose name another one here happens to have.
            let known = candidates.iter().filter_map(|id| view.inventory.certificates.get(id)).collect::<Vec<_>>();
            let message = format!(
                "{} names {} as its issuer, but {} not given by that authority's key",
                certificate.short_name(),
                certificate.issuer,
                if known.len() == 1 { "its signature was" } else { "its signature was, by none of that name," },
            );
            let severity = if expects_signer(rows) { Severity::Error } else { Severity::Warning };
            told_once(&BAD_SIGNATURE, severity, rows, message)
        })
        .collect()
}

fn issuer_missing(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            if view.trust.signed(&certificate.fingerprint) != Some(&Signed::IssuerMissing) {
                return None;
            }
            let severity = if expects_signer(rows) { Severity::Error } else { Severity::Info };
            let message = format!(
                "{} is signed by {}, which is nowhere in what was read",
                certificate.short_name(),
                certificate.issuer
            );
            told_once(&ISSUER_MISSING, severity, rows, message)
        })
        .collect()
}

/// A layout's table says that an authority of the cluster signs this one.
fn expects_signer(rows: &[Row<'_>]) -> bool {
    rows.iter().any(|row| row.index == 0 && row.entry.leaf().is_some() && row.entry.origin.signer.is_some())
}

fn bundle_lacks_signer(view: &View<'_>) -> Vec<Finding> {
    // Of a caBundle, `webhook-untrusted` tells more.
    let has_own_check = |place: &Place| is_of_kubeconfig(place) || matches!(place, Place::CaBundle { .. });
    foreign(view, &BUNDLE_LACKS_SIGNER, |place| !has_own_check(place))
}

fn kubeconfig_stale(view: &View<'_>) -> Vec<Finding> {
    foreign(view, &KUBECONFIG_STALE, is_of_kubeconfig)
}

/// Also one that is the value of a ConfigMap.
fn is_of_kubeconfig(place: &Place) -> bool {
    matches!(place, Place::Kubeconfig { .. } | Place::Field { pointer: Pointer::Kubeconfig(_), .. })
}

/// Bundles of these places, and what is verified with them and was signed by nobody in them.
fn foreign(view: &View<'_>, check: &Check, is_meant: impl Fn(&Place) -> bool) -> Vec<Finding> {
    let inventory = view.inventory;
    let edges: BTreeSet<_> = inventory.edges.iter().filter(|edge| is_meant(&edge.bundle.place)).collect();
    edges
        .into_iter()
        .filter_map(|edge| {
            let bundle = inventory.entry(&edge.bundle)?;
            let presented = inventory.entry(&edge.presented)?;
            let leaf = inventory.certificates.get(presented.leaf()?)?;
            if view.trust.leads_to(inventory, &leaf.fingerprint, bundle) {
                return None;
            }
            // The layout's own authority is where renewing looks: that the leaf is foreign to it is told of the leaf.
            let told_of_the_leaf = matches!(&edge.bundle.place, Place::File { .. })
                && matches!(
                    view.trust.signed(&leaf.fingerprint),
                    Some(Signed::IssuerMissing | Signed::Bad { .. } | Signed::Unsupported { .. })
                );
            (!told_of_the_leaf).then_some(())?;
            let asked = Asked {
                leaf: &leaf.fingerprint,
                anchors: bundle.certificates(),
                sent: presented.certificates().get(1..).unwrap_or_default(),
                usage: Usage::Any,
            };
            // That it has expired meanwhile is told of it alone.
            let then = view.now.max(leaf.not_before).min(leaf.not_after);
            let why = view.trust.verify(inventory, &asked, then).err();
            let message = format!(
                "none of its authorities signed {} at {}, which is verified with it{}",
                leaf.short_name(),
                edge.presented,
                why.map(|why| format!(": {}", why.sentence(inventory))).unwrap_or_default()
            );
            Some(Finding {
                related: vec![edge.presented.clone()],
                ..Finding::new(check, Severity::Error, edge.bundle.clone(), message)
            })
        })
        .collect()
}
