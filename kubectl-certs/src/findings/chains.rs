//! Chains as peers would build them from what is presented: whether all of it is sent, and whether the API server trusts
//! those whom it calls.

use std::collections::BTreeSet;

use super::{Check, Finding, Severity, View, first_of};
use crate::model::{CertId, Entry, Holds, KeyState, Place};
use crate::trust::{Asked, Reason, Signed, Usage};

pub(super) const CHAIN_INCOMPLETE: Check = Check {
    code: "chain-incomplete",
    title: "the chain that is presented lacks an authority in between",
    what: "A server's certificate leads to a root that was read, but only by way of an intermediate authority that is not presented \
           with it.",
    why: "Whoever has only the root cannot build the chain ('certificate signed by unknown authority'). It works with programs that \
          happen to know the intermediate, such as browsers, which makes the trouble hard to see.",
    repair: "Put the intermediate behind the leaf, into the file or Secret that the server presents.",
    source: "RFC 8446 section 4.4.2; RFC 5280 section 6.1",
    renewable: false,
    run: chain_incomplete,
};

pub(super) const WEBHOOK_UNTRUSTED: Check = Check {
    code: "webhook-untrusted",
    title: "the API server does not trust the webhook or aggregated API that it calls",
    what: "What the server behind a webhook, a conversion webhook or an aggregated API was seen to present is not verified by the \
           caBundle that the API server has for it. Looked for with --probe.",
    why: "Each call fails. With the failure policy Fail no object that the webhook is asked about can be written any more; what \
          conversion serves cannot be read; an aggregated API is unavailable, and namespaces stay in Terminating.",
    repair: "Put the authority that signs the server's certificate into the caBundle; of cert-manager's cainjector, see whether it runs \
             and whether the annotation names the right Certificate.",
    source: "kubernetes.io, Dynamic Admission Control, contacting the webhook",
    renewable: false,
    run: webhook_untrusted,
};

fn chain_incomplete(view: &View<'_>) -> Vec<Finding> {
    let roots = known_roots(view);
    let servers = view.inventory.entries.iter().filter(|entry| !entry.origin.backup && is_of_server(view, entry));
    servers
        .filter_map(|entry| {
            let leaf = entry.leaf()?;
            let chain = view.trust.chain(leaf);
            let anchors: Vec<CertId> = chain.into_iter().skip(1).filter(|id| roots.contains(id)).collect();
            if anchors.is_empty() {
                return None;
            }
            let asked = Asked { leaf, anchors: &anchors, sent: entry.certificates(), usage: Usage::Any };
            let fault = view.trust.verify(view.inventory, &asked, view.now).err()?;
            match &fault.why {
                Reason::IssuerNotGiven { issuer } if view.trust.signed(issuer) != Some(&Signed::Itself) => {}
                _ => return None,
            }
            let message = fault.sentence(view.inventory);
            Some(Finding::new(&CHAIN_INCOMPLETE, Severity::Warning, first_of(entry), message))
        })
        .collect()
}

/// Where peers begin: what signed itself, and what somebody was given in order to trust it. An intermediate that lies in
/// a file or beside its own key is there for whoever signs.
fn known_roots<'a>(view: &'a View<'_>) -> BTreeSet<&'a CertId> {
    let inventory = view.inventory;
    let of_themselves = inventory
        .certificates
        .iter()
        .filter(|(id, certificate)| certificate.is_authority && view.trust.signed(id) == Some(&Signed::Itself));
    let is_given = |entry: &&Entry| match &entry.at.place {
        _ if entry.origin.backup || !matches!(entry.holds, Holds::Bundle(_)) => false,
        Place::File { .. } => entry.origin.name.is_some(),
        Place::Secret { key, .. } => entry.key == KeyState::Absent && **key != *"tls.crt",
        _ => true,
    };
    let given = inventory.entries.iter().filter(is_given).flat_map(Entry::certificates);
    of_themselves.map(|(id, _)| id).chain(given).collect()
}

/// A server was seen to present it, or runs with it, or is going to: a Secret with both halves.
fn is_of_server(view: &View<'_>, entry: &Entry) -> bool {
    match &entry.at.place {
        Place::Endpoint(_) => true,
        Place::Secret { key, .. } if **key == *"tls.crt" && entry.key == KeyState::Matches => {
            let leaf = entry.leaf().and_then(|leaf| view.inventory.certificates.get(leaf));
            leaf.is_some_and(|leaf| {
                let usages = &leaf.extended_key_usages;
                usages.is_empty() || usages.iter().any(|usage| usage == "serverAuth" || usage == "any")
            })
        }
        _ => super::is_presented(view, &entry.at),
    }
}

fn webhook_untrusted(view: &View<'_>) -> Vec<Finding> {
    let inventory = view.inventory;
    let called: BTreeSet<_> = inventory
        .edges
        .iter()
        .filter(|edge| matches!(edge.bundle.place, Place::CaBundle { .. }))
        .filter(|edge| matches!(edge.presented.place, Place::Endpoint(_)))
        .collect();
    called
        .into_iter()
        .filter_map(|edge| {
            let (bundle, presented) = (inventory.entry(&edge.bundle)?, inventory.entry(&edge.presented)?);
            let (anchors, sent) = (bundle.certificates(), presented.certificates());
            let asked = Asked { leaf: presented.leaf()?, anchors, sent, usage: Usage::Server };
            let fault = view.trust.verify(inventory, &asked, view.now).err()?;
            // These are told of the certificate itself.
            if matches!(fault.why, Reason::Expired { .. } | Reason::NotYetValid { .. } | Reason::WrongUsage { .. }) {
                return None;
            }
            let message =
                format!("what {} presents is not verified by it: {}", edge.presented, fault.sentence(inventory));
            Some(Finding {
                related: vec![edge.presented.clone()],
                ..Finding::new(&WEBHOOK_UNTRUSTED, Severity::Error, edge.bundle.clone(), message)
            })
        })
        .collect()
}
