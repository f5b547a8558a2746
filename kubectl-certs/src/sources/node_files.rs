//! Files on a node's disk: the layouts that are recognised there, and plain files and folders that were named.

use std::collections::BTreeMap;
use std::path::Path;

use futures::FutureExt;

use super::gather::{Found, Key, Kind, add, key_names};
use super::kubeconfigs::{add_view, unread_gap};
use super::{Reading, Source};
use crate::access::nodes::{FileRecord, Node, NodeOp, NodeReply, Process};
use crate::formats::Content;
use crate::layouts::{self, Base, Layout, Renewal, Store};
use crate::model::{FoundLayout, Gap, GapReason, Inventory, KubeconfigField, Location, Origin, Place, TrustEdge};

mod uses;

pub(super) const SOURCE: Source = Source {
    name: "node files",
    wanted: |wanted| !wanted.roots.is_empty() || !wanted.paths.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    for root in &reading.wanted.roots {
        let node = reading.access.nodes.at(root);
        match detect(&*node, root).await {
            Some(found) => {
                let mut places: Vec<String> = found.base.read.iter().map(|folder| join(root, folder)).collect();
                places.extend(
                    reading.wanted.within_roots.iter().filter(|path| Path::new(path).starts_with(root)).cloned(),
                );
                let files = walk(&*node, places, &mut inventory).await;
                let names = names(&found, root);
                for file in files.values() {
                    add_file(&mut inventory, file, &files, &names);
                }
                add_hollow(&mut inventory, &*node, &files, &names).await;
                add_edges(&mut inventory, &found, root);
                let processes = processes(&*node, found.layout).await;
                uses::add(&mut inventory, &found, root, &files, &processes).await;
                inventory.layouts.push(FoundLayout {
                    name: found.layout.name.to_owned(),
                    base: join(root, found.base.folder),
                    why: format!("{} exists", found.mark),
                });
            }
            None if root == "/" => inventory.gaps.push(Gap {
                at: Location::file("/"),
                reason: GapReason::NotFound,
                message: "this machine has no cluster files of a known layout (looked for /etc/kubernetes)".to_owned(),
            }),
            None => plain(&mut inventory, &*node, vec![root.clone()]).await,
        }
    }
    if !reading.wanted.paths.is_empty() {
        let node = reading.access.nodes.at("/");
        plain(&mut inventory, &*node, reading.wanted.paths.clone()).await;
    }
    inventory
}

async fn plain(inventory: &mut Inventory, node: &dyn Node, places: Vec<String>) {
    let files = walk(node, places, inventory).await;
    for file in files.values() {
        add_file(inventory, file, &files, &BTreeMap::new());
    }
}

struct Detected {
    layout: &'static Layout,
    base: &'static Base,
    mark: String,
}

async fn detect(node: &dyn Node, root: &str) -> Option<Detected> {
    for layout in layouts::ALL {
        for base in layout.bases {
            let folder = join(root, base.folder);
            let paths = base.marks.iter().map(|mark| join(&folder, mark)).collect();
            if let Ok(NodeReply::Existing(found)) = node.run(NodeOp::Exist { paths }).await
                && let Some(mark) = found.into_iter().next()
            {
                return Some(Detected { layout, base, mark });
            }
        }
    }
    None
}

async fn walk(node: &dyn Node, places: Vec<String>, inventory: &mut Inventory) -> BTreeMap<String, FileRecord> {
    let asked = places.clone();
    match node.run(NodeOp::Walk { places }).await {
        Ok(NodeReply::Walked(walked)) => {
            for (path, why, message) in walked.unread {
                // A layout's second folder need not exist: a control plane without a kubelet's files is one all the same.
                if why == crate::access::nodes::Unread::NotFound && asked.iter().skip(1).any(|place| *place == path) {
                    continue;
                }
                inventory.gaps.push(unread_gap(Location::file(path), why, message));
            }
            walked.files.into_iter().map(|file| (file.path.clone(), file)).collect()
        }
        Ok(_) => BTreeMap::new(),
        Err(error) => {
            inventory.gaps.push(Gap {
                at: Location::file(asked.first().cloned().unwrap_or_default()),
                reason: GapReason::ReadFailed,
                message: error.message,
            });
            BTreeMap::new()
        }
    }
}

async fn processes(node: &dyn Node, layout: &Layout) -> Vec<Process> {
    let mut programs: Vec<String> = layout.uses.iter().map(|row| row.component.to_owned()).collect();
    programs.sort();
    programs.dedup();
    match node.run(NodeOp::Processes { programs }).await {
        Ok(NodeReply::Processes(processes)) => processes,
        _ => Vec::new(),
    }
}

/// A file that the layout's table names and that holds nothing: overwritten by accident, or cut to nothing by a full disk.
async fn add_hollow(
    inventory: &mut Inventory,
    node: &dyn Node,
    files: &BTreeMap<String, FileRecord>,
    names: &BTreeMap<String, Named>,
) {
    let paths = names.keys().filter(|path| !files.contains_key(*path)).cloned().collect();
    let Ok(NodeReply::Existing(hollow)) = node.run(NodeOp::Exist { paths }).await else { return };
    for path in hollow {
        // A link to a file that was asked for by its own name is told of under that name.
        let alone = node.run(NodeOp::Walk { places: vec![path.clone()] }).await;
        if matches!(alone, Ok(NodeReply::Walked(walked)) if !walked.files.is_empty()) {
            continue;
        }
        let at = Location::file(path);
        if !inventory.gaps.iter().any(|gap| gap.at == at) {
            inventory.gaps.push(Gap {
                at,
                reason: GapReason::NoCertificateFound,
                message: "this file should hold a certificate, and there is none in it".to_owned(),
            });
        }
    }
}

/// What the layout's table says of a path.
struct Named {
    origin: Origin,
    kind: Kind,
    key: Option<String>,
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
            },
            kind: Kind::Bundle,
            key: Some(at(authority.key)),
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
            },
            kind: Kind::Chain,
            key: key.map(at),
        };
        names.insert(at(path), named);
    }
    names
}

/// Every identity is met by those who trust the authority that signs it; the API server, also by all kubeconfigs.
fn add_edges(inventory: &mut Inventory, found: &Detected, root: &str) {
    let entry_named = |name: &str| inventory.entries.iter().find(|entry| entry.origin.name.as_deref() == Some(name));
    let mut edges = Vec::new();
    for leaf in found.layout.leaves {
        let authority =
            found.layout.authority(leaf.signer).map(|authority| place(root, found.base, authority.certificate));
        if let (Some(presented), Some(bundle)) = (entry_named(leaf.name), authority) {
            edges.push(TrustEdge { bundle: Location::file(bundle), presented: presented.at.clone() });
        }
    }
    if let Some(server) = entry_named(found.layout.server) {
        let bundles = inventory
            .entries
            .iter()
            .filter(|entry| matches!(&entry.at.place, Place::Kubeconfig { field: KubeconfigField::Cluster(_), .. }));
        edges.extend(bundles.map(|entry| TrustEdge { bundle: entry.at.clone(), presented: server.at.clone() }));
    }
    inventory.edges.extend(edges);
}

/// Where a path of a layout's table lies on the disk at `root`.
pub(super) fn place(root: &str, base: &Base, path: &str) -> String {
    match path.strip_prefix('/') {
        Some(absolute) => join(root, absolute),
        None => join(&join(root, base.folder), path),
    }
}

fn add_file(
    inventory: &mut Inventory,
    file: &FileRecord,
    files: &BTreeMap<String, FileRecord>,
    names: &BTreeMap<String, Named>,
) {
    let named = names.get(&file.path);
    let origin = named.map(|named| named.origin.clone()).unwrap_or_default();
    if let Some(view) = &file.content.kubeconfig {
        return add_view(inventory, file, view, &origin, |_| true);
    }
    if let Some(fault) = &file.content.kubeconfig_fault {
        // Many YAML files speak of clusters and users; only where a kubeconfig must be is a broken one a loss.
        if named.is_some() {
            inventory.gaps.push(Gap {
                at: Location::file(file.path.clone()),
                reason: GapReason::BadKubeconfig,
                message: fault.clone(),
            });
        }
        return;
    }
    if only_a_key(&file.content) {
        return;
    }
    let key_path = named.and_then(|named| named.key.clone()).or_else(|| sibling_key(&file.path, files));
    let key = match (Key::inside(&file.content), key_path.and_then(|path| files.get(&path))) {
        (Key::None, Some(other)) => match Key::inside(&other.content) {
            Key::Public { id, .. } => {
                Key::Public { id, at: Some(Location::file(other.path.clone())), digest: Some(other.digest.clone()) }
            }
            Key::Unreadable { .. } => Key::Unreadable { at: Some(Location::file(other.path.clone())) },
            Key::None => Key::None,
        },
        (inside, _) => inside,
    };
    let found = Found {
        at: Location::file(file.path.clone()),
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
    content.certificates.is_empty() && content.public_keys.is_empty() && content.broken.is_empty()
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
