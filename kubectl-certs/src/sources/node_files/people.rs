//! Files that people put on a node beside those of the cluster: copies of admin.conf. They need not be there, and may
//! hold identities of other clusters.

use std::collections::BTreeMap;

use super::detect::Detected;
use super::unanswered;
use crate::access::nodes::{FileRecord, Member, NodeOp, NodeReply, Unread};
use crate::layouts::{Layout, Leaf};
use crate::model::{Certificate, Entry, Inventory, Location, Origin};
use crate::sources::kubeconfigs::unread_gap;

/// Only these files are read, not the folders that they are in.
pub(super) async fn read(
    member: &Member,
    found: &[Detected],
    files: &mut BTreeMap<String, FileRecord>,
    inventory: &mut Inventory,
) {
    let of =
        |one: &Detected| one.layout.of_people().filter_map(path).map(|path| one.found.path(path)).collect::<Vec<_>>();
    let places: Vec<String> = found.iter().flat_map(of).collect();
    if places.is_empty() {
        return;
    }
    let walked = match member.node.run(NodeOp::walk(places)).await {
        Ok(NodeReply::Walked(walked)) => walked,
        Ok(_) => return,
        Err(error) => return inventory.gaps.push(unanswered(member, &error)),
    };
    for (path, why, message) in walked.unread {
        if why != Unread::NotFound {
            inventory.gaps.push(unread_gap(Location::file_on(member.name.as_deref(), path), why, message));
        }
    }
    for file in walked.files {
        // A link to admin.conf is admin.conf, and told of under that name.
        let is_known = |target: &String| {
            files.contains_key(target) || files.values().any(|known| known.target.as_ref() == Some(target))
        };
        if !file.target.as_ref().is_some_and(is_known) {
            files.entry(file.path.clone()).or_insert(file);
        }
    }
}

/// Who is certified by another cluster is not this layout's to expect anything of.
pub(super) fn disown_foreign(inventory: &mut Inventory, found: &[Detected]) {
    for (layout, leaf) in found.iter().flat_map(|one| one.layout.of_people().map(|leaf| (one.layout.name, leaf))) {
        let is_own = |entry: &&Entry| entry.origin.layout.as_deref() == Some(layout);
        let authorities: Vec<&Certificate> = inventory
            .entries
            .iter()
            .filter(is_own)
            .filter(|entry| entry.origin.name.as_deref() == Some(leaf.signer))
            .flat_map(Entry::certificates)
            .filter_map(|id| inventory.certificates.get(id))
            .collect();
        let is_foreign = |entry: &Entry| {
            let certificate = entry.leaf().and_then(|id| inventory.certificates.get(id));
            certificate
                .is_some_and(|certificate| !authorities.iter().any(|authority| may_have_signed(authority, certificate)))
        };
        let foreign: Vec<Location> = inventory
            .entries
            .iter()
            .filter(is_own)
            .filter(|entry| entry.origin.name.as_deref() == Some(leaf.name))
            .filter(|entry| is_foreign(entry))
            .map(|entry| entry.at.clone())
            .collect();
        for entry in inventory.entries.iter_mut().filter(|entry| foreign.contains(&entry.at)) {
            entry.origin = Origin::default().into();
        }
    }
}

/// Every cluster calls its authority the same, so the key id counts too. Signatures are verified before anything is signed.
fn may_have_signed(authority: &Certificate, certificate: &Certificate) -> bool {
    let ids = (&authority.subject_key_id, &certificate.authority_key_id);
    authority.subject_key == certificate.issuer_key && !matches!(ids, (Some(one), Some(other)) if one != other)
}

/// Is this place in a file of people?
pub(super) fn is_at(inventory: &Inventory, at: &Location) -> bool {
    inventory.layouts.iter().any(|found| {
        let leaves = Layout::named(&found.name).into_iter().flat_map(Layout::of_people);
        let mut paths = leaves.filter_map(path).map(|path| found.path(path));
        at.node() == found.node.as_deref() && paths.any(|path| at.path() == Some(&path))
    })
}

fn path(leaf: &Leaf) -> Option<&'static str> {
    leaf.store.paths().0
}
