//! The operator's own folder: copies of journals, so that `runs` finds a run again wherever its node's disk was.

#![expect(clippy::disallowed_methods, reason = "this is the port to the operator's state directory")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;

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

    /// Remembers where a run's journal is. Best effort: the journal on the node is the one that counts.
    pub fn remember(&self, run: &str, root: &str) {
        let Some(folder) = &self.0 else { return };
        let write = || {
            fs::create_dir_all(folder.join("runs"))?;
            let mut file = fs::File::create(folder.join("runs").join(run))?;
            file.write_all(root.as_bytes())
        };
        // Nothing depends on it, and a read-only home must not stop a repair.
        write().ok();
    }

    /// Where the journal of a run is, if this operator started it.
    pub fn root_of(&self, run: &str) -> Option<String> {
        let plain = run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fs::read_to_string(self.0.as_ref()?.join("runs").join(run)).ok().filter(|_| plain)
    }

    /// The roots of all runs that this operator started, each once.
    pub fn roots(&self) -> Vec<String> {
        let Some(folder) = &self.0 else { return Vec::new() };
        let Ok(entries) = fs::read_dir(folder.join("runs")) else {
            return Vec::new();
        };
        let mut roots: Vec<String> = entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok()).collect();
        roots.sort();
        roots.dedup();
        roots
    }
}
