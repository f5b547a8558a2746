//! What the private keys say.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, Severity, View, first_of};
use crate::model::{Entry, Gap, Holds, KeyId, KeyState, Place};

pub(super) const KEY_DIFFERS: Check = Check {
    code: "key-differs",
    title: "the private key is not that of the certificate",
    what: "The public key in the certificate and the private key beside it do not belong together.",
    why: "The component cannot start with this pair. A running one goes on with what it has loaded, so the trouble shows at \
          the next restart. Usual causes: a key copied from another node, or a renewal that was cut off half-way.",
    repair: "kubectl certs renew makes a new pair; or put the right key back.",
    source: "RFC 8446 section 4.4.3 (the peer proves that it has the key)",
    renewable: true,
    run: key_differs,
};

pub(super) const KEY_ABSENT: Check = Check {
    code: "key-absent",
    title: "the private key of an identity is missing",
    what: "A certificate is where a component looks for its identity, and the key that belongs to it is not there. Of a Secret \
           it is told as info: its key may have any name, or lie elsewhere.",
    why: "The component cannot start with it. A running one goes on with what it has loaded, so the trouble shows at the next restart.",
    repair: "Put the key back. Where it is lost, put any private key in its place: kubectl certs renew then makes a new pair, and will \
             not where there is none, as the key may lie on another machine.",
    source: "RFC 8446 section 4.4.3 (the peer proves that it has the key)",
    renewable: false,
    run: key_absent,
};

pub(super) const KEY_SHARED: Check = Check {
    code: "key-shared",
    title: "one private key serves several purposes",
    what: "Certificates of different subjects have the same key, or the key that signs tokens of service accounts is also that of a \
           certificate. It is an info where neither is of a layout of the cluster.",
    why: "Whoever takes one takes all. Where the key of the service accounts is shared, renewing that certificate with a new key makes all \
          tokens in the cluster invalid at once.",
    repair: "Renew each certificate by itself, which gives it a key of its own; take care of the service accounts' key first.",
    source: "NIST SP 800-57 part 1, section 5.2; AKS Engine signs tokens with the key of its API server",
    renewable: false,
    run: key_shared,
};

fn key_absent(view: &View<'_>) -> Vec<Finding> {
    let inventory = view.inventory;
    let severity = |entry: &Entry| match &entry.at.place {
        Place::File { .. } | Place::Kubeconfig { .. } if entry.origin.name.is_some() => Some(Severity::Error),
        Place::Secret { key, .. } if **key == *"tls.crt" => Some(Severity::Info),
        _ => None,
    };
    let lacks_key = |entry: &&Entry| entry.leaf().is_some() && entry.key == KeyState::Absent && !entry.origin.backup;
    // A key that may not be read is no missing one.
    let hidden = |entry: &Entry| {
        let beside = |gap: &Gap| match (gap.at.path(), entry.at.path()) {
            (Some(gap_path), Some(path)) => gap.at.node() == entry.at.node() && folder(gap_path) == folder(path),
            _ => false,
        };
        inventory.gaps.iter().any(beside)
    };
    let lacking = inventory.entries.iter().filter(lacks_key).filter(|entry| !hidden(entry));
    lacking
        .filter_map(|entry| {
            let leaf = inventory.certificates.get(entry.leaf()?)?;
            let message = format!("no private key was found for {}", leaf.short_name());
            Some(Finding::new(&KEY_ABSENT, severity(entry)?, first_of(entry), message))
        })
        .collect()
}

fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn key_shared(view: &View<'_>) -> Vec<Finding> {
    let mut by_key: BTreeMap<&KeyId, Vec<&Entry>> = BTreeMap::new();
    for entry in view.inventory.entries.iter().filter(|entry| !entry.origin.backup) {
        let key = match &entry.holds {
            Holds::PublicKey(key) => key,
            _ if entry.key == KeyState::Matches => match &entry.key_public {
                Some(key) => key,
                None => continue,
            },
            _ => continue,
        };
        by_key.entry(key).or_default().push(entry);
    }
    by_key.values().filter_map(|entries| shared(view, entries)).collect()
}

fn shared(view: &View<'_>, entries: &[&Entry]) -> Option<Finding> {
    let subject = |entry: &&Entry| {
        let id = entry.certificates().first()?;
        Some(view.inventory.certificates.get(id)?.subject.clone())
    };
    let subjects: BTreeSet<String> = entries.iter().filter_map(subject).collect();
    let bare = entries.iter().any(|entry| matches!(entry.holds, Holds::PublicKey(_)));
    let message = match (bare, subjects.len()) {
        (true, 1..) => {
            format!("the key that service accounts' tokens are verified with is also that of {}", joined(&subjects))
        }
        (false, 2..) => format!("one key for {}", joined(&subjects)),
        _ => return None,
    };
    let first = entries.iter().find(|entry| !entry.certificates().is_empty())?;
    // Outside of the tables nobody knows whether they are two purposes, or one that was given a new name.
    let of_layout = entries.iter().any(|entry| entry.origin.name.is_some());
    let severity = if bare || of_layout { Severity::Warning } else { Severity::Info };
    Some(Finding {
        related: entries.iter().filter(|entry| entry.at != first.at).map(|entry| entry.at.clone()).collect(),
        ..Finding::new(&KEY_SHARED, severity, first.at.clone(), message)
    })
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(" and ")
}

fn key_differs(view: &View<'_>) -> Vec<Finding> {
    let in_use = view.inventory.entries.iter().filter(|entry| !entry.origin.backup);
    let differing = in_use.filter(|entry| entry.key == KeyState::Differs);
    differing
        .map(|entry| {
            let beside = entry.key_at.as_ref().map_or_else(|| "in the same place".to_owned(), |at| format!("in {at}"));
            let message = format!("the key {beside} does not belong to the certificate here");
            Finding {
                related: entry.key_at.as_deref().into_iter().cloned().collect(),
                ..Finding::new(&KEY_DIFFERS, Severity::Error, entry.at.clone(), message)
            }
        })
        .collect()
}
