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
            (true, true) => fs::remove_dir_all(root).map_err(|error| failed(root, &error))?,
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
