//! The operator's own folder: on which disks each run was begun, so that `runs` finds its journal again.

#![expect(clippy::disallowed_methods, reason = "this is the port to the operator's state directory")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::formats::certificate::sha256_hex;
use crate::request::Scope;

/// None when the environment names no home: then there are only the journals on the nodes.
#[derive(Clone, Debug)]
pub struct StateDir(Option<PathBuf>);

impl StateDir {
    /// `$XDG_STATE_HOME/kubectl-certs`, else `~/.local/state/kubectl-certs`; on Windows `%LOCALAPPDATA%\kubectl-certs`.
    pub fn of_user() -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let base = if cfg!(windows) {
            var("LOCALAPPDATA")
        } else {
            var("XDG_STATE_HOME").or_else(|| Some(var("HOME")?.join(".local/state")))
        };
        Self(base.map(|base| base.join("kubectl-certs")))
    }

    pub fn at(folder: PathBuf) -> Self {
        Self(Some(folder))
    }

    /// Remembers on which disks a run's journal is. Best effort: the journals on the nodes are the ones that count.
    pub fn remember(&self, run: &str, disks: &Scope) {
        let Some(folder) = &self.0 else { return };
        let write = || {
            fs::create_dir_all(folder.join("runs"))?;
            let mut file = fs::File::create(folder.join("runs").join(run))?;
            file.write_all(&serde_json::to_vec(disks)?)
        };
        // Nothing depends on it, and a read-only home must not stop a repair.
        write().ok();
    }

    /// Where the journal of a run is, if this operator started it.
    pub fn disks_of(&self, run: &str) -> Option<Scope> {
        let plain = run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        plain.then(|| read(&self.0.as_ref()?.join("runs").join(run)))?
    }

    /// What runs keep of a kubeconfig of this operator's own. A folder for each file: runs of one file are about the same
    /// bytes, and those of another have nothing to do with them.
    pub fn of_kubeconfig(&self, real_path: &str) -> Option<PathBuf> {
        Some(self.0.as_ref()?.join("kubeconfigs").join(&sha256_hex(real_path.as_bytes())[..16]))
    }

    /// The files that remember these disks: who removes them forgets the disks.
    pub fn notes_of(&self, disks: &Scope) -> Vec<PathBuf> {
        let Some(folder) = &self.0 else { return Vec::new() };
        let entries = fs::read_dir(folder.join("runs")).into_iter().flatten();
        let mut notes: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        notes.retain(|note| read(note).as_ref() == Some(disks));
        notes.sort();
        notes
    }

    /// The disks of all runs that this operator started, each once.
    pub fn disks(&self) -> Vec<Scope> {
        let Some(folder) = &self.0 else { return Vec::new() };
        let Ok(entries) = fs::read_dir(folder.join("runs")) else {
            return Vec::new();
        };
        let mut all: Vec<Scope> = Vec::new();
        for disks in entries.filter_map(|entry| read(&entry.ok()?.path())) {
            if !all.contains(&disks) {
                all.push(disks);
            }
        }
        all
    }
}

fn read(path: &Path) -> Option<Scope> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}
