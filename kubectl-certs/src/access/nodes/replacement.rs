//! Replacing files so that a crash at any point leaves the old or the new one, never half of one; and of several that
//! belong together all or none, unless the process ends between them.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::fs::{self, FileTimes};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::files::{create_private, read, remove_if_there, sync_folder, wipe_if_there};
use super::{NodeError, marks, rights};

/// Puts them in place one after the other. Where one cannot be, those before it are put back.
pub(super) fn put_in_place(all: Vec<Replacement>) -> Result<(), NodeError> {
    // What may have to be put back lies ready before anything is changed: a full disk must not be what prevents it.
    let mut pairs = Vec::new();
    let last = all.len().saturating_sub(1);
    for (number, new) in all.into_iter().enumerate() {
        let old = if number < last { new.old()? } else { None };
        pairs.push((new, old));
    }
    let mut placed = Vec::new();
    for (new, old) in pairs {
        if let Err(error) = fs::rename(&new.sibling, &new.path) {
            return Err(take_back(placed, NodeError::io("replace", &new.path, &error)));
        }
        placed.push((new.path.clone(), old));
    }
    let mut folders: Vec<&Path> = placed.iter().map(|(path, _)| path.as_path()).collect();
    folders.dedup_by_key(|path| path.parent());
    folders.into_iter().try_for_each(|path| sync_folder(path).map_err(|error| NodeError::io("replace", path, &error)))
}

fn take_back(placed: Vec<(PathBuf, Option<Replacement>)>, why: NodeError) -> NodeError {
    let mut error = why;
    for (path, old) in placed.into_iter().rev() {
        let outcome = match old {
            Some(old) => put_in_place(vec![old]),
            None => remove_if_there(&path),
        };
        if let Err(second) = outcome {
            error.message = format!("{}; and what was replaced before it is not put back: {}", error.message, second);
        }
    }
    error
}

/// Makes `to` what `from` is, its times included: tools that watch them then see what they saw before.
pub(super) fn copy(from: &Path, to: &Path, run: &str) -> Result<(), NodeError> {
    put_in_place(vec![Replacement::copy(from, to, run)?])
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    Now,
    Same,
}

/// The new file, whole and on the disk beside the old one. Dropped without being put in place, it is gone.
pub(super) struct Replacement {
    path: PathBuf,
    sibling: PathBuf,
    run: String,
}

impl Replacement {
    pub(super) fn prepare(path: &Path, bytes: &[u8], like: &Path, times: Times, run: &str) -> Result<Self, NodeError> {
        marks::refuse_marked(path)?;
        Self::stage(path, bytes, like, times, run.to_owned())
    }

    /// What `from` is, for the place of `to`.
    pub(super) fn copy(from: &Path, to: &Path, run: &str) -> Result<Self, NodeError> {
        Self::prepare(to, &read(from)?, from, Times::Same, run)
    }

    /// What is there now, if anything is.
    fn old(&self) -> Result<Option<Self>, NodeError> {
        if fs::symlink_metadata(&self.path).is_err() {
            return Ok(None);
        }
        let (path, bytes) = (&self.path, read(&self.path)?);
        Self::stage(path, &bytes, path, Times::Same, of_old(&self.run)).map(Some)
    }

    fn stage(path: &Path, bytes: &[u8], like: &Path, times: Times, run: String) -> Result<Self, NodeError> {
        let new = Self { path: path.to_owned(), sibling: sibling(path, &run), run };
        // Left behind by a run that was killed: never read by anyone, written anew.
        wipe_if_there(&new.sibling)?;
        let attempt = || {
            let metadata = fs::metadata(like)?;
            let mut file = create_private(&new.sibling)?;
            file.write_all(bytes)?;
            rights::copy(&file, &new.sibling, like, &metadata)?;
            if times == Times::Same {
                // Before the rename: a crash after it finds nothing left to do, and would leave them as they are.
                let times = FileTimes::new().set_modified(metadata.modified()?).set_accessed(metadata.accessed()?);
                file.set_times(times)?;
            }
            file.sync_all()
        };
        attempt().map_err(|error| NodeError::io("replace", path, &error))?;
        Ok(new)
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // Only clutter, but clutter with a key in it. After a rename there is nothing of that name.
        wipe_if_there(&self.sibling).ok();
    }
}

/// Removes what a killed process left beside a file: it may hold a key.
pub(super) fn clear_drafts(path: &Path, run: &str) -> Result<(), NodeError> {
    wipe_if_there(&sibling(path, run))?;
    wipe_if_there(&sibling(path, &of_old(run)))
}

fn sibling(path: &Path, run: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.kubectl-certs-{run}"))
}

fn of_old(run: &str) -> String {
    format!("{run}-old")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn replacing_keeps_the_rights_and_leaves_no_sibling() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.key");
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
        fs::write(sibling(&path, "r1"), "left behind").expect("written");
        let new = Replacement::prepare(&path, b"new", &path, Times::Now, "r1").expect("prepared");
        put_in_place(vec![new]).expect("replaced");
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(fs::metadata(&path).expect("stat").permissions().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
    }

    /// What only the rename itself tells: the pair stays as it was, whichever of the two is in the way.
    #[test]
    fn where_one_cannot_be_replaced_the_others_are_put_back() {
        for absent in [false, true] {
            let folder = tempfile::tempdir().expect("folder");
            let [key, certificate] = ["a.key", "a.crt"].map(|name| folder.path().join(name));
            fs::write(&key, "old key").expect("written");
            fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).expect("mode");
            fs::write(&certificate, "old certificate").expect("written");
            let modified = fs::metadata(&key).and_then(|metadata| metadata.modified()).expect("a time");
            let new = [&key, &certificate]
                .map(|path| Replacement::prepare(path, b"new", path, Times::Now, "r1").expect("prepared"));
            fs::remove_file(&certificate).expect("removed");
            fs::create_dir(&certificate).expect("a folder, which no file can replace");
            if absent {
                fs::remove_file(&key).expect("removed");
            }
            let error = put_in_place(Vec::from(new)).expect_err("a folder is in the way");
            assert!(error.message.contains("a.crt"), "{error}");
            if absent {
                assert!(!key.exists());
            } else {
                assert_eq!(fs::read(&key).expect("read"), b"old key");
                let metadata = fs::metadata(&key).expect("stat");
                assert_eq!(metadata.permissions().mode() & 0o7777, 0o640);
                assert_eq!(metadata.modified().expect("a time"), modified);
            }
            assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 2 - usize::from(absent));
        }
    }
}
