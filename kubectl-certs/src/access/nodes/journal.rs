//! The journals of a node. They lie beside the material so that what a run left behind is found where it is needed, also
//! with the API server down.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use super::local::LocalNode;
use super::{NodeError, files};

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
    let folder = node.state()?.join("runs");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(NodeError::io("read the folder", &folder, &error)),
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}

/// Backups and staged files hold keys: they are overwritten before they are removed. The helper that came by SSH goes
/// with them; the next connection brings it again.
pub(super) fn wipe(node: &LocalNode, run: &str) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?;
    for part in ["backup", "staged"] {
        wipe_folder(&folder.join(part))?;
    }
    let helper = node.state()?.join("helper");
    match fs::remove_dir_all(&helper) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(NodeError::io("remove the folder", &helper, &error))
        }
        _ => Ok(()),
    }
}

pub(super) fn wipe_folder(folder: &PathBuf) -> Result<(), NodeError> {
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
