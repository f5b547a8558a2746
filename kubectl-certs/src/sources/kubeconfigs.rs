//! kubeconfigs: those in use (the entries of the current context), and those that were named (all entries).

use std::collections::BTreeSet;

use futures::FutureExt;

use super::gather::{Found, Key, Kind, add};
use super::{Reading, Source};
use crate::access::nodes::{FileRecord, NodeOp, NodeReply, Unread};
use crate::formats::KubeconfigView;
use crate::model::{Gap, GapReason, Inventory, KubeconfigField, Location, Origin};

pub(super) const SOURCE: Source = Source {
    name: "kubeconfigs",
    wanted: |wanted| wanted.cluster || !wanted.kubeconfigs.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let wanted = reading.wanted;
    let in_use = wanted.chosen.as_ref().filter(|_| wanted.cluster);
    let used_paths =
        in_use.iter().flat_map(|chosen| chosen.paths.iter()).map(|path| path.to_string_lossy().into_owned());
    let places: Vec<String> = used_paths.chain(wanted.kubeconfigs.iter().cloned()).collect();
    let walked = match reading.access.nodes.at("/").run(NodeOp::Walk { places }).await {
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
        let keep = |field: &KubeconfigField| match (field, in_use) {
            _ if named => true,
            (KubeconfigField::Cluster(name), Some(chosen)) => *name == chosen.cluster,
            (KubeconfigField::User(name), Some(chosen)) => *name == chosen.user,
            (_, None) => false,
        };
        match (&file.content.kubeconfig, &file.content.kubeconfig_fault) {
            (Some(view), _) => add_view(&mut inventory, file, view, &Origin::default(), keep),
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

pub(super) fn unread_gap(at: Location, why: Unread, message: String) -> Gap {
    let reason = match why {
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
    file: &FileRecord,
    view: &KubeconfigView,
    origin: &Origin,
    keep: impl Fn(&KubeconfigField) -> bool,
) {
    let mut seen = BTreeSet::new();
    // kubectl refuses the whole file; whoever looks for the reason finds it here.
    let mut first_of_its_name = |inventory: &mut Inventory, field: &KubeconfigField| {
        let first = seen.insert(field.clone());
        if !first {
            let (kind, name) = match field {
                KubeconfigField::Cluster(name) => ("cluster", name),
                KubeconfigField::User(name) => ("user", name),
            };
            inventory.gaps.push(Gap {
                at: Location::kubeconfig(file.path.clone(), field.clone()),
                reason: GapReason::BadKubeconfig,
                message: format!("the {kind} '{name}' stands in it more than once; only the first one was read"),
            });
        }
        first
    };
    for cluster in &view.clusters {
        let field = KubeconfigField::Cluster(cluster.name.clone());
        let Some(content) = cluster.embedded.as_ref().filter(|_| keep(&field)) else {
            continue;
        };
        if !first_of_its_name(inventory, &field) {
            continue;
        }
        let found = Found {
            at: Location::kubeconfig(file.path.clone(), field),
            content,
            key: Key::None,
            kind: Kind::Bundle,
            origin: Origin { layout: origin.layout.clone(), ..Origin::default() },
            digest: Some(file.digest.clone()),
        };
        add(inventory, found);
    }
    for user in &view.users {
        let field = KubeconfigField::User(user.name.clone());
        let Some(content) = user.embedded.as_ref().filter(|_| keep(&field)) else {
            continue;
        };
        if !first_of_its_name(inventory, &field) {
            continue;
        }
        let found = Found {
            at: Location::kubeconfig(file.path.clone(), field),
            content,
            key: Key::inside(content),
            kind: Kind::Chain,
            origin: origin.clone(),
            digest: Some(file.digest.clone()),
        };
        add(inventory, found);
    }
}
