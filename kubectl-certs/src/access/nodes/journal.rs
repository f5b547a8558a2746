//! The lock and the journals of a node. They lie beside the material so that a repair with the API server down is
//! guarded too, and so that what a run left behind is found where it is needed.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use super::local::LocalNode;
use super::{Holder, NodeError, files};

/// Takes the lock, or tells who has it.
pub(super) fn lock(node: &LocalNode, holder: &Holder) -> Result<Option<Holder>, NodeError> {
    files::create_private_folder(&node.state())?;
    let path = node.state().join("lock");
    let text = serde_json::to_string(holder).map_err(|error| NodeError::failed(error.to_string()))?;
    // Written whole beside it and linked: whoever sees the lock sees all of it, and only one link succeeds.
    let draft = node.state().join(format!("lock.{}", holder.pid));
    files::remove_if_there(&draft)?;
    let write = || {
        let mut file = files::create_private(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| NodeError::io("write", &draft, &error))?;
    let outcome = take(&path, &draft, holder);
    files::remove_if_there(&draft)?;
    outcome
}

fn take(path: &PathBuf, draft: &PathBuf, holder: &Holder) -> Result<Option<Holder>, NodeError> {
    for _ in 0..3 {
        match fs::hard_link(draft, path) {
            Ok(()) => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(NodeError::io("create the lock", path, &error)),
        }
        let other = files::text(&path.to_string_lossy()).and_then(|text| serde_json::from_str::<Holder>(&text).ok());
        match other {
            Some(other) if is_alive(&other, holder) => return Ok(Some(other)),
            // Its process is gone, or the machine was started since: nobody holds it.
            _ => files::remove_if_there(path)?,
        }
    }
    Err(NodeError::failed(format!("failed to take the lock {}: others take it all the time", path.display())))
}

fn is_alive(other: &Holder, own: &Holder) -> bool {
    other.boot == own.boot && other.pid != own.pid && files::exists(&format!("/proc/{}", other.pid))
}

pub(super) fn unlock(node: &LocalNode, run: &str) -> Result<(), NodeError> {
    let path = node.state().join("lock");
    let holder = files::text(&path.to_string_lossy()).and_then(|text| serde_json::from_str::<Holder>(&text).ok());
    match holder {
        Some(holder) if holder.run == run => files::remove_if_there(&path),
        _ => Ok(()),
    }
}

/// One line, on the disk before this returns.
pub(super) fn append(node: &LocalNode, run: &str, line: &str) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?;
    files::create_private_folder(&folder)?;
    let path = folder.join("journal.jsonl");
    let attempt = || {
        let mut options = fs::OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path)?;
        // A line that a crash cut short must not swallow this one.
        let cut = fs::read(&path)?.last().is_some_and(|&last| last != b'\n');
        let start = if cut { "\n" } else { "" };
        file.write_all(format!("{start}{line}\n").as_bytes())?;
        file.sync_all()?;
        files::sync_folder(&path)
    };
    attempt().map_err(|error| NodeError::io("append to the journal", &path, &error))
}

pub(super) fn read(node: &LocalNode, run: &str) -> Result<Vec<String>, NodeError> {
    let path = node.run_folder(run)?.join("journal.jsonl");
    let bytes = fs::read(&path).map_err(|error| NodeError::io("read the journal", &path, &error))?;
    // A crash cuts a line at any byte, also inside of a letter.
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

pub(super) fn save_plan(node: &LocalNode, run: &str, plan: &str) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?;
    files::create_private_folder(&folder)?;
    let (path, draft) = (folder.join("plan.json"), folder.join("plan.draft"));
    files::remove_if_there(&draft)?;
    let attempt = || {
        let mut file = files::create_private(&draft)?;
        file.write_all(plan.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        files::sync_folder(&path)
    };
    attempt().map_err(|error| NodeError::io("write", &path, &error))
}

pub(super) fn plan(node: &LocalNode, run: &str) -> Result<Option<String>, NodeError> {
    Ok(files::text(&node.run_folder(run)?.join("plan.json").to_string_lossy()))
}

/// Names of the runs that left something here, the oldest first.
pub(super) fn runs(node: &LocalNode) -> Result<Vec<String>, NodeError> {
    let folder = node.state().join("runs");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(NodeError::io("read the folder", &folder, &error)),
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Backups and staged files hold keys: they are overwritten before they are removed.
pub(super) fn wipe(node: &LocalNode, run: &str) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?;
    for part in ["backup", "staged"] {
        wipe_folder(&folder.join(part))?;
    }
    Ok(())
}

fn wipe_folder(folder: &PathBuf) -> Result<(), NodeError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(NodeError::io("read the folder", folder, &error)),
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            wipe_folder(&path)?;
        } else {
            files::wipe_if_there(&path)?;
        }
    }
    fs::remove_dir(folder).map_err(|error| NodeError::io("remove the folder", folder, &error))
}
