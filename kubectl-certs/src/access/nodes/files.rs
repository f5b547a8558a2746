//! Reading, making and taking away single files.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::{FileId, NodeError};

/// Larger files are no certificates; a bundle of everything that browsers trust is a quarter of a megabyte.
pub(super) const LARGEST: u64 = 8 << 20;

pub(super) fn exists(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// A link counts where it is, not where it leads; with a slash at the end, only a folder does.
pub(super) fn exists_below(root: &Path, path: &str) -> bool {
    // Relative to the folder that the program runs in, or of another disk: there is nothing to be rebased.
    if !Path::new(path).starts_with(root) {
        return exists(path);
    }
    if path.ends_with('/') {
        return resolve(root, Path::new(path)).is_ok_and(|real| real.is_dir());
    }
    let path = Path::new(path);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return fs::symlink_metadata(path).is_ok();
    };
    // Of a folder above it, on the disk of a node in a folder of ours, an absolute link starts at that folder.
    resolve(root, folder).is_ok_and(|real| fs::symlink_metadata(real.join(name)).is_ok())
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have none")]
pub(super) fn id(metadata: &fs::Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some(FileId { device: metadata.dev(), inode: metadata.ino() })
}

#[cfg(not(unix))]
pub(super) fn id(_: &fs::Metadata) -> Option<FileId> {
    None
}

/// All regular files with this ending in a folder and those below it, in the order in which Go's `filepath.WalkDir` comes
/// by them: by name, a folder where its name stands. Links to folders are not followed, as there.
pub(super) fn below(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir()) {
            found.extend(below(&path, ending));
        } else if path.extension().is_some_and(|own| own == ending) && fs::metadata(&path).is_ok_and(|it| it.is_file())
        {
            found.push(path);
        }
    }
    found
}

/// A small system file, trimmed.
pub(super) fn text(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}

/// The same of any path.
pub(super) fn text_at(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// A whole file; what it holds is wiped when the caller is done with it.
pub(super) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, NodeError> {
    let attempt = || {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1));
        Read::by_ref(&mut file).take(LARGEST + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = attempt().map_err(|error| NodeError::io("read", path, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(NodeError::refused(format!("{} is larger than {LARGEST} bytes", path.display())));
    }
    Ok(bytes)
}

/// Follows symlinks as a process on that node would: an absolute one starts at the node's root, and none leads out of it.
pub(super) fn resolve(root: &Path, path: &Path) -> Result<PathBuf, NodeError> {
    let (root, below) = match path.strip_prefix(root) {
        Ok(below) => (root.to_path_buf(), below),
        Err(_) => (drive(path).unwrap_or_else(|| root.to_path_buf()), path),
    };
    let mut pending: Vec<_> = components(below).rev().collect();
    let mut real = root.clone();
    let mut links = 0;
    while let Some(part) = pending.pop() {
        if part == ".." {
            if real != root {
                real.pop();
            }
            continue;
        }
        let next = real.join(&part);
        match fs::read_link(&next) {
            Ok(target) => {
                links += 1;
                if links > 40 {
                    return Err(NodeError::refused(format!("{} is a loop of symlinks", path.display())));
                }
                if target.is_absolute() {
                    real = drive(&target).unwrap_or_else(|| root.clone());
                }
                pending.extend(components(&target).rev());
            }
            Err(_) => real = next,
        }
    }
    Ok(real)
}

/// Windows: each drive has a root of its own.
fn drive(path: &Path) -> Option<PathBuf> {
    match path.components().next() {
        Some(Component::Prefix(prefix)) => Some(Path::new(prefix.as_os_str()).join(std::path::MAIN_SEPARATOR_STR)),
        _ => None,
    }
}

fn components(path: &Path) -> impl DoubleEndedIterator<Item = std::ffi::OsString> {
    let parts: Vec<_> = path
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(part.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect();
    parts.into_iter()
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), NodeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(NodeError::io("remove", path, &error)),
        _ => Ok(()),
    }
}

/// Overwritten before it is removed: it may hold a key.
pub(super) fn wipe_if_there(path: &Path) -> Result<(), NodeError> {
    let wipe = || {
        // What a symlink leads to is not ours.
        if fs::symlink_metadata(path)?.is_symlink() {
            return fs::remove_file(path);
        }
        let mut file = OpenOptions::new().write(true).open(path)?;
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(0);
        file.write_all(&vec![0; size])?;
        file.sync_all()?;
        fs::remove_file(path)
    };
    match wipe() {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(NodeError::io("wipe", path, &error)),
        _ => Ok(()),
    }
}

/// A new file that nobody else may read, not even for a moment.
pub(super) fn create_private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A folder, and those above it, that only the owner may enter.
pub(super) fn create_private_folder(path: &Path) -> Result<(), NodeError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| NodeError::io("create the folder", path, &error))
}

/// A rename is on the disk only when its folder is.
pub(super) fn sync_folder(of: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = of.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn symlinks_stay_inside_the_root() {
        let root = tempfile::tempdir().expect("folder");
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("var/lib")).expect("folder");
        symlink("/var/lib/x.pem", at("absolute")).expect("link");
        symlink("../../../../../etc/passwd", at("out")).expect("link");
        symlink("loop", at("loop")).expect("link");
        assert_eq!(resolve(root.path(), &at("absolute")).expect("resolved"), at("var/lib/x.pem"));
        assert_eq!(resolve(root.path(), &at("out")).expect("resolved"), at("etc/passwd"));
        assert!(resolve(root.path(), &at("loop")).is_err());
    }
}
