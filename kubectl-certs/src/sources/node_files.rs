//! Files on a node's disk: the layouts that are recognised there, and plain files and folders that were named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use futures::FutureExt;
use futures::future::join_all;

use super::gather::{Found, Key, Kind, add, certificate_names, key_names};
use super::kubeconfigs::{add_view, unread_gap};
use super::{Reading, Source};
use crate::access::nodes::{FileRecord, Member, Node, NodeError, NodeOp, NodeReply, Process, Unread};
use crate::formats::Content;
use crate::layouts::{self, Base, KeptBy, Layout, Renewal, Store};
use crate::model::{
    Entry, FoundLayout, Gap, GapReason, Inventory, KubeconfigField, Location, Origin, Place, TrustEdge, path_on_disk,
};

mod operators;
mod people;
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
    add_edges(&mut inventory);
    if !wanted.paths.is_empty() {
        let this_machine = Member { name: None, root: "/".to_owned(), node: reading.access.nodes.at("/"), own: None };
        let mut part = Inventory::default();
        plain(&mut part, &this_machine, wanted.paths.clone()).await;
        inventory.merge(part);
    }
    inventory
}

/// One node's disk.
async fn disk(member: &Member, reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Member { name, root, node, own } = member;
    let on = name.as_deref();
    if let Some(own) = own.as_ref().filter(|own| own.is_all()) {
        operators::read(member, own, &BTreeMap::new(), &mut inventory).await;
        return inventory;
    }
    let found = match detect(&**node, root).await {
        Ok(found) => found,
        Err(error) => {
            inventory.gaps.push(unanswered(member, &error));
            return inventory;
        }
    };
    let Some(found) = found else {
        if member.is_running_machine() {
            inventory.gaps.push(Gap {
                at: Location::file_on(on, "/"),
                reason: GapReason::NotFound,
                message: format!(
                    "{} has no cluster files of a known layout (looked for /etc/kubernetes)",
                    on.unwrap_or("this machine")
                ),
            });
        } else {
            plain(&mut inventory, member, vec![root.clone()]).await;
        }
        return inventory;
    };
    let mut places: Vec<String> = found.base.read.iter().map(|folder| join(root, folder)).collect();
    let asked_for = reading.wanted.within_roots.iter().filter(|at| at.node() == on);
    places.extend(
        asked_for.filter_map(Location::path).filter(|path| Path::new(path).starts_with(root)).map(str::to_owned),
    );
    let mut files = walk(member, places, &mut inventory).await;
    people::read(member, &found, &mut files, &mut inventory).await;
    let names = names(&found, root);
    for file in files.values() {
        add_file(&mut inventory, on, file, &files, &names);
    }
    people::disown_foreign(&mut inventory, found.layout);
    if let Some(own) = own {
        operators::read(member, own, &files, &mut inventory).await;
    }
    add_hollow(&mut inventory, member, &files, &names).await;
    if !reading.wanted.files_only {
        match processes(&**node, found.layout).await {
            Ok(processes) => uses::add(&mut inventory, &found, member, &files, &processes).await,
            Err(error) => inventory.gaps.push(unanswered(member, &error)),
        }
        add_serving_given(&mut inventory, member, found.layout).await;
    }
    inventory.layouts.push(FoundLayout {
        name: found.layout.name.to_owned(),
        node: name.clone(),
        root: root.clone(),
        base: join(root, found.base.folder),
        why: format!("{} exists", found.mark),
    });
    inventory
}

/// Asked only where there is a certificate that the kubelet may have made.
async fn add_serving_given(inventory: &mut Inventory, member: &Member, layout: &Layout) {
    let own = |name: &String| layout.leaf(name).is_some_and(|leaf| leaf.signer.is_empty());
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

async fn plain(inventory: &mut Inventory, member: &Member, places: Vec<String>) {
    let mut files = walk(member, places, inventory).await;
    // A key that was named alone stands for the certificate beside it.
    let alone = files.values().filter(|file| only_a_key(&file.content) && file.content.has_key());
    let beside: Vec<String> = alone.flat_map(|file| certificates_beside(&file.path)).collect();
    let unread: Vec<String> = beside.into_iter().filter(|path| !files.contains_key(path)).collect();
    if let Ok(NodeReply::Existing(there)) = member.node.run(NodeOp::Exist { paths: unread }).await
        && !there.is_empty()
    {
        files.extend(walk(member, there, inventory).await);
    }
    for file in files.values() {
        add_file(inventory, member.name.as_deref(), file, &files, &BTreeMap::new());
    }
}

struct Detected {
    layout: &'static Layout,
    base: &'static Base,
    mark: String,
}

/// A node that does not answer is not one that has nothing.
fn unanswered(member: &Member, error: &NodeError) -> Gap {
    Gap {
        at: Location::file_on(member.name.as_deref(), member.root.clone()),
        reason: GapReason::ReadFailed,
        message: error.message.clone(),
    }
}

async fn detect(node: &dyn Node, root: &str) -> Result<Option<Detected>, NodeError> {
    for layout in layouts::all() {
        for base in layout.bases {
            let folder = join(root, base.folder);
            let paths = base.marks.iter().map(|mark| join(&folder, mark)).collect();
            if let NodeReply::Existing(found) = node.run(NodeOp::Exist { paths }).await?
                && let Some(mark) = found.into_iter().next()
            {
                return Ok(Some(Detected { layout, base, mark }));
            }
        }
    }
    Ok(None)
}

async fn walk(member: &Member, places: Vec<String>, inventory: &mut Inventory) -> BTreeMap<String, FileRecord> {
    let asked = places.clone();
    let at = |path: String| Location::file_on(member.name.as_deref(), path);
    match member.node.run(NodeOp::Walk { places }).await {
        Ok(NodeReply::Walked(walked)) => {
            for (path, why, message) in walked.unread {
                // A layout's second folder need not exist: a control plane without a kubelet's files is one all the same.
                if why == Unread::NotFound && asked.iter().skip(1).any(|place| *place == path) {
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

async fn processes(node: &dyn Node, layout: &Layout) -> Result<Vec<Process>, NodeError> {
    let mut programs: Vec<String> = layout.uses.iter().map(|row| row.component.to_owned()).collect();
    programs.sort();
    programs.dedup();
    Ok(match node.run(NodeOp::Processes { programs }).await? {
        NodeReply::Processes(processes) => processes,
        _ => Vec::new(),
    })
}

/// What the layout's table names and what is there, but is no such file: overwritten by accident, cut to nothing by a full
/// disk, a link to nowhere.
async fn add_hollow(
    inventory: &mut Inventory,
    member: &Member,
    files: &BTreeMap<String, FileRecord>,
    names: &BTreeMap<String, Named>,
) {
    let node = &member.node;
    let missing = names.iter().filter(|(path, named)| !named.is_of_people && !files.contains_key(*path));
    let paths = missing.map(|(path, _)| path.clone()).collect();
    let hollow = match node.run(NodeOp::Exist { paths }).await {
        Ok(NodeReply::Existing(hollow)) => hollow,
        Ok(_) => return,
        Err(error) => return inventory.gaps.push(unanswered(member, &error)),
    };
    for path in hollow {
        let Ok(NodeReply::Walked(alone)) = node.run(NodeOp::Walk { places: vec![path.clone()] }).await else {
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
            None => hollow_gap(at, &names[&path]),
        });
    }
}

fn hollow_gap(at: Location, named: &Named) -> Gap {
    let (reason, message) = match named.holder {
        Holder::Kubeconfig => (GapReason::BadKubeconfig, "this file should be a kubeconfig, and it is none"),
        Holder::Pem => (GapReason::NoCertificateFound, "this file should hold a certificate, and there is none in it"),
    };
    Gap { at, reason, message: message.to_owned() }
}

/// What the layout's table says of a path.
struct Named {
    origin: Origin,
    kind: Kind,
    key: Option<String>,
    /// Nothing is missing where it is not there.
    is_of_people: bool,
    holder: Holder,
}

#[derive(Clone, Copy)]
enum Holder {
    Pem,
    Kubeconfig,
}

fn names(found: &Detected, root: &str) -> BTreeMap<String, Named> {
    let layout = found.layout;
    let at = |path: &str| place(root, found.base, path);
    let mut names = BTreeMap::new();
    for authority in layout.authorities {
        let named = Named {
            origin: Origin {
                layout: Some(layout.name.to_owned()),
                name: Some(authority.name.to_owned()),
                signer: Some(authority.name.to_owned()),
                renewed_at_percent: None,
                backup: false,
            },
            kind: Kind::Bundle,
            key: Some(at(authority.key)),
            holder: Holder::Pem,
            is_of_people: false,
        };
        names.insert(at(authority.certificate), named);
    }
    for leaf in layout.leaves {
        let (path, key) = match leaf.store {
            Store::Pair { certificate, key } => (certificate, Some(key)),
            Store::Combined(path) | Store::Kubeconfig(path) => (path, None),
        };
        let named = Named {
            origin: Origin {
                layout: Some(layout.name.to_owned()),
                name: Some(leaf.name.to_owned()),
                signer: Some(leaf.signer.to_owned()).filter(|signer| !signer.is_empty()),
                renewed_at_percent: match leaf.renewal {
                    Renewal::ByAuthority => None,
                    Renewal::ByItself { percent } => Some(percent),
                },
                backup: false,
            },
            kind: Kind::Chain,
            key: key.map(at),
            holder: if matches!(leaf.store, Store::Kubeconfig(_)) { Holder::Kubeconfig } else { Holder::Pem },
            is_of_people: leaf.kept_by == KeptBy::People,
        };
        names.insert(at(path), named);
    }
    names
}

/// Every identity is met by those who trust the authority that signs it, on each node; an API server, also by all
/// kubeconfigs.
fn add_edges(inventory: &mut Inventory) {
    let named =
        |name: &'static str| inventory.entries.iter().filter(move |entry| entry.origin.name.as_deref() == Some(name));
    let kubeconfigs: Vec<&Entry> = inventory
        .entries
        .iter()
        .filter(|entry| matches!(&entry.at.place, Place::Kubeconfig { field: KubeconfigField::Cluster(_), .. }))
        // People's files speak of other clusters too.
        .filter(|entry| !people::is_at(inventory, &entry.at))
        .collect();
    let mut edges = BTreeSet::new();
    for layout in inventory.layouts.iter().filter_map(|found| Layout::named(&found.name)) {
        for leaf in layout.leaves {
            for presented in named(leaf.name) {
                let users = kubeconfigs.iter().copied().filter(|_| leaf.name == layout.server);
                edges.extend(
                    named(leaf.signer)
                        .chain(users)
                        .map(|bundle| TrustEdge { bundle: bundle.at.clone(), presented: presented.at.clone() }),
                );
            }
        }
    }
    inventory.edges.extend(edges);
}

/// Where a path of a layout's table lies on the disk at `root`.
pub(super) fn place(root: &str, base: &Base, path: &str) -> String {
    path_on_disk(root, &join(root, base.folder), path)
}

fn add_file(
    inventory: &mut Inventory,
    on: Option<&str>,
    file: &FileRecord,
    files: &BTreeMap<String, FileRecord>,
    names: &BTreeMap<String, Named>,
) {
    let named = names.get(&file.path);
    let origin = named.map(|named| named.origin.clone()).unwrap_or_default();
    if let Some(view) = &file.content.kubeconfig {
        return add_view(inventory, on, file, view, &origin, |_| true);
    }
    if let Some(fault) = &file.content.kubeconfig_fault {
        // Many YAML files speak of clusters and users; only where a kubeconfig must be is a broken one a loss.
        if named.is_some() {
            inventory.gaps.push(Gap {
                at: Location::file_on(on, file.path.clone()),
                reason: GapReason::BadKubeconfig,
                message: fault.clone(),
            });
        }
        return;
    }
    if only_a_key(&file.content) {
        inventory.gaps.extend(named.map(|named| hollow_gap(Location::file_on(on, file.path.clone()), named)));
        return;
    }
    let key_path = named.and_then(|named| named.key.clone()).or_else(|| sibling_key(&file.path, files));
    let key = match (Key::inside(&file.content), key_path.and_then(|path| files.get(&path))) {
        (Key::None, Some(other)) => match Key::inside(&other.content) {
            Key::Public { id, .. } => Key::Public {
                id,
                at: Some(Location::file_on(on, other.path.clone())),
                digest: Some(other.digest.clone()),
            },
            Key::Unreadable { .. } => Key::Unreadable { at: Some(Location::file_on(on, other.path.clone())) },
            Key::None => Key::None,
        },
        (inside, _) => inside,
    };
    let found = Found {
        at: Location::file_on(on, file.path.clone()),
        content: &file.content,
        key,
        kind: named.map_or(Kind::Guess, |named| named.kind),
        origin,
        digest: Some(file.digest.clone()),
    };
    add(inventory, found);
}

/// Keys are told of with the certificate or public key that they belong to.
fn only_a_key(content: &Content) -> bool {
    content.certificates.is_empty()
        && content.public_keys.is_empty()
        && content.broken.is_empty()
        && content.cut.is_empty()
}

fn certificates_beside(key: &str) -> Vec<String> {
    let path = Path::new(key);
    let names = path.file_name().and_then(|name| name.to_str()).map(certificate_names).unwrap_or_default();
    names.into_iter().map(|name| path.with_file_name(name).to_string_lossy().into_owned()).collect()
}

fn sibling_key(path: &str, files: &BTreeMap<String, FileRecord>) -> Option<String> {
    let path = Path::new(path);
    let names = key_names(path.file_name()?.to_str()?);
    let paths = names.into_iter().map(|name| path.with_file_name(name).to_string_lossy().into_owned());
    paths.into_iter().find(|path| files.get(path).is_some_and(|file| file.content.has_key()))
}

pub(super) fn join(root: &str, path: &str) -> String {
    if path.is_empty() {
        return root.to_owned();
    }
    Path::new(root).join(path).to_string_lossy().into_owned()
}
