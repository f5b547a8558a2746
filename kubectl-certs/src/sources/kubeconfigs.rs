//! kubeconfigs: those in use (the entries of the current context, on request of all contexts), and those that were named
//! (all entries).

use std::collections::BTreeSet;
use std::path::Path;

use futures::FutureExt;

use super::gather::{Found, Key, Kind, add};
use super::within::{Whole, add_token};
use super::{Reading, Source};
use crate::access::cluster::Contexts;
use crate::access::nodes::{FileRecord, NodeOp, NodeReply, Unread};
use crate::formats::{Content, KubeconfigUser, KubeconfigView};
use crate::model::{Gap, GapReason, Inventory, KubeconfigField, Location, Origin};

pub(super) const SOURCE: Source = Source {
    name: "kubeconfigs",
    wanted: |wanted| wanted.whole_cluster() || wanted.contexts.is_some() || !wanted.kubeconfigs.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let wanted = reading.wanted;
    let in_use = wanted.chosen.as_ref().filter(|_| wanted.whole_cluster());
    let used_paths = in_use.iter().flat_map(|chosen| [&chosen.cluster_file, &chosen.user_file]).flatten();
    let used_paths = used_paths.map(|path| path.to_string_lossy().into_owned());
    let all = wanted.contexts.iter().flat_map(|contexts| &contexts.paths);
    let all = all.map(|path| path.to_string_lossy().into_owned());
    let places: Vec<String> = used_paths.chain(all).chain(wanted.kubeconfigs.iter().cloned()).collect();
    let walked = match reading.access.nodes.at("/").run(NodeOp::walk(places)).await {
        Ok(NodeReply::Walked(walked)) => walked,
        Ok(_) => return inventory,
        Err(error) => {
            inventory.gaps.push(Gap { at: Location::file("/"), reason: GapReason::ReadFailed, message: error.message });
            return inventory;
        }
    };
    for (path, why, message) in walked.unread {
        inventory.gaps.push(unread_gap(Location::file(path), why, message));
    }
    for file in &walked.files {
        let named = wanted.kubeconfigs.contains(&file.path);
        let path = Path::new(&file.path);
        let keep = |field: &KubeconfigField| {
            let counts = |contexts: &Contexts| contexts.file_of(field) == Some(path);
            named
                || wanted.contexts.as_ref().is_some_and(counts)
                || in_use.is_some_and(|chosen| chosen.is_chosen(path, field))
        };
        match (&file.content.kubeconfig, &file.content.kubeconfig_fault) {
            (Some(view), _) => {
                let view = with_named_files(reading, file, view, &keep, &mut inventory).await;
                add_view(&mut inventory, None, file, &view, &Origin::default(), keep);
            }
            (None, fault) if named => inventory.gaps.push(Gap {
                at: Location::file(file.path.clone()),
                reason: GapReason::BadKubeconfig,
                message: fault.clone().unwrap_or_else(|| "it is no kubeconfig".to_owned()),
            }),
            _ => {}
        }
    }
    inventory
}

/// The same with what it names by path read into it, as minikube writes it. Paths are relative to the kubeconfig.
async fn with_named_files(
    reading: &Reading<'_>,
    file: &FileRecord,
    view: &KubeconfigView,
    keep: &impl Fn(&KubeconfigField) -> bool,
    inventory: &mut Inventory,
) -> KubeconfigView {
    let mut view = view.clone();
    let folder = Path::new(&file.path).parent().unwrap_or(Path::new("/"));
    let path = |path: &String| folder.join(path).to_string_lossy().into_owned();
    for cluster in view.clusters.iter_mut().filter(|cluster| cluster.embedded.is_none()) {
        let field = KubeconfigField::Cluster(cluster.name.clone());
        if let Some(named) = cluster.path.as_ref().filter(|_| keep(&field)) {
            let at = Location::kubeconfig_on(None, file.path.clone(), field);
            cluster.embedded = content_of(reading, path(named), &at, inventory).await;
        }
    }
    for user in view.users.iter_mut().filter(|user| user.embedded.is_none()) {
        let field = KubeconfigField::User(user.name.clone());
        let Some(named) = user.certificate_path.as_ref().filter(|_| keep(&field)) else { continue };
        let at = Location::kubeconfig_on(None, file.path.clone(), field);
        let Some(mut content) = content_of(reading, path(named), &at, inventory).await else { continue };
        if let (false, Some(key)) = (content.has_key(), &user.key_path)
            && let Some(key) = content_of(reading, path(key), &at, inventory).await
        {
            content.key = key.key;
            content.key_fault = key.key_fault;
        }
        user.embedded = Some(content);
    }
    view
}

/// What a file holds; a gap at the place that names it where it cannot be read.
async fn content_of(reading: &Reading<'_>, path: String, at: &Location, gaps: &mut Inventory) -> Option<Content> {
    let op = NodeOp::walk(vec![path]);
    let Ok(NodeReply::Walked(mut walked)) = reading.access.nodes.at("/").run(op).await else { return None };
    gaps.gaps.extend(walked.unread.into_iter().map(|(_, why, message)| unread_gap(at.clone(), why, message)));
    walked.files.pop().map(|file| file.content)
}

pub(super) fn unread_gap(at: Location, why: Unread, message: String) -> Gap {
    let reason = match why {
        Unread::NotAFile => GapReason::NotAFile,
        Unread::NotFound => GapReason::NotFound,
        Unread::PermissionDenied => GapReason::PermissionDenied,
        Unread::TooLarge => GapReason::TooLarge,
        Unread::Failed => GapReason::ReadFailed,
    };
    Gap { at, reason, message }
}

/// The embedded entries of one file. What it names by path is read where that path is read.
pub(super) fn add_view(
    inventory: &mut Inventory,
    on: Option<&str>,
    file: &FileRecord,
    view: &KubeconfigView,
    origin: &Origin,
    keep: impl Fn(&KubeconfigField) -> bool,
) {
    let mut seen = BTreeSet::new();
    let clusters = view.clusters.iter().map(|cluster| {
        // The name in the layout is that of the identity, not of the bundle beside it.
        let origin = Origin { layout: origin.layout.clone(), backup: origin.backup, ..Origin::default() };
        (KubeconfigField::Cluster(cluster.name.clone()), &cluster.embedded, &None, Kind::Bundle, origin)
    });
    let users = view.users.iter().map(|user| {
        (KubeconfigField::User(user.name.clone()), &user.embedded, &user.token, Kind::Chain, origin.clone())
    });
    for (field, embedded, token, kind, origin) in clusters.chain(users) {
        if (embedded.is_none() && token.is_none()) || !keep(&field) {
            continue;
        }
        let at = Location::kubeconfig_on(on, file.path.clone(), field.clone());
        if !seen.insert(field.clone()) {
            inventory.gaps.push(twice(at, &field));
            continue;
        }
        if let Some(content) = embedded {
            let key = if kind == Kind::Chain { key_of(view, &field, content, on) } else { Key::None };
            add(inventory, Found { at, content, key, kind, origin, digest: Some(file.digest.clone()) });
        } else if let Some(token) = token {
            let whole = Whole { at: &at, origin: &origin, digest: Some(&file.digest) };
            add_token(inventory, &whole, at.clone(), token);
        }
    }
}

/// That of the identity, which may be named by its path; it was not read then.
fn key_of(view: &KubeconfigView, field: &KubeconfigField, content: &Content, on: Option<&str>) -> Key {
    let named = |user: &&KubeconfigUser| matches!(field, KubeconfigField::User(name) if *name == user.name);
    match (Key::inside(content), view.users.iter().find(named).and_then(|user| user.key_path.clone())) {
        (Key::None, Some(path)) => Key::Unreadable { at: Some(Location::file_on(on, path)) },
        (inside, _) => inside,
    }
}

/// kubectl refuses the whole file; whoever looks for the reason finds it here.
fn twice(at: Location, field: &KubeconfigField) -> Gap {
    let (kind, name) = match field {
        KubeconfigField::Cluster(name) => ("cluster", name),
        KubeconfigField::User(name) => ("user", name),
    };
    Gap {
        at,
        reason: GapReason::BadKubeconfig,
        message: format!("the {kind} '{name}' stands in it more than once; only the first one was read"),
    }
}
