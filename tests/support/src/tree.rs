//! A folder as it is at one moment, byte for byte, to be compared with a later one.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Everything below a folder, the folder itself under the empty path. Symlinks are not followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tree {
    pub entries: BTreeMap<PathBuf, Entry>,
}

/// One file, folder or other thing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    pub kind: Kind,
    /// Permission bits with set-user-id, set-group-id and sticky.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Seconds and nanoseconds since 1970. Compared only by [`Tree::diff_with_times`].
    pub modified: (i64, i64),
    /// Compared only by [`Tree::diff_with_times`]: a file replaced by an equal one gets another.
    pub inode: u64,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Kind {
    File(Vec<u8>),
    Folder,
    Symlink(PathBuf),
    /// Not opened: FIFO, socket or device.
    Special(&'static str),
}

impl Tree {
    pub fn read(folder: &Path) -> Self {
        let mut tree = Self { entries: BTreeMap::new() };
        tree.add(folder, PathBuf::new());
        tree
    }

    /// The bytes of the file at `path` (relative), if there is one.
    pub fn file(&self, path: impl AsRef<Path>) -> Option<&[u8]> {
        match &self.entries.get(path.as_ref())?.kind {
            Kind::File(bytes) => Some(bytes),
            Kind::Folder | Kind::Symlink(_) | Kind::Special(_) => None,
        }
    }

    /// What `later` has, lacks or has otherwise: one line per path, in order; empty if nothing.
    /// Without times, so that a file written anew with the same content is no difference.
    pub fn diff(&self, later: &Self) -> Vec<String> {
        self.compare(later, false)
    }

    /// As [`Self::diff`], and a file written anew, or replaced by an equal one, is a difference.
    pub fn diff_with_times(&self, later: &Self) -> Vec<String> {
        self.compare(later, true)
    }

    /// Fails the test, naming every difference, unless `later` is the same (times aside).
    pub fn assert_unchanged(&self, later: &Self) {
        let differences = self.diff(later);
        assert!(differences.is_empty(), "changed:\n{}", differences.join("\n"));
    }

    fn add(&mut self, path: &Path, name: PathBuf) {
        let metadata = fs::symlink_metadata(path);
        let metadata = metadata.unwrap_or_else(|e| panic!("failed to read {}: {e}", path.display()));
        let kind = kind(path, &metadata);
        if kind == Kind::Folder {
            let entries = fs::read_dir(path);
            let entries = entries.unwrap_or_else(|e| panic!("failed to list {}: {e}", path.display()));
            for entry in entries {
                let entry = entry.expect("an entry of a folder");
                self.add(&entry.path(), name.join(entry.file_name()));
            }
        }
        let entry = Entry {
            kind,
            mode: metadata.mode() & 0o7777,
            uid: metadata.uid(),
            gid: metadata.gid(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
        };
        self.entries.insert(name, entry);
    }

    fn compare(&self, later: &Self, times: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for (path, entry) in &self.entries {
            match later.entries.get(path) {
                None => lines.push(format!("{}: {} is gone", shown(path), entry.kind.name())),
                Some(other) => {
                    let changes = entry.changes(other, times);
                    if !changes.is_empty() {
                        lines.push(format!("{}: {}", shown(path), changes.join(", ")));
                    }
                }
            }
        }
        for (path, entry) in &later.entries {
            if !self.entries.contains_key(path) {
                let (kind, mode) = (entry.kind.name(), entry.mode);
                lines.push(format!("{}: {kind} is new (mode {mode:04o})", shown(path)));
            }
        }
        lines.sort();
        lines
    }
}

impl Entry {
    fn changes(&self, later: &Self, times: bool) -> Vec<String> {
        let mut changes = Vec::new();
        if let Some(change) = self.kind.change(&later.kind) {
            changes.push(change);
        }
        if self.mode != later.mode {
            changes.push(format!("mode {:04o} -> {:04o}", self.mode, later.mode));
        }
        if (self.uid, self.gid) != (later.uid, later.gid) {
            changes.push(format!("owner {}:{} -> {}:{}", self.uid, self.gid, later.uid, later.gid));
        }
        if times && self.modified != later.modified {
            changes.push(format!("time {:?} -> {:?}", self.modified, later.modified));
        }
        if times && self.inode != later.inode {
            changes.push(format!("inode {} -> {}", self.inode, later.inode));
        }
        changes
    }
}

impl Kind {
    fn name(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::Folder => "folder",
            Self::Symlink(_) => "symlink",
            Self::Special(name) => name,
        }
    }

    fn change(&self, later: &Self) -> Option<String> {
        match (self, later) {
            (a, b) if a == b => None,
            (Self::File(a), Self::File(b)) => {
                let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
                let (before, after) = (a.len(), b.len());
                Some(format!("{before} -> {after} bytes, other from byte {same} on"))
            }
            (Self::Symlink(a), Self::Symlink(b)) => Some(format!("symlink to {} -> {}", a.display(), b.display())),
            (a, b) => Some(format!("{} -> {}", a.name(), b.name())),
        }
    }
}

fn kind(path: &Path, metadata: &Metadata) -> Kind {
    let kind = metadata.file_type();
    let failed = |e| panic!("failed to read {}: {e}", path.display());
    if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Symlink(fs::read_link(path).unwrap_or_else(failed))
    } else if kind.is_file() {
        Kind::File(fs::read(path).unwrap_or_else(|e| panic!("failed to read {}: {e}", path.display())))
    } else if kind.is_fifo() {
        Kind::Special("FIFO")
    } else if kind.is_socket() {
        Kind::Special("socket")
    } else {
        Kind::Special("device")
    }
}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() { ".".to_owned() } else { path.display().to_string() }
}
