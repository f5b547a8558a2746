//! Who may read the files with private keys.

use super::{Check, Finding, Severity, View, first_of};
use crate::model::{Entry, Holds, KeyState, Location, Rights};

pub(super) const KEY_READABLE: Check = Check {
    code: "key-readable-by-others",
    title: "a private key may be read by others than its owner",
    what: "The rights of a file with a private key of the cluster, and those of the folders above it, let everybody on the node read it, or \
           a group where the program that wrote it gave it to root alone (kubeadm, K3s and RKE2 write such files with the mode 0600).",
    why: "Whoever has any account on the node, or breaks out of a container without being root, can pose as the component; with the key \
          of an authority or of the service accounts, as anybody.",
    repair: "chmod 600 FILE. If others may have read it, make new keys: kubectl certs renew; for an authority, rotate it.",
    source: "CIS Kubernetes Benchmark 1.1.20 and 1.1.21",
    renewable: false,
    run: key_readable,
};

/// Those that give their keys to nobody but root. `MicroK8s`, for one, lets its group read them.
const FOR_ROOT_ALONE: [&str; 3] = ["kubeadm", "k3s", "rke2"];

fn key_readable(view: &View<'_>) -> Vec<Finding> {
    let inventory = view.inventory;
    let on_nodes = inventory.entries.iter().filter(|entry| !entry.origin.backup && entry.key != KeyState::Absent);
    on_nodes
        .filter_map(|entry| {
            let file = file_of_key(entry)?;
            let rights = inventory.key_rights.get(&file)?;
            let layouts = inventory.layouts.iter().filter(|found| found.node.as_deref() == entry.at.node());
            let layout = match &entry.origin.layout {
                Some(layout) if entry.origin.name.is_some() => layout,
                // The service accounts' key has no row in a table.
                _ if matches!(entry.holds, Holds::PublicKey(_)) => &layouts.into_iter().next()?.name,
                _ => return None,
            };
            let by = readers(*rights, FOR_ROOT_ALONE.contains(&layout.as_str()))?;
            let message = format!("the private key in {file} may be read by {by} (mode {:04o})", rights.mode);
            let related = if file == entry.at { Vec::new() } else { vec![file] };
            Some(Finding { related, ..Finding::new(&KEY_READABLE, Severity::Warning, first_of(entry), message) })
        })
        .collect()
}

fn file_of_key(entry: &Entry) -> Option<Location> {
    let at = entry.key_at.as_deref().unwrap_or(&entry.at);
    Some(Location::file_on(at.node(), at.path()?.to_owned()))
}

fn readers(rights: Rights, is_for_root_alone: bool) -> Option<String> {
    if rights.by_everybody {
        return Some("everybody on the node".to_owned());
    }
    // Root's group has root alone in it, and a user's own group that user.
    let is_of_others = rights.group != 0 && rights.group != rights.owner;
    (rights.by_group && is_of_others && is_for_root_alone).then(|| format!("the group {}", rights.group))
}
