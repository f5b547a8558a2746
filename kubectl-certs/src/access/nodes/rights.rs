//! Who may read and write a file: what replaces it may be read by no others, and by no fewer.

use std::fs::{self, File};
use std::path::Path;

use crate::model::Rights;

/// Nothing where its owner alone may read it, or what is asked is beyond this system.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]
pub(super) fn of(root: &Path, file: &Path, metadata: &fs::Metadata) -> Option<Rights> {
    use std::os::unix::fs::MetadataExt;
    let (mode, owner, group) = (metadata.mode() & 0o7777, metadata.uid(), metadata.gid());
    let (mut by_group, mut by_everybody) = (mode & 0o040 != 0, mode & 0o004 != 0);
    // A folder that does not let them pass is as good. The root of the disk lets everybody pass, whoever holds a copy of it.
    let folders = file.ancestors().skip(1).take_while(|folder| *folder != root && folder.starts_with(root));
    for folder in folders.filter_map(|folder| fs::symlink_metadata(folder).ok()) {
        let pass = folder.mode();
        by_everybody &= pass & 0o001 != 0;
        by_group &= if folder.gid() == group { pass & 0o010 != 0 } else { pass & 0o001 != 0 };
    }
    (by_group || by_everybody).then_some(Rights { mode, owner, group, by_group, by_everybody })
}

#[cfg(not(unix))]
pub(super) fn of(_: &Path, _: &Path, _: &fs::Metadata) -> Option<Rights> {
    None
}

#[cfg(unix)]
pub(super) fn copy(file: &File, path: &Path, like: &Path, metadata: &fs::Metadata) -> std::io::Result<()> {
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
pub(super) fn copy(_: &File, _: &Path, _: &Path, _: &fs::Metadata) -> std::io::Result<()> {
    Ok(())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::replacement::{Replacement, Times, copy, put_in_place};
    use super::fs;

    /// acl(5) in the kernel's own form (`posix_acl_xattr.h`): version 2, then tag, rights and id of each entry.
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
        put_in_place(vec![new]).expect("replaced");
        assert_eq!((list_of("a.key"), list_of("backup")), (Some(list.clone()), Some(list.clone())));
        copy(&at("backup"), &at("a.key"), "r1").expect("put back");
        assert_eq!(list_of("a.key"), Some(list));
        copy(&at("plain.key"), &at("plain-backup"), "r1").expect("backed up");
        assert_eq!(list_of("plain-backup"), None);
        let mode = |name: &str| fs::metadata(at(name)).expect("stat").permissions().mode() & 0o777;
        assert_eq!((mode("a.key"), mode("plain-backup")), (0o640, 0o640));
    }
}
