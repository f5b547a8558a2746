//! Reading and replacing single files so that a crash at any point leaves the old or the new one, never half of one.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{Read, Write};
use std::path::{Component, Path, PathBuf};

use zeroize::Zeroizing;

use super::{FileId, NodeError};

/// Larger files are no certificates; a bundle of everything that browsers trust is a quarter of a megabyte.
pub(super) const LARGEST: u64 = 8 << 20;

pub(super) fn exists(path: &str) -> bool {
    fs::symlink_metadata(path).is_ok()
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
    let mut pending: Vec<_> = components(path.strip_prefix(root).unwrap_or(path)).rev().collect();
    let mut real = root.to_path_buf();
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
                    real = root.to_path_buf();
                }
                pending.extend(components(&target).rev());
            }
            Err(_) => real = next,
        }
    }
    Ok(real)
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

/// Makes `to` what `from` is, its times included: tools that watch them then see what they saw before.
pub(super) fn copy(from: &Path, to: &Path, run: &str) -> Result<(), NodeError> {
    Replacement::prepare(to, &read(from)?, from, Times::Same, run)?.put_in_place()
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
}

impl Replacement {
    pub(super) fn prepare(path: &Path, bytes: &[u8], like: &Path, times: Times, run: &str) -> Result<Self, NodeError> {
        let new = Self { path: path.to_owned(), sibling: sibling(path, run) };
        // Left behind by a run that was killed: never read by anyone, written anew.
        remove_if_there(&new.sibling)?;
        let attempt = || {
            let metadata = fs::metadata(like)?;
            let mut file = create_private(&new.sibling)?;
            file.write_all(bytes)?;
            copy_rights(&file, &new.sibling, like, &metadata)?;
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

    pub(super) fn put_in_place(self) -> Result<(), NodeError> {
        let attempt = || {
            fs::rename(&self.sibling, &self.path)?;
            sync_folder(&self.path)
        };
        attempt().map_err(|error| NodeError::io("replace", &self.path, &error))
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // Only clutter, but clutter with a key in it. After a rename there is nothing of that name.
        fs::remove_file(&self.sibling).ok();
    }
}

pub(super) fn sibling(path: &Path, run: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.kubectl-certs-{run}"))
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

#[cfg(unix)]
fn copy_rights(file: &File, path: &Path, like: &Path, metadata: &fs::Metadata) -> std::io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (metadata.uid(), metadata.gid()) {
        std::os::unix::fs::fchown(file, Some(metadata.uid()), Some(metadata.gid()))?;
    }
    copy_label(path, like)?;
    // Before the mode: without the list, the bits of its mask would be rights of the group.
    copy_access_list(path, like)?;
    // After the owner: chown clears set-id bits, and the new owner must not get wider rights for a moment.
    file.set_permissions(fs::Permissions::from_mode(metadata.permissions().mode() & 0o7777))
}

/// The `SELinux` label, where there is one; without it the component could no longer read the file.
#[cfg(target_os = "linux")]
fn copy_label(path: &Path, like: &Path) -> std::io::Result<()> {
    const LABEL: &str = "security.selinux";
    let mut label = [0; 256];
    let Ok(size) = rustix::fs::getxattr(like, LABEL, &mut label) else {
        return Ok(());
    };
    Ok(rustix::fs::setxattr(path, LABEL, &label[..size], rustix::fs::XattrFlags::empty())?)
}

/// Rights of single users and groups (acl(5)). Where the old file has none, the new one has none either, whatever its
/// folder gives to new files.
#[cfg(target_os = "linux")]
fn copy_access_list(path: &Path, like: &Path) -> std::io::Result<()> {
    use rustix::fs::{XattrFlags, getxattr, removexattr, setxattr};
    use rustix::io::Errno;
    const LIST: &str = "system.posix_acl_access";
    // The largest value that Linux has.
    let mut list = vec![0; 1 << 16];
    let outcome = match getxattr(like, LIST, &mut list) {
        Ok(size) => setxattr(path, LIST, &list[..size], XattrFlags::empty()),
        Err(Errno::NODATA) => removexattr(path, LIST),
        Err(Errno::NOTSUP) => Ok(()),
        Err(error) => Err(error),
    };
    match outcome {
        // Nothing is lost: there was none.
        Err(Errno::NODATA) => Ok(()),
        outcome => Ok(outcome?),
    }
}

#[cfg(all(unix, not(target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
fn copy_access_list(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(unix, not(target_os = "linux")))]
#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
fn copy_label(_: &Path, _: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Windows: a new file inherits the rights of its folder, as the old one did.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the Unix twin can fail")]
fn copy_rights(_: &File, _: &Path, _: &Path, _: &fs::Metadata) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

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

    #[test]
    fn replacing_keeps_the_rights_and_leaves_no_sibling() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.key");
        fs::write(&path, "old").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
        fs::write(sibling(&path, "r1"), "left behind").expect("written");
        let new = Replacement::prepare(&path, b"new", &path, Times::Now, "r1").expect("prepared");
        new.put_in_place().expect("replaced");
        assert_eq!(fs::read(&path).expect("read"), b"new");
        assert_eq!(fs::metadata(&path).expect("stat").permissions().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1);
    }

    /// acl(5) in the kernel's own form (`posix_acl_xattr.h`): version 2, then tag, rights and id of each entry.
    #[cfg(target_os = "linux")]
    fn access_list(named_user: u32) -> Vec<u8> {
        const NOBODY: u32 = u32::MAX;
        let mut list = 2_u32.to_le_bytes().to_vec();
        for (tag, rights, id) in
            [(1_u16, 6_u16, NOBODY), (2, 4, named_user), (4, 0, NOBODY), (16, 4, NOBODY), (32, 0, NOBODY)]
        {
            list.extend(tag.to_le_bytes());
            list.extend(rights.to_le_bytes());
            list.extend(id.to_le_bytes());
        }
        list
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn access_lists_are_kept_and_never_become_rights_of_the_group() {
        use rustix::fs::{XattrFlags, getxattr, setxattr};
        const LIST: &str = "system.posix_acl_access";
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        let list_of = |name: &str| {
            let mut list = vec![0; 1024];
            let size = getxattr(at(name), LIST, &mut list).ok()?;
            Some(list[..size].to_vec())
        };
        fs::write(at("a.key"), "old").expect("written");
        let list = access_list(4321);
        setxattr(at("a.key"), LIST, &list, XattrFlags::empty()).expect("a disk with access lists");
        fs::write(at("plain.key"), "old").expect("written");
        fs::set_permissions(at("plain.key"), fs::Permissions::from_mode(0o640)).expect("mode");
        // Everything new in this folder is open to somebody.
        setxattr(folder.path(), "system.posix_acl_default", &access_list(1234), XattrFlags::empty())
            .expect("a default");

        copy(&at("a.key"), &at("backup"), "r1").expect("backed up");
        let new = Replacement::prepare(&at("a.key"), b"new", &at("a.key"), Times::Now, "r1").expect("prepared");
        new.put_in_place().expect("replaced");
        assert_eq!((list_of("a.key"), list_of("backup")), (Some(list.clone()), Some(list.clone())));
        copy(&at("backup"), &at("a.key"), "r1").expect("put back");
        assert_eq!(list_of("a.key"), Some(list));
        copy(&at("plain.key"), &at("plain-backup"), "r1").expect("backed up");
        assert_eq!(list_of("plain-backup"), None);
        let mode = |name: &str| fs::metadata(at(name)).expect("stat").permissions().mode() & 0o777;
        assert_eq!((mode("a.key"), mode("plain-backup")), (0o640, 0o640));
    }
}
