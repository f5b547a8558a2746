//! From what was read of a file to entries, with what the tables say of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::hollow;
use super::names::Names;
use crate::access::nodes::FileRecord;
use crate::formats::Content;
use crate::model::{Gap, GapReason, Inventory, Location, Origin, Pointer};
use crate::sources::gather::{Found, Key, Kind, add as gather, key_names};
use crate::sources::kubeconfigs::add_view;
use crate::sources::within::{Whole, add_parts, add_token};

pub(super) fn add(
    inventory: &mut Inventory,
    on: Option<&str>,
    file: &FileRecord,
    files: &BTreeMap<String, FileRecord>,
    names: &Names,
    backup: bool,
) {
    let named = names.files.get(&file.path).filter(|_| !backup);
    let origin = named.map_or_else(|| Origin { backup, ..Origin::default() }, |named| named.origin.clone());
    let at = Location::file_on(on, file.path.clone());
    if let Some(view) = &file.content.kubeconfig {
        return add_view(inventory, on, file, view, &origin, |_| true);
    }
    if let Some(fault) = &file.content.kubeconfig_fault {
        // Many YAML files speak of clusters and users; only where a kubeconfig must be is a broken one a loss.
        if named.is_some() {
            inventory.gaps.push(Gap { at, reason: GapReason::BadKubeconfig, message: fault.clone() });
        }
        return;
    }
    if let Some(fault) = &file.content.document_fault {
        inventory.gaps.push(Gap { at, reason: GapReason::BadDocument, message: fault.clone() });
        return;
    }
    if file.content.token.is_some() || file.content.keystore.is_some() {
        let whole = Whole { at: &at, origin: &origin, digest: Some(&file.digest) };
        return add_parts(inventory, &whole, &file.content);
    }
    if !file.content.fields.is_empty() {
        return add_fields(inventory, &at, file, names, backup);
    }
    if only_a_key(&file.content) {
        inventory.gaps.extend(named.map(|named| hollow::gap(at, named)));
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
    let kind = named.map_or(Kind::Guess, |named| named.kind);
    gather(inventory, Found { at, content: &file.content, key, kind, origin, digest: Some(file.digest.clone()) });
}

/// Values inside of a structured document, each a place of its own.
fn add_fields(inventory: &mut Inventory, at: &Location, file: &FileRecord, names: &Names, backup: bool) {
    for field in &file.content.fields {
        let pointer = Pointer::json(field.keys.iter().map(String::as_str));
        let text = format!("/{}", field.keys.join("/"));
        let named = names.field(&file.path, &text).filter(|_| !backup);
        let origin =
            named.as_ref().map_or_else(|| Origin { backup, ..Origin::default() }, |named| named.origin.clone());
        let at = at.clone().field(pointer);
        if let Some(token) = &field.content.token {
            let whole = Whole { at: &at, origin: &origin, digest: Some(&file.digest) };
            add_token(inventory, &whole, at.clone(), token);
            continue;
        }
        let kind = named.map_or(Kind::Guess, |named| named.kind);
        let key = Key::inside(&field.content);
        gather(inventory, Found { at, content: &field.content, key, kind, origin, digest: Some(file.digest.clone()) });
    }
}

/// Keys are told of with the certificate or public key that they belong to.
pub(super) fn only_a_key(content: &Content) -> bool {
    content.certificates.is_empty()
        && content.public_keys.is_empty()
        && content.broken.is_empty()
        && content.cut.is_empty()
        && content.fields.is_empty()
        && content.token.is_none()
        && content.keystore.is_none()
}

fn sibling_key(path: &str, files: &BTreeMap<String, FileRecord>) -> Option<String> {
    let path = Path::new(path);
    let names = key_names(path.file_name()?.to_str()?);
    let paths = names.into_iter().map(|name| path.with_file_name(name).to_string_lossy().into_owned());
    paths.into_iter().find(|path| files.get(path).is_some_and(|file| file.content.has_key()))
}
