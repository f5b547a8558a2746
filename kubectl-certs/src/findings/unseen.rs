//! What is read here, and not by those for whom it is meant.

use super::{Check, Finding, Severity, View};
use crate::model::{Entry, Location, Place, Pointer};

pub(super) const BUNDLE_UNPARSEABLE: Check = Check {
    code: "bundle-unparseable",
    title: "the components of Kubernetes do not see a certificate that is here",
    what: "There is a certificate here, written in a way that Go's PEM reader, and with it every component of Kubernetes, does \
           not take: in UTF-16, behind a byte order mark, in a block called TRUSTED CERTIFICATE or X509 CERTIFICATE, not at \
           the start of a line, or in DER.",
    why: "Openssl and most viewers show a good certificate, while the component trusts nobody by it, or does not start. Usual \
          cause: an editor or a shell of Windows, a script that joins files without a line break between them.",
    repair: "Write it again as PEM: openssl x509 -in FILE -out NEW for a certificate that openssl shows; one block after the \
             other for a bundle.",
    source: "Go's encoding/pem; client-go's util/cert (ParseCertsPEM)",
    renewable: false,
    run: bundle_unparseable,
};

fn bundle_unparseable(view: &View<'_>) -> Vec<Finding> {
    let entries = view.inventory.entries.iter().filter(|entry| !entry.origin.backup);
    entries
        .filter_map(|entry| {
            let message = entry.origin.unseen.as_deref()?.to_owned();
            Some(Finding::new(&BUNDLE_UNPARSEABLE, severity(entry), entry.at.clone(), message))
        })
        .collect()
}

/// By who reads it: nothing but the API server reads a caBundle, and nobody knows who reads a file in some folder.
fn severity(entry: &Entry) -> Severity {
    let for_others = || {
        let key = name(&entry.at).to_ascii_lowercase();
        [".der", ".cer"].iter().any(|ending| key.ends_with(ending))
    };
    match &entry.at.place {
        Place::CaBundle { .. } => Severity::Error,
        Place::Field { pointer: Pointer::Kubeconfig(_), .. } => Severity::Warning,
        Place::Secret { .. } | Place::ConfigMap { .. } if !for_others() => Severity::Warning,
        _ if entry.origin.name.is_some() => Severity::Warning,
        _ => Severity::Info,
    }
}

fn name(at: &Location) -> &str {
    match at.place.whole() {
        Place::Secret { key, .. } => key,
        Place::ConfigMap { key, .. } => key,
        _ => "",
    }
}
