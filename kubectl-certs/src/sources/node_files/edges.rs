//! Who meets whom: the identities of a layout, and those who verify them.

use std::collections::BTreeSet;

use super::people;
use crate::layouts::{Layout, captured};
use crate::model::{Entry, Inventory, KubeconfigField, Place, TrustEdge};

/// Every identity is met by those who trust the authority that signs it, on each node; an API server, also by all
/// kubeconfigs. What stands in state files is met by nobody.
pub(super) fn add(inventory: &mut Inventory) {
    let is_in_use = |entry: &&Entry| !entry.origin.backup && !matches!(entry.at.place, Place::Field { .. });
    let kubeconfigs: Vec<&Entry> = inventory
        .entries
        .iter()
        .filter(|entry| matches!(&entry.at.place, Place::Kubeconfig { field: KubeconfigField::Cluster(_), .. }))
        .filter(is_in_use)
        // People's files speak of other clusters too.
        .filter(|entry| !people::is_at(inventory, &entry.at))
        .collect();
    let mut edges = BTreeSet::new();
    let layouts: BTreeSet<&str> = inventory.layouts.iter().map(|found| found.name.as_str()).collect();
    for layout in layouts.into_iter().filter_map(Layout::named) {
        let of_layout = |entry: &&Entry| entry.origin.layout.as_deref() == Some(layout.name);
        let own: Vec<&Entry> = inventory.entries.iter().filter(of_layout).filter(is_in_use).collect();
        let has_name = |entry: &&&Entry, wanted: &str| {
            entry.origin.name.as_deref().is_some_and(|name| name == wanted || captured(wanted, name).is_some())
        };
        for leaf in layout.leaves {
            let presented = own.iter().filter(|entry| has_name(entry, leaf.name));
            for presented in presented.filter(|entry| entry.leaf().is_some()) {
                // Who signs itself is verified by nobody's bundle, and a bundle without a name has no part in it.
                let is_bundle = |entry: &&&Entry| {
                    entry.origin.name.as_deref().filter(|_| !leaf.signer.is_empty()).is_some_and(|name| {
                        name == leaf.signer || layout.copy(name).is_some_and(|copy| copy.of == leaf.signer)
                    })
                };
                let bundles = own.iter().filter(is_bundle);
                let of_this = |entry: &&&Entry| entry.origin.layout.as_deref().is_none_or(|name| name == layout.name);
                let users = kubeconfigs.iter().filter(|_| leaf.name == layout.server).filter(of_this);
                edges.extend(
                    bundles
                        .chain(users)
                        .map(|bundle| TrustEdge { bundle: bundle.at.clone(), presented: presented.at.clone() }),
                );
            }
        }
    }
    inventory.edges.extend(edges);
}
