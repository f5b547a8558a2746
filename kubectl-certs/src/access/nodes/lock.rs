//! One run at a time on a node, also with the API server down.
//!
//! Who holds the lock is who has locked the file `lock.guard`: the kernel lets only one process do that, and lets go of
//! it when that process ends, however it ends. Nothing can be stale, so nothing is ever taken over. The file `lock` beside
//! it only tells people and programs who it is.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Duration;

use super::local::{LocalNode, boot};
use super::{Holder, NodeError, files};
use crate::model::Time;

/// While this lives, the lock is held.
pub(super) struct Held {
    holder: Holder,
    guard: File,
}

impl Drop for Held {
    /// To close the file would not do at once: a child that is just being started has it open until it becomes its program.
    fn drop(&mut self) {
        self.guard.unlock().ok();
    }
}

/// Takes the lock, or tells who has it.
pub(super) async fn take(node: &LocalNode, run: String, who: String, since: Time) -> Result<Option<Holder>, NodeError> {
    let own = Holder { run, who, since, pid: std::process::id(), boot: boot() };
    if let Some(held) = &*node.lock.lock().unwrap_or_else(PoisonError::into_inner) {
        return Ok((held.holder.run != own.run).then(|| held.holder.clone()));
    }
    let state = node.state()?;
    files::create_private_folder(&state)?;
    let (path, told) = (state.join("lock.guard"), state.join("lock"));
    let guard = open(&path).map_err(|error| NodeError::io("open the lock", &path, &error))?;
    let mut seen = None;
    for _ in 0..50 {
        match guard.try_lock() {
            Ok(()) => {
                tell(&told, &own)?;
                *node.lock.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held { holder: own, guard });
                return Ok(None);
            }
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(NodeError::io("take the lock", &path, &error)),
        }
        seen = read(&told);
        // Of this process it is about to be let go: a child that was just started has it until it becomes its program.
        if let Some(other) = seen.take_if(|other| other.pid != own.pid && is_alive(other, &own)) {
            return Ok(Some(other));
        }
        // It was taken a moment ago, and who did so has not said it yet.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Somebody does hold it; a process of another container, for instance, is not seen from here.
    Ok(Some(seen.unwrap_or_else(|| Holder { run: "unknown".to_owned(), who: "somebody".to_owned(), pid: 0, ..own })))
}

/// Who has it at this moment. Leaves nothing behind: where no lock was ever taken, none is made.
pub(super) fn holder(node: &LocalNode) -> Result<Option<Holder>, NodeError> {
    if let Some(held) = &*node.lock.lock().unwrap_or_else(PoisonError::into_inner) {
        return Ok(Some(held.holder.clone()));
    }
    let state = node.state()?;
    let path = state.join("lock.guard");
    let guard = match OpenOptions::new().write(true).open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        outcome => outcome.map_err(|error| NodeError::io("open the lock", &path, &error))?,
    };
    match guard.try_lock() {
        // Told by a run that was killed, if at all; let go with the file.
        Ok(()) => Ok(None),
        Err(TryLockError::WouldBlock) => Ok(read(&state.join("lock"))),
        Err(TryLockError::Error(error)) => Err(NodeError::io("look at the lock", &path, &error)),
    }
}

pub(super) fn release(node: &LocalNode, run: &str) -> Result<(), NodeError> {
    let mut held = node.lock.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(ours) = held.take_if(|held| held.holder.run == run) else { return Ok(()) };
    // Before the guard is let go: afterwards it may be somebody else's.
    let outcome = node.state().and_then(|state| files::remove_if_there(&state.join("lock")));
    drop(ours);
    outcome
}

/// The file itself is never removed: who opened it before and who opened it after would both have the lock.
fn open(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Through a draft and a rename: whoever reads it reads all of it.
fn tell(path: &Path, holder: &Holder) -> Result<(), NodeError> {
    let text = serde_json::to_string(holder).map_err(|error| NodeError::failed(error.to_string()))?;
    let draft = path.with_extension("draft");
    files::remove_if_there(&draft)?;
    let write = || {
        let mut file = files::create_private(&draft)?;
        file.write_all(text.as_bytes())?;
        fs::rename(&draft, path)
    };
    write().map_err(|error| NodeError::io("write", path, &error))
}

fn read(path: &Path) -> Option<Holder> {
    serde_json::from_str(&files::text(&path.to_string_lossy())?).ok()
}

/// What an earlier holder said stays when it is killed.
fn is_alive(other: &Holder, own: &Holder) -> bool {
    other.boot == own.boot && files::exists(&format!("/proc/{}", other.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_lock_is_held_until_it_is_released_or_its_node_is_gone() {
        let folder = tempfile::tempdir().expect("folder");
        let take = async |node: &LocalNode, run: &str| {
            let who = "alice@there".to_owned();
            take(node, run.to_owned(), who, Time::from_unix(7)).await.expect("an answer").map(|holder| holder.run)
        };
        let (first, second) = (LocalNode::new(folder.path()), LocalNode::new(folder.path()));
        assert_eq!(take(&first, "a").await, None);
        assert_eq!(take(&first, "a").await, None, "it is ours already");
        assert_eq!(take(&first, "b").await.as_deref(), Some("a"));
        assert_eq!(take(&second, "b").await.as_deref(), Some("a"));
        release(&second, "a").expect("not its own");
        assert_eq!(take(&second, "b").await.as_deref(), Some("a"));
        release(&first, "a").expect("released");
        assert_eq!(take(&second, "b").await, None);
        drop(second);
        // Children of other tests that are just being started have the file open, too.
        assert_eq!(take(&first, "c").await, None, "the lock goes with its node");
    }
}
