//! Files on a node's disk: the layouts that are recognised there, and plain files and folders that were named.

use std::collections::BTreeMap;
use std::path::Path;

use futures::FutureExt;
use futures::future::join_all;

use super::gather::certificate_names;
use super::kubeconfigs::unread_gap;
use super::{Reading, Source};
use crate::access::nodes::{FileRecord, Member, Node, NodeError, NodeOp, NodeReply, Process, Unread};
use crate::formats::keystore::Password;
use crate::layouts::{self, Layout};
use crate::model::{Gap, GapReason, Inventory, Location};

mod asked_names;
mod detect;
mod edges;
mod entries;
mod hollow;
mod names;
mod operators;
mod people;
mod told;
mod uses;

pub use uses::presented;

pub(super) const SOURCE: Source = Source {
    name: "node files",
    wanted: |wanted| !wanted.members.is_empty() || !wanted.paths.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let wanted = reading.wanted;
    let mut inventory = Inventory::default();
    // Side by side: each node is read by itself, and a slow one costs its own time only.
    for part in join_all(wanted.members.iter().map(|member| disk(member, reading))).await {
        inventory.merge(part);
    }
    edges::add(&mut inventory);
    if !wanted.paths.is_empty() {
        let this_machine = Member { name: None, root: "/".to_owned(), node: reading.access.nodes.at("/"), own: None };
        let mut part = Inventory::default();
        plain(&mut part, &this_machine, wanted.paths.clone(), wanted.keystore_password.as_ref()).await;
        inventory.merge(part);
    }
    inventory
}

/// One node's disk.
async fn disk(member: &Member, reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Member { name, root, node, own } = member;
    let password = reading.wanted.keystore_password.as_ref();
    let on = name.as_deref();
    if let Some(own) = own.as_ref().filter(|own| own.is_all()) {
        operators::read(member, own, &BTreeMap::new(), &mut inventory).await;
        return inventory;
    }
    let mut found = match detect::layouts(member).await {
        Ok(found) => found,
        Err(error) => {
            inventory.gaps.push(unanswered(member, &error));
            return inventory;
        }
    };
    if found.is_empty() {
        if member.is_running_machine() {
            inventory.gaps.push(Gap {
                at: Location::file_on(on, "/"),
                reason: GapReason::NotFound,
                message: format!(
                    "{} has no cluster files of a known layout (looked for /etc/kubernetes{})",
                    on.unwrap_or("this machine"),
                    detect::other_folders()
                ),
            });
        } else {
            plain(&mut inventory, member, vec![root.clone()], password).await;
        }
        return inventory;
    }
    let asked_for = reading.wanted.within_roots.iter().filter(|at| at.node() == on);
    let asked_for: Vec<String> = asked_for
        .filter_map(Location::path)
        .filter(|path| Path::new(path).starts_with(root))
        .map(str::to_owned)
        .collect();
    let places = found.iter().flat_map(|found| found.reads.iter().cloned());
    let mut files =
        walk(member, asked_for.iter().cloned().chain(places).collect(), asked_for.len(), password, &mut inventory)
            .await;
    told::follow(member, &mut found, &mut files, password, &mut inventory).await;
    people::read(member, &found, &mut files, &mut inventory).await;
    let names = names::all(&found, &files);
    let is_backup = |path: &str| {
        let from = asked_for.iter().find(|asked| Path::new(path).starts_with(asked)).unwrap_or(root);
        is_backup_below(from, path)
    };
    for file in files.values() {
        entries::add(&mut inventory, on, file, &files, &names, is_backup(&file.path));
        let rights = file.rights.map(|rights| (Location::file_on(on, file.path.clone()), rights));
        inventory.key_rights.extend(rights);
    }
    asked_names::add(&mut inventory, &found, on, &files, &names);
    people::disown_foreign(&mut inventory, &found);
    if let Some(own) = own {
        operators::read(member, own, &files, &mut inventory).await;
    }
    inventory.layouts.extend(found.iter().map(|found| found.found.clone()));
    hollow::add(&mut inventory, member, &files, &names).await;
    if !reading.wanted.files_only {
        match processes(&**node, &found).await {
            Ok(processes) => uses::add(&mut inventory, &found, member, &files, &processes).await,
            Err(error) => inventory.gaps.push(unanswered(member, &error)),
        }
        for found in &found {
            add_serving_given(&mut inventory, member, found.layout).await;
        }
    }
    inventory
}

/// Copies put aside; what was asked for by its name is no copy, whatever the folders above it are called.
fn is_backup_below(from: &str, path: &str) -> bool {
    Path::new(path).strip_prefix(from).is_ok_and(|below| layouts::is_backup(&below.to_string_lossy()))
}

/// Asked only where there is a certificate that the kubelet may have made.
async fn add_serving_given(inventory: &mut Inventory, member: &Member, layout: &Layout) {
    // Only kubeadm's kubelet is renewed, and so only its certificate judged.
    let own =
        |name: &String| layout.renewed_by.is_none() && layout.leaf(name).is_some_and(|leaf| leaf.signer.is_empty());
    if !member.is_running_machine()
        || !inventory.entries.iter().any(|entry| entry.origin.name.as_ref().is_some_and(own))
    {
        return;
    }
    match member.node.run(NodeOp::KubeletServing).await {
        Ok(NodeReply::KubeletServing(Some(why))) => {
            inventory.serving_given.insert(member.name.clone(), why);
        }
        Ok(_) => {}
        Err(error) => inventory.gaps.push(unanswered(member, &error)),
    }
}

async fn plain(inventory: &mut Inventory, member: &Member, places: Vec<String>, password: Option<&Password>) {
    let asked = places.clone();
    let mut files = walk(member, places, asked.len(), password, inventory).await;
    // A key that was named alone stands for the certificate beside it.
    let alone = files.values().filter(|file| entries::only_a_key(&file.content) && file.content.has_key());
    let beside: Vec<String> = alone.flat_map(|file| certificates_beside(&file.path)).collect();
    let unread: Vec<String> = beside.into_iter().filter(|path| !files.contains_key(path)).collect();
    if let Ok(NodeReply::Existing(there)) = member.node.run(NodeOp::Exist { paths: unread }).await
        && !there.is_empty()
    {
        files.extend(walk(member, there, 0, password, inventory).await);
    }
    for file in files.values() {
        let from = asked.iter().find(|asked| Path::new(&file.path).starts_with(asked));
        let is_backup = from.is_some_and(|from| is_backup_below(from, &file.path));
        entries::add(inventory, member.name.as_deref(), file, &files, &names::Names::default(), is_backup);
    }
}

/// A node that does not answer is not one that has nothing.
fn unanswered(member: &Member, error: &NodeError) -> Gap {
    Gap {
        at: Location::file_on(member.name.as_deref(), member.root.clone()),
        reason: GapReason::ReadFailed,
        message: error.message.clone(),
    }
}

/// The first `asked_for` of the places must be there; a control plane without a kubelet's files is one all the same.
async fn walk(
    member: &Member,
    places: Vec<String>,
    asked_for: usize,
    password: Option<&Password>,
    inventory: &mut Inventory,
) -> BTreeMap<String, FileRecord> {
    let asked = places.clone();
    let at = |path: String| Location::file_on(member.name.as_deref(), path);
    match member.node.run(NodeOp::Walk { places, passwords: password.into_iter().cloned().collect() }).await {
        Ok(NodeReply::Walked(walked)) => {
            for (path, why, message) in walked.unread {
                if why == Unread::NotFound && asked.iter().skip(asked_for).any(|place| *place == path) {
                    continue;
                }
                inventory.gaps.push(unread_gap(at(path), why, message));
            }
            walked.files.into_iter().map(|file| (file.path.clone(), file)).collect()
        }
        Ok(_) => BTreeMap::new(),
        Err(error) => {
            inventory.gaps.push(Gap {
                at: at(asked.first().cloned().unwrap_or_default()),
                reason: GapReason::ReadFailed,
                message: error.message,
            });
            BTreeMap::new()
        }
    }
}

async fn processes(node: &dyn Node, found: &[detect::Detected]) -> Result<Vec<Process>, NodeError> {
    let uses = found.iter().flat_map(|found| found.layout.uses);
    let mut programs: Vec<String> = uses.map(|row| row.component.to_owned()).collect();
    programs.sort();
    programs.dedup();
    Ok(match node.run(NodeOp::Processes { programs }).await? {
        NodeReply::Processes(processes) => processes,
        _ => Vec::new(),
    })
}

fn certificates_beside(key: &str) -> Vec<String> {
    let path = Path::new(key);
    let names = path.file_name().and_then(|name| name.to_str()).map(certificate_names).unwrap_or_default();
    names.into_iter().map(|name| path.with_file_name(name).to_string_lossy().into_owned()).collect()
}

pub(super) fn join(root: &str, path: &str) -> String {
    if path.is_empty() {
        return root.to_owned();
    }
    Path::new(root).join(path).to_string_lossy().into_owned()
}
