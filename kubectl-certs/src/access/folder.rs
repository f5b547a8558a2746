//! Writing the demo's folder. Only a folder of its own is ever written or replaced.

#![expect(clippy::disallowed_methods, reason = "this is the port to the demo's folder")]

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::demo::{Content, DemoFile};
use crate::error::Error;

/// Shows that a folder was made here and may be replaced.
const MARK: &str = ".kubectl-certs-demo";
const MARK_TEXT: &str = "made by kubectl certs demo; safe to delete\n";

pub fn make(folder: &str, replace: bool, files: Vec<DemoFile>) -> Result<(), Error> {
    let root = Path::new(folder);
    let failed =
        |path: &Path, error: &std::io::Error| Error::failed(format!("failed to write {}: {error}", path.display()));
    if fs::symlink_metadata(root).is_ok() {
        let ours = root.join(MARK).is_file();
        let empty = fs::read_dir(root).is_ok_and(|mut entries| entries.next().is_none());
        match (ours, replace) {
            (true, true) => {
                refuse_foreign(root, &files)?;
                fs::remove_dir_all(root).map_err(|error| failed(root, &error))?;
            }
            (true, false) => {
                return Err(Error::usage(format!("{folder} is a demo already"))
                    .hint("--force makes it anew; or name another folder"));
            }
            (false, _) if empty => {}
            (false, _) => {
                return Err(Error::refused(format!(
                    "{folder} exists and is not a demo of this program, so it is left alone"
                ))
                .hint("name a folder that does not exist"));
            }
        }
    }
    fs::create_dir_all(root).and_then(|()| fs::write(root.join(MARK), MARK_TEXT)).map_err(|error| {
        Error::usage(format!("no demo can be made in {folder}: {error}")).hint("name a folder that you may write")
    })?;
    for file in files {
        let path = root.join(&file.path);
        write(&path, &file.content).map_err(|error| failed(&path, &error))?;
    }
    Ok(())
}

/// Whoever keeps something of their own in a demo is asked to take it out first. The journal of runs on it is ours too.
fn refuse_foreign(root: &Path, files: &[DemoFile]) -> Result<(), Error> {
    let ours = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path == Path::new(MARK)
            || path.starts_with("var/lib/kubectl-certs")
            // The kubelet's file has the time at which it was made in its name.
            || (path.starts_with("var/lib/kubelet/pki") && name.starts_with("kubelet-client-"))
            || files.iter().any(|file| Path::new(&file.path) == path)
    };
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder)
            .map_err(|error| Error::unreadable(format!("failed to read {}: {error}", folder.display())))?;
        for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
            if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
                folders.push(path);
            } else if !path.strip_prefix(root).is_ok_and(ours) {
                return Err(Error::refused(format!(
                    "{} is not of the demo, and --force would delete it",
                    path.display()
                ))
                .about(path.display())
                .hint("move it elsewhere, or name another folder; nothing was changed"));
            }
        }
    }
    Ok(())
}

fn write(path: &Path, content: &Content) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    match content {
        Content::File { bytes, mode } => {
            let mut options = fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, *mode);
            #[cfg(not(unix))]
            let _ = mode;
            options.open(path)?.write_all(bytes)
        }
        #[cfg(unix)]
        Content::Symlink { target } => std::os::unix::fs::symlink(target, path),
        // Symlinks need a privilege on Windows: the demo does without its one link there.
        #[cfg(not(unix))]
        Content::Symlink { .. } => Ok(()),
    }
}
