//! Every kind of change to a folder shows, and only what changed.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use support::tree::Tree;

#[test]
fn a_diff_names_every_change_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("sub")).expect("a folder");
    for name in ["same", "sub/content", "mode", "gone", "kind"] {
        fs::write(at(name), "before").expect("a file");
    }
    symlink("same", at("link")).expect("a symlink");
    let made = Command::new("mkfifo").arg(at("fifo")).status();
    assert!(made.expect("mkfifo").success());
    let before = Tree::read(folder.path());
    assert_eq!(before.file("sub/content"), Some(b"before".as_slice()));
    before.assert_unchanged(&Tree::read(folder.path()));

    fs::write(at("sub/content"), "behind").expect("a file");
    fs::set_permissions(at("mode"), Permissions::from_mode(0o600)).expect("a mode");
    fs::remove_file(at("gone")).expect("a removal");
    fs::remove_file(at("kind")).expect("a removal");
    fs::create_dir(at("kind")).expect("a folder");
    fs::set_permissions(at("kind"), Permissions::from_mode(0o644)).expect("a mode");
    fs::remove_file(at("link")).expect("a removal");
    symlink("mode", at("link")).expect("a symlink");
    fs::write(at("new"), "").expect("a file");
    fs::set_permissions(at("new"), Permissions::from_mode(0o640)).expect("a mode");
    let after = Tree::read(folder.path());
    assert_eq!(
        before.diff(&after),
        [
            "gone: file is gone",
            "kind: file -> folder",
            "link: symlink to same -> mode",
            "mode: mode 0644 -> 0600",
            "new: file is new (mode 0640)",
            "sub/content: 6 -> 6 bytes, other from byte 2 on",
        ]
    );

    fs::write(at("copy"), "before").expect("a file");
    fs::rename(at("copy"), at("same")).expect("a rename");
    let renamed = Tree::read(folder.path());
    after.assert_unchanged(&renamed);
    let differences = after.diff_with_times(&renamed).join("\n");
    assert!(differences.contains("same: time"), "{differences}");
    assert!(!differences.contains("sub"), "{differences}");
}
