//! The kubeconfig that is in use on the operator's machine: of it, the user that kubectl would be.

use std::collections::BTreeMap;

use super::unanswered;
use crate::access::nodes::{FileRecord, Member, NodeOp, NodeReply, Own};
use crate::layouts::operator;
use crate::model::{Inventory, KubeconfigField, Location, Origin};
use crate::sources::kubeconfigs::{add_view, unread_gap};

/// Beside these files of a node, among which it may be.
pub(super) async fn read(member: &Member, own: &Own, files: &BTreeMap<String, FileRecord>, inventory: &mut Inventory) {
    let on = member.name.as_deref();
    let walked = match member.node.run(NodeOp::walk(vec![own.kubeconfig.path.clone()])).await {
        Ok(NodeReply::Walked(walked)) => walked,
        Ok(_) => return,
        Err(error) => return inventory.gaps.push(unanswered(member, &error)),
    };
    for (path, why, message) in walked.unread {
        inventory.gaps.push(unread_gap(Location::file_on(on, path), why, message));
    }
    let real = |file: &FileRecord| file.target.clone().unwrap_or_else(|| file.path.clone());
    for file in &walked.files {
        let Some(view) = &file.content.kubeconfig else { continue };
        // Then it is a leaf of the node's, and told of under that name.
        if files.values().any(|known| real(known) == real(file)) {
            continue;
        }
        let origin = Origin { name: Some(operator::NAME.to_owned()), ..Origin::default() };
        let user = KubeconfigField::User(own.kubeconfig.user.clone());
        add_view(inventory, on, file, view, &origin, |field| *field == user);
    }
}
