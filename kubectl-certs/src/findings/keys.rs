//! What the private keys say.

use super::{Check, Finding, Severity, View};
use crate::model::KeyState;

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
