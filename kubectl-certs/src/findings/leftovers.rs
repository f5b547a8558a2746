//! What nobody looks after: leaves without anybody who renews them, keys that were put aside.

use std::collections::BTreeMap;

use super::{Check, Finding, Severity, View, first_of};
use crate::model::{Certificate, Entry, KeyState, Place, Time};

pub(super) const LEAF_WITHOUT_RENEWER: Check = Check {
    code: "leaf-without-renewer",
    title: "nobody is known to renew this certificate",
    what: "Two thirds of its lifetime have passed, and neither a controller that keeps the Secret nor a component that renews its own \
           certificate is known. That somebody renews it is still possible: who writes Secrets by a pipeline leaves no trace.",
    why: "By the time that controllers would have replaced it, nothing has. It expires at an hour that nobody has chosen.",
    repair: "Give it to a controller (cert-manager), or to a calendar.",
    source: "cert-manager renews after two thirds of the lifetime unless told otherwise",
    renewable: false,
    run: leaf_without_renewer,
};

pub(super) const BACKUP_LEFT: Check = Check {
    code: "backup-left",
    title: "private keys lie in a copy that was put aside",
    what: "A backup of certificates (pki.bak, tls-1700000000, kubeadm-backup…) holds private keys of certificates that are still valid.",
    why: "By itself it is no trouble, and it may be the way back. Whoever gets hold of it is as good as the original's owner, until those \
          certificates expire: nothing in Kubernetes revokes them.",
    repair: "Delete it when it is not needed any more (shred, on disks where that means something), or move it to where backups are kept.",
    source: "NIST SP 800-57 part 1, section 8.3.4 (destruction of keys)",
    renewable: false,
    run: backup_left,
};

fn leaf_without_renewer(view: &View<'_>) -> Vec<Finding> {
    let identities = view.inventory.entries.iter().filter(|entry| is_left_alone(entry));
    identities
        .filter_map(|entry| {
            let leaf = view.inventory.certificates.get(entry.leaf()?)?;
            // What has expired is told so.
            if leaf.is_expired(view.now) || !is_late(leaf, view.now) {
                return None;
            }
            let message = format!(
                "two thirds of the lifetime of {} have passed; it expires on {}, and nobody is known to renew it",
                leaf.short_name(),
                leaf.not_after.minute()
            );
            Some(Finding::new(&LEAF_WITHOUT_RENEWER, Severity::Info, first_of(entry), message))
        })
        .collect()
}

/// A Secret that no controller keeps, or what people gave to a component. Everything else of a layout is renewed by its own
/// means, or by this program.
fn is_left_alone(entry: &Entry) -> bool {
    let origin = &entry.origin;
    if origin.backup || origin.owner.is_some() || origin.renewed_at_percent.is_some() {
        return false;
    }
    match &entry.at.place {
        Place::Secret { .. } => entry.key == KeyState::Matches,
        Place::File { .. } => origin.name.is_some() && origin.signer.is_none(),
        _ => false,
    }
}

fn is_late(leaf: &Certificate, now: Time) -> bool {
    let lifetime = leaf.not_after.since(leaf.not_before).0;
    leaf.not_after.since(now).0 < lifetime / 3
}

fn backup_left(view: &View<'_>) -> Vec<Finding> {
    let mut folders: BTreeMap<_, Vec<&Entry>> = BTreeMap::new();
    for entry in view.inventory.entries.iter().filter(|entry| entry.origin.backup && entry.key == KeyState::Matches) {
        let certificates = entry.certificates().iter().filter_map(|id| view.inventory.certificates.get(id));
        if certificates.into_iter().any(|certificate| !certificate.is_expired(view.now)) {
            let folder = entry.at.path().and_then(|path| path.rsplit_once('/')).map(|(folder, _)| folder);
            folders.entry((entry.at.node(), folder)).or_default().push(entry);
        }
    }
    folders
        .into_values()
        .filter_map(|entries| {
            let (first, others) = entries.split_first()?;
            let message = match others.len() {
                0 => "the private key of a certificate that is still valid lies in what was put aside".to_owned(),
                others => format!(
                    "private keys of {} certificates that are still valid lie in what was put aside",
                    others + 1
                ),
            };
            Some(Finding {
                related: others.iter().map(|other| other.at.clone()).collect(),
                ..Finding::new(&BACKUP_LEFT, Severity::Info, first.at.clone(), message)
            })
        })
        .collect()
}
