//! What a table names and what is there, but is no such file: overwritten by accident, cut to nothing by a full disk, a link
//! to nowhere.

use std::collections::BTreeMap;

use super::names::{Holder, Named, Names};
use super::{unanswered, unread_gap};
use crate::access::nodes::{FileRecord, Member, NodeOp, NodeReply, Unread};
use crate::model::{Gap, GapReason, Inventory, Location};

pub(super) async fn add(
    inventory: &mut Inventory,
    member: &Member,
    files: &BTreeMap<String, FileRecord>,
    names: &Names,
) {
    let node = &member.node;
    let missing = names.files.iter().filter(|(path, named)| !named.may_be_absent && !files.contains_key(*path));
    let paths = missing.map(|(path, _)| path.clone()).collect();
    let hollow = match node.run(NodeOp::Exist { paths }).await {
        Ok(NodeReply::Existing(hollow)) => hollow,
        Ok(_) => return,
        Err(error) => return inventory.gaps.push(unanswered(member, &error)),
    };
    for path in hollow {
        let Ok(NodeReply::Walked(alone)) = node.run(NodeOp::walk(vec![path.clone()])).await else {
            continue;
        };
        // A link to a file that was asked for by its own name is told of under that name.
        if alone.files.iter().any(|file| file.path == path) {
            continue;
        }
        let at = Location::file_on(member.name.as_deref(), path.clone());
        if inventory.gaps.iter().any(|gap| gap.at == at) {
            continue;
        }
        let unread = alone.unread.into_iter().find(|(other, ..)| *other == path);
        let as_folder = NodeOp::Exist { paths: vec![format!("{path}/")] };
        let is_folder = matches!(node.run(as_folder).await, Ok(NodeReply::Existing(found)) if !found.is_empty());
        inventory.gaps.push(match unread {
            Some((path, Unread::NotFound, _)) => {
                Gap { at, reason: GapReason::NotFound, message: format!("{path} is a symlink to what does not exist") }
            }
            Some((_, why, message)) => unread_gap(at, why, message),
            None if is_folder => {
                Gap { at, reason: GapReason::NotAFile, message: "this is a folder, where a file is wanted".to_owned() }
            }
            None => gap(at, &names.files[&path]),
        });
    }
}

pub(super) fn gap(at: Location, named: &Named) -> Gap {
    let (reason, message) = match named.holder {
        Holder::Kubeconfig => (GapReason::BadKubeconfig, "this file should be a kubeconfig, and it is none"),
        Holder::Pem => (GapReason::NoCertificateFound, "this file should hold a certificate, and there is none in it"),
    };
    Gap { at, reason, message: message.to_owned() }
}
