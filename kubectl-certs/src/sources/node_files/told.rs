//! Following what components are told: folders and files that lie elsewhere than where a layout's table has them, and files
//! that kubeconfigs name. What was read already under another name (a symlink on its way) is not read twice.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::detect::{Beside, Detected};
use super::{is_backup_below, join, unanswered, unread_gap, walk};
use crate::access::nodes::{FileRecord, Member, NodeOp, NodeReply, Unread};
use crate::formats::Arguments;
use crate::formats::keystore::Password;
use crate::layouts::{Layout, Move, PurposeRow, key_option};
use crate::model::{Gap, GapReason, Inventory, Location};

/// A file may name a folder with files that name files; nobody goes further.
const ROUNDS: usize = 4;

pub(super) async fn follow(
    member: &Member,
    found: &mut [Detected],
    files: &mut BTreeMap<String, FileRecord>,
    password: Option<&Password>,
    inventory: &mut Inventory,
) {
    let mut asked = BTreeSet::new();
    let mut aliases = BTreeMap::new();
    for _ in 0..ROUNDS {
        let mut places = Vec::new();
        for one in found.iter_mut() {
            let before = one.reads.clone();
            listen(one, files);
            places.extend(one.reads.iter().filter(|read| !before.contains(read)).cloned());
            places.extend(named_files(one));
        }
        places.extend(of_kubeconfigs(member, files));
        places.retain(|place| !files.contains_key(place) && asked.insert(place.clone()));
        if places.is_empty() {
            break;
        }
        let mut gaps = Inventory::default();
        let read = walk(member, places, 0, password, &mut gaps).await;
        inventory.gaps.extend(gaps.gaps);
        let known: BTreeMap<String, String> = files.values().map(|file| (real(file), file.path.clone())).collect();
        for (path, file) in read {
            match known.get(&real(&file)) {
                Some(own) => drop(aliases.insert(path, own.clone())),
                None => drop(files.insert(path, file)),
            }
        }
    }
    for one in found.iter_mut() {
        rename(one, &aliases);
        tell_missing(member, one, files, inventory).await;
    }
}

fn real(file: &FileRecord) -> String {
    file.target.clone().unwrap_or_else(|| file.path.clone())
}

/// What the settings that were read so far say of this layout.
fn listen(one: &mut Detected, files: &BTreeMap<String, FileRecord>) {
    let root = one.found.root.clone();
    let settings: Vec<Arguments> = files
        .values()
        .filter(|file| !is_backup_below(&root, &file.path) && belongs(one, &file.path))
        .flat_map(|file| file.content.arguments.clone())
        .collect();
    let values = |component: &str, flag: &str| -> Vec<String> {
        let own = settings.iter().filter(|arguments| arguments.component == component);
        let options = own.flat_map(|arguments| &arguments.options).filter(|(name, _)| name == flag);
        options.map(|(_, path)| join(&root, path.trim_start_matches('/'))).collect()
    };
    for pods in values("kubelet", "pod-manifest-path") {
        one.reads.extend((!one.reads.contains(&pods) && !belongs(one, &pods)).then_some(pods));
    }
    one.found.moved.clear();
    one.beside.clear();
    for row in one.layout.moves {
        if let Some(folder) = values(row.component, row.flag).iter().find_map(|value| folder(row, value)) {
            shift(one, row, &folder);
        }
    }
    for (component, flag, name) in one.layout.options() {
        for value in values(component, flag) {
            one.told.insert((component.to_owned(), flag.to_owned()), value.clone());
            let key = key_option(flag).and_then(|flag| values(component, &flag).into_iter().next());
            place(one, component, flag, name, value, key);
        }
    }
}

/// Lies the file where this layout is read?
fn belongs(one: &Detected, path: &str) -> bool {
    one.reads.iter().any(|read| match read.rsplit_once('/') {
        Some((folder, last)) if last.contains('*') => Path::new(path).starts_with(folder),
        _ => Path::new(path).starts_with(read),
    })
}

/// The folder that such an option speaks of.
fn folder(row: &Move, value: &str) -> Option<String> {
    if row.file.is_empty() {
        return Some(value.to_owned());
    }
    value.strip_suffix(row.file)?.strip_suffix('/').map(str::to_owned)
}

fn shift(one: &mut Detected, row: &Move, folder: &str) {
    let usual = one.found.path(row.prefix);
    if usual.trim_end_matches('/') == folder {
        return;
    }
    let why = format!("{} is told so by {}", row.component, row.flag);
    if row.prefix.is_empty() {
        one.rebase(folder.to_owned(), &why);
        return;
    }
    for path in table(one.layout) {
        if let Some(rest) = path.strip_prefix(row.prefix) {
            one.found.moved.insert(path.to_owned(), join(folder, rest));
        }
    }
    if !one.reads.iter().any(|read| read == folder) && !belongs(one, folder) {
        one.reads.push(folder.to_owned());
    }
}

fn table(layout: &Layout) -> impl Iterator<Item = &'static str> {
    let leaves = layout.leaves.iter().flat_map(|leaf| {
        let (certificate, key) = leaf.store.paths();
        [certificate, key].into_iter().flatten()
    });
    let authorities = layout.authorities.iter().flat_map(|authority| [authority.certificate, authority.key]);
    leaves.chain(authorities).filter(|path| !path.is_empty())
}

/// One file for a name is where the option says; of several, the first is, and the others lie beside it.
fn place(one: &mut Detected, component: &str, flag: &str, name: &'static str, value: String, key: Option<String>) {
    let leaf = one.layout.leaf(name).map(|leaf| leaf.store.paths());
    let authority = one.layout.authority(name).map(|authority| (Some(authority.certificate), Some(authority.key)));
    let (usual, usual_key) = leaf.or(authority).unwrap_or((None, None));
    let has_own_place = usual.is_some_and(|usual| !usual.is_empty() && !usual.contains('*'));
    if let (Some(usual), true) = (usual, has_own_place) {
        if one.found.path(usual) == value {
            return;
        }
        let earlier = one.layout.options().take_while(|row| (row.0, row.1) != (component, flag));
        let is_first = !earlier
            .filter(|row| row.2 == name)
            .any(|(component, flag, _)| one.told.contains_key(&(component.to_owned(), flag.to_owned())));
        if is_first {
            if let (Some(usual_key), Some(key)) = (usual_key, key) {
                one.found.moved.insert(usual_key.to_owned(), key);
            }
            one.found.moved.insert(usual.to_owned(), value);
            return;
        }
    } else if usual.is_some() {
        // Of a pattern: it has its name by what it is called.
        return;
    }
    let signs = |row: &&crate::layouts::UseRow| {
        (row.component, row.flag) == (component, flag) && matches!(row.purpose, PurposeRow::Sign(_))
    };
    let is_met = !one.layout.uses.iter().any(|row| signs(&row));
    if !one.beside.iter().any(|beside| beside.path == value) {
        one.beside.push(Beside { path: value, key, name, is_met });
    }
}

/// Files of the table and of options that may not have been read with the folders.
fn named_files(one: &Detected) -> Vec<String> {
    let exact = table(one.layout).filter(|path| !path.contains('*')).map(|path| one.found.path(path));
    // People's files are read by themselves.
    let of_people: Vec<String> =
        one.layout.of_people().filter_map(|leaf| leaf.store.paths().0).map(|path| one.found.path(path)).collect();
    let beside = one.beside.iter().flat_map(|beside| [Some(beside.path.clone()), beside.key.clone()]).flatten();
    exact.chain(one.told.values().cloned()).chain(beside).filter(|path| !of_people.contains(path)).collect()
}

/// What kubeconfigs name instead of holding it. Paths are relative to them.
fn of_kubeconfigs(member: &Member, files: &BTreeMap<String, FileRecord>) -> Vec<String> {
    let mut paths = Vec::new();
    for file in files.values().filter(|file| !is_backup_below(&member.root, &file.path)) {
        let Some(view) = &file.content.kubeconfig else { continue };
        let of_clusters = view.clusters.iter().filter_map(|cluster| cluster.path.as_ref());
        let of_users = view.users.iter().flat_map(|user| [&user.certificate_path, &user.key_path]).flatten();
        let folder = Path::new(&file.path).parent().unwrap_or(Path::new("/"));
        paths.extend(of_clusters.chain(of_users).map(|path| match path.strip_prefix('/') {
            Some(absolute) => join(&member.root, absolute),
            None => folder.join(path).to_string_lossy().into_owned(),
        }));
    }
    paths
}

/// Under the names under which they were read.
fn rename(one: &mut Detected, aliases: &BTreeMap<String, String>) {
    let named = |path: &String| aliases.get(path).unwrap_or(path).clone();
    for path in table(one.layout) {
        let own = one.found.path(path);
        if let Some(alias) = aliases.get(&own) {
            one.found.moved.insert(path.to_owned(), alias.clone());
        }
    }
    for value in one.told.values_mut() {
        *value = named(value);
    }
    for beside in &mut one.beside {
        beside.path = named(&beside.path);
        beside.key = beside.key.as_ref().map(named);
    }
}

/// A component that is told of a file that is not there does not start.
async fn tell_missing(
    member: &Member,
    one: &Detected,
    files: &BTreeMap<String, FileRecord>,
    inventory: &mut Inventory,
) {
    let usual: BTreeSet<String> =
        table(one.layout).map(|path| crate::model::path_on_disk(&one.found.root, &one.found.base, path)).collect();
    let told = one.told.iter().filter(|(_, path)| !files.contains_key(*path) && !usual.contains(*path));
    let missing: Vec<(&(String, String), &String)> = told.collect();
    let paths = missing.iter().map(|(_, path)| (*path).clone()).collect();
    let there = match member.node.run(NodeOp::Exist { paths }).await {
        Ok(NodeReply::Existing(there)) => there,
        Ok(_) => return,
        Err(error) => return inventory.gaps.push(unanswered(member, &error)),
    };
    for ((component, flag), path) in missing {
        let at = Location::file_on(member.name.as_deref(), path.clone());
        if inventory.gaps.iter().any(|gap| gap.at == at) {
            continue;
        }
        if !there.contains(path) {
            let message = format!("{component} is told to use it by --{flag}, and it does not exist");
            inventory.gaps.push(Gap { at, reason: GapReason::NotFound, message });
        } else if let Ok(NodeReply::Walked(walked)) = member.node.run(NodeOp::walk(vec![path.clone()])).await
            && let Some((_, why, message)) = walked.unread.into_iter().find(|(_, why, _)| *why != Unread::NotFound)
        {
            inventory.gaps.push(unread_gap(at, why, message));
        }
    }
}
