//! What the tables of a disk's layouts say of its files.

use std::collections::BTreeMap;

use super::detect::Detected;
use crate::access::nodes::FileRecord;
use crate::layouts::{FieldRow, KeptBy, Layout, Leaf, Renewal, Store, captured, filled};
use crate::model::Origin;
use crate::sources::gather::Kind;

/// What a table says of a place.
#[derive(Clone)]
pub(super) struct Named {
    pub(super) origin: Origin,
    pub(super) kind: Kind,
    pub(super) key: Option<String>,
    /// Nothing is missing where it is not there.
    pub(super) may_be_absent: bool,
    pub(super) holder: Holder,
}

#[derive(Clone, Copy)]
pub(super) enum Holder {
    Pem,
    Kubeconfig,
}

/// By path, and by file and pointer.
#[derive(Default)]
pub(super) struct Names {
    pub(super) files: BTreeMap<String, Named>,
    fields: Vec<(&'static Layout, String, &'static FieldRow)>,
}

impl Names {
    /// Of a value inside of a file.
    pub(super) fn field(&self, path: &str, pointer: &str) -> Option<Named> {
        let file = path.rsplit('/').next().unwrap_or(path);
        let row = self.fields.iter().find_map(|(layout, base, row)| {
            // A pattern may mean files of others beyond the layout's folder.
            let is_it = row.file == file || (captured(row.file, file).is_some() && path.starts_with(base.as_str()));
            let star = if row.pointer == pointer { Some("") } else { captured(row.pointer, pointer) };
            Some((*layout, filled(row.name, star.filter(|_| is_it)?)))
        });
        let (layout, name) = row?;
        of_name(layout, &name)
    }
}

pub(super) fn all(found: &[Detected], files: &BTreeMap<String, FileRecord>) -> Names {
    let mut names = Names::default();
    for one in found {
        let at = |path: &str| one.found.path(path);
        let mut add = |path: String, named: Named| {
            names.files.entry(path).or_insert(named);
        };
        for (path, key, named) in rows(one.layout) {
            let key = key.filter(|key| !key.is_empty());
            if path.contains('*') {
                let pattern = at(path);
                for file in files.values().filter(|file| holds_identity(file)) {
                    let Some(star) = captured(&pattern, &file.path) else { continue };
                    // `kube-etcd-*` is not `kube-etcd-client`, which has a row of its own.
                    let name = filled(named.origin.name.as_deref().unwrap_or_default(), star);
                    if one.layout.leaf(&name).is_some_and(|leaf| leaf.name == name) {
                        continue;
                    }
                    let origin = Origin { name: Some(name), ..named.origin.clone() };
                    add(
                        file.path.clone(),
                        Named { origin, key: key.map(|key| filled(&at(key), star)), ..named.clone() },
                    );
                }
            } else {
                add(at(path), Named { key: key.map(at), ..named });
            }
        }
        for beside in &one.beside {
            let Some(mut named) = of_name(one.layout, beside.name) else { continue };
            named.key.clone_from(&beside.key);
            if !beside.is_met {
                named.origin.name = None;
            }
            add(beside.path.clone(), named);
        }
        names.fields.extend(one.layout.fields.iter().map(|row| (one.layout, one.found.base.clone(), row)));
    }
    names
}

/// Path and key as the table has them.
fn rows(layout: &'static Layout) -> Vec<(&'static str, Option<&'static str>, Named)> {
    let authorities = layout.authorities.iter().map(|authority| {
        (authority.certificate, Some(authority.key), of_authority(layout, authority.name, authority.name))
    });
    let copies = layout.copies.iter().map(|copy| (copy.path, None, of_authority(layout, copy.name, copy.of)));
    let leaves = layout.leaves.iter().filter_map(|leaf| {
        let (path, key) = leaf.store.paths();
        Some((path?, key, of_leaf(layout, leaf, leaf.name)))
    });
    // Exact rows before patterns.
    let mut rows: Vec<_> = authorities.chain(copies).chain(leaves).filter(|row| !row.0.is_empty()).collect();
    rows.sort_by_key(|row| row.0.contains('*'));
    rows
}

fn of_name(layout: &'static Layout, name: &str) -> Option<Named> {
    if let Some(leaf) = layout.leaf(name) {
        return Some(of_leaf(layout, leaf, name));
    }
    if layout.authority(name).is_some() {
        return Some(of_authority(layout, name, name));
    }
    let copy = layout.copy(name)?;
    Some(of_authority(layout, name, copy.of))
}

fn of_authority(layout: &Layout, name: &str, of: &str) -> Named {
    let origin = Origin {
        layout: Some(layout.name.to_owned()),
        name: Some(name.to_owned()),
        signer: Some(of.to_owned()),
        ..Origin::default()
    };
    Named { origin, kind: Kind::Bundle, key: None, may_be_absent: false, holder: Holder::Pem }
}

fn of_leaf(layout: &Layout, leaf: &Leaf, name: &str) -> Named {
    let origin = Origin {
        layout: Some(layout.name.to_owned()),
        name: Some(name.to_owned()),
        signer: Some(leaf.signer.to_owned()).filter(|signer| !signer.is_empty()),
        renewed_at_percent: match leaf.renewal {
            Renewal::ByAuthority => None,
            Renewal::ByItself { percent } => Some(percent),
        },
        ..Origin::default()
    };
    Named {
        origin,
        kind: Kind::Chain,
        key: None,
        may_be_absent: leaf.kept_by == KeptBy::People,
        holder: if matches!(leaf.store, Store::Kubeconfig(_)) { Holder::Kubeconfig } else { Holder::Pem },
    }
}

fn holds_identity(file: &FileRecord) -> bool {
    !file.content.certificates.is_empty()
        || file.content.kubeconfig.is_some()
        || file.content.kubeconfig_fault.is_some()
}
