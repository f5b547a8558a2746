//! All contexts of the kubeconfigs in use: which entries count, where they stand, and which servers they lead to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::chosen::host_and_port;
use super::files;
use crate::error::Error;
use crate::formats::kubeconfig::{Kubeconfig, NamedCluster, NamedUser};
use crate::model::{KubeconfigField, Location};
use crate::request::Connection;

#[derive(Default)]
pub struct Contexts {
    pub paths: Vec<PathBuf>,
    /// One of them is the current one.
    pub has_current: bool,
    entries: BTreeMap<KubeconfigField, Entry>,
}

struct Entry {
    path: PathBuf,
    server: Option<String>,
}

impl Contexts {
    pub fn read(connection: &Connection) -> Result<Self, Error> {
        let files = files::read(connection)?;
        let has_current =
            connection.context.is_some() || files.iter().any(|(_, file)| !file.current_context.is_empty());
        Ok(Self { has_current, ..Self::of(&files) })
    }

    /// The first file that names an entry is where it stands.
    pub(super) fn of(files: &[(PathBuf, Kubeconfig)]) -> Self {
        let mut entries = BTreeMap::new();
        for (path, file) in files {
            for NamedCluster { name, cluster } in &file.clusters {
                let entry = || Entry { path: path.clone(), server: cluster.server.clone() };
                entries.entry(KubeconfigField::Cluster(name.clone())).or_insert_with(entry);
            }
            for NamedUser { name, .. } in &file.users {
                let entry = || Entry { path: path.clone(), server: None };
                entries.entry(KubeconfigField::User(name.clone())).or_insert_with(entry);
            }
        }
        Self { paths: files.iter().map(|(path, _)| path.clone()).collect(), has_current: false, entries }
    }

    /// The file that an entry stands in.
    pub fn file_of(&self, field: &KubeconfigField) -> Option<&Path> {
        Some(&self.entries.get(field)?.path)
    }

    /// Host and port of each API server, with the entry that names it.
    pub fn servers(&self) -> impl Iterator<Item = ((String, u16), Location)> {
        self.entries.iter().filter_map(|(field, entry)| {
            let at = Location::kubeconfig_on(None, entry.path.to_string_lossy().into_owned(), field.clone());
            Some((host_and_port(entry.server.as_ref()?)?, at))
        })
    }
}
