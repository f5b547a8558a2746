//! Disks that are laid out oddly or refuse to be written: nothing is lost, and what was cut off goes on.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use kubectl_certs::error::ErrorKind;
use support::openssl;

use crate::disk::{Disk, Said};
use crate::meanwhile::{renew_and_when, undo_and_when};
use crate::renews_all::assert_as_before;
use crate::witness::{assert_all_new, assert_pairs, identities};

/// Somebody without rights of root, for whom the modes of folders count.
const NOBODY: u32 = 65534;

#[test]
fn a_read_only_folder_fails_safely_and_goes_on_once_it_can_be_written() {
    let disk = Disk::ecdsa();
    let program = given_to_nobody(&disk);
    let (before, old) = (disk.material(), identities(&disk.file("")));
    let folder = disk.file("pki/etcd");
    fs::set_permissions(&folder, Permissions::from_mode(0o555)).expect("rights");
    let said = as_nobody(&disk, &program, &["renew", "--all", "--yes"]).expect(5);
    let said =
        said.naming(&["failed to replace", "pki/etcd/healthcheck-client.key", "Permission denied", "run it as root"]);
    said.naming(&["runs resume", "runs undo"]);
    let half = identities(&disk.file(""));
    assert_pairs(&half);
    for (name, (identity, _)) in &half {
        assert!(!name.starts_with("pki/etcd/") || *identity == old[name].0, "{name}");
    }
    assert_ne!(half["pki/apiserver"], old["pki/apiserver"], "what came before is done");
    assert_no_litter(&disk);

    // Still in the way: still safe.
    as_nobody(&disk, &program, &["runs", "resume"]).expect(5).naming(&["healthcheck-client.key"]);
    fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("rights");
    as_nobody(&disk, &program, &["runs", "resume"]).expect(0);
    assert_all_new(&disk.file(""), &old);
    as_nobody(&disk, &program, &["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

/// The key's folder can be written and the certificate's cannot: neither is replaced.
#[test]
fn a_certificate_that_cannot_be_written_leaves_its_key_alone() {
    let disk = Disk::ecdsa();
    let locked = disk.file("locked");
    fs::create_dir(&locked).expect("a folder");
    fs::rename(disk.file("pki/apiserver.crt"), locked.join("apiserver.crt")).expect("moved");
    symlink("../locked/apiserver.crt", disk.file("pki/apiserver.crt")).expect("a symlink");
    let program = given_to_nobody(&disk);
    let before = disk.material();
    fs::set_permissions(&locked, Permissions::from_mode(0o555)).expect("rights");
    let shut = disk.material();
    as_nobody(&disk, &program, &["renew", "apiserver", "--yes"]).expect(5).naming(&["locked/apiserver.crt"]);
    shut.assert_unchanged(&disk.material());
    fs::set_permissions(&locked, Permissions::from_mode(0o755)).expect("rights");
    as_nobody(&disk, &program, &["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

/// `chattr` keeps even root from replacing a file, and in a folder from renaming anything: told before the first change.
#[test]
fn what_is_guarded_against_changes_is_refused_before_anything_is_changed() {
    let disk = Disk::ecdsa();
    let (before, old) = (disk.material(), identities(&disk.file("")));
    let file = "pki/apiserver-kubelet-client.crt";
    for (path, mark, word) in [
        (file, "i", "immutable"),
        (file, "a", "append-only"),
        ("pki/etcd", "a", "append-only"),
        ("pki", "i", "immutable"),
    ] {
        let Some(guarded) = Guarded::by(&disk.file(path), mark) else { return assert_can_be_renewed(&disk) };
        let seen = disk.material();
        for how in ["--dry-run", "--yes"] {
            let said = disk.on_root(&["renew", "--all", how]).expect(4);
            said.naming(&[path, word, &format!("chattr -{mark}"), "nothing was changed"]);
        }
        seen.assert_unchanged(&disk.material());
        assert!(!disk.state().exists(), "no run was begun");
        drop(guarded);
    }
    disk.renew_all();
    assert_all_new(&disk.file(""), &old);
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

/// Who is root already is not told to become it.
#[test]
fn root_is_told_what_may_be_in_its_way() {
    let disk = Disk::ecdsa();
    let folder = disk.root().join("var/lib");
    fs::create_dir_all(&folder).expect("a folder");
    let before = disk.tree();
    let Some(_guarded) = Guarded::by(&folder, "i") else { return assert_can_be_renewed(&disk) };
    let said = disk.on_root(&["renew", "--all", "--yes"]).expect(5);
    let said = said.naming(&["var/lib/kubectl-certs", "Operation not permitted", "lsattr"]);
    assert!(!said.err.contains("run it as root"), "{said:?}");
    before.assert_unchanged(&disk.tree());
}

/// Guarded after the plan was made: the pair stays a pair.
#[test]
fn a_certificate_that_becomes_immutable_keeps_its_key() {
    let disk = Disk::ecdsa();
    let (before, old) = (disk.material(), identities(&disk.file("")));
    let path = disk.file("pki/apiserver-kubelet-client.crt");
    let guarded = Arc::new(Mutex::new(None));
    let (hold, file) = (guarded.clone(), path.clone());
    let done = renew_and_when(&disk, "renew-apiserver-kubelet-client", move |_| {
        *hold.lock().expect("once") = Guarded::by(&file, "i");
    });
    let Some(guarded) = guarded.lock().expect("it was called").take() else {
        done.expect("nothing was in the way");
        return assert_all_new(&disk.file(""), &old);
    };
    let error = done.expect_err("it cannot be replaced");
    assert_eq!(error.kind, ErrorKind::FailedSafe);
    assert!(error.message.contains("apiserver-kubelet-client.crt") && error.message.contains("immutable"), "{error}");
    assert!(error.hints.iter().any(|hint| hint.contains("chattr -i")), "{:?}", error.hints);
    let half = identities(&disk.file(""));
    assert_pairs(&half);
    assert_eq!(half["pki/apiserver-kubelet-client"], old["pki/apiserver-kubelet-client"]);
    assert_no_litter(&disk);
    drop(guarded);
    disk.on_root(&["runs", "resume"]).expect(0);
    assert_all_new(&disk.file(""), &old);
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

#[test]
fn an_undo_is_refused_whole_where_a_file_is_immutable() {
    let disk = Disk::ecdsa();
    let before = disk.material();
    disk.renew_all();
    let Some(guarded) = Guarded::by(&disk.file("pki/apiserver.crt"), "i") else {
        disk.on_root(&["runs", "undo"]).expect(0);
        return assert_as_before(&before, &disk.material());
    };
    let renewed = disk.material();
    let said = disk.on_root(&["runs", "undo"]).expect(4);
    said.naming(&["pki/apiserver.crt", "immutable", "chattr -i", "nothing was put back"]);
    renewed.assert_unchanged(&disk.material());
    drop(guarded);
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

/// Half way back: what is safe, and how to go on, is said as after a renewal that failed.
#[test]
fn an_undo_that_is_stopped_half_way_goes_on() {
    let disk = Disk::ecdsa();
    let before = disk.material();
    disk.renew_all();
    let renewed = identities(&disk.file(""));
    let path = disk.file("pki/apiserver.crt");
    let guarded = Arc::new(Mutex::new(None));
    let hold = guarded.clone();
    let done = undo_and_when(&disk, "renew-etcd-server", move || {
        *hold.lock().expect("once") = Guarded::by(&path, "i");
    });
    let Some(guarded) = guarded.lock().expect("it was called").take() else {
        done.expect("nothing was in the way");
        return assert_as_before(&before, &disk.material());
    };
    let error = done.expect_err("it cannot be put back");
    assert_eq!(error.kind, ErrorKind::FailedSafe);
    assert!(error.message.contains("pki/apiserver.crt") && error.message.contains("immutable"), "{error}");
    for word in ["chattr -i", "nothing is lost", "kubectl certs runs undo"] {
        assert!(error.hints.iter().any(|hint| hint.contains(word)), "{word}: {:?}", error.hints);
    }
    let half = identities(&disk.file(""));
    assert_pairs(&half);
    assert_eq!(half["pki/apiserver"], renewed["pki/apiserver"], "neither half of it is put back");
    assert_ne!(half["pki/etcd/server"], renewed["pki/etcd/server"], "what came before is put back");
    assert_no_litter(&disk);
    drop(guarded);
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
}

/// Without backups nothing may begin.
#[test]
fn a_disk_without_room_for_backups_is_not_touched() {
    let disk = Disk::ecdsa();
    fs::create_dir_all(disk.root().join("var/lib")).expect("a folder");
    fs::write(disk.state(), "no folder").expect("a file");
    let before = disk.tree();
    disk.on_root(&["renew", "--all", "--yes"]).expect(5).naming(&["var/lib/kubectl-certs"]);
    before.assert_unchanged(&disk.tree());
}

/// A process that is killed leaves its drafts beside the files, with a new key in each: they go with the run.
#[test]
fn drafts_that_a_killed_run_left_are_cleared_away() {
    let disk = Disk::ecdsa();
    let before = disk.material();
    for verb in ["undo", "finish"] {
        let run = disk.renew_all()["run"].as_str().expect("a name").to_owned();
        for (folder, name) in [("pki", "apiserver.key"), ("pki/etcd", "peer.crt"), ("", "admin.conf")] {
            let folder = disk.file(folder);
            fs::copy(folder.join(name), folder.join(format!(".{name}.kubectl-certs-{run}"))).expect("a draft");
        }
        disk.on_root(&["runs", verb, &run]).expect(0);
        assert_no_litter(&disk);
        if verb == "undo" {
            assert_as_before(&before, &disk.material());
        }
    }
}

#[test]
fn symlinks_stay_symlinks_wherever_they_lead() {
    let disk = Disk::ecdsa();
    // As versions side by side, as an absolute path of the node, and as a whole folder elsewhere.
    for (path, real, target) in [
        ("etc/kubernetes/pki/apiserver.crt", "etc/kubernetes/pki/apiserver-2026.crt", "apiserver-2026.crt"),
        ("etc/kubernetes/pki/apiserver.key", "srv/keys/apiserver.key", "/srv/keys/apiserver.key"),
        ("etc/kubernetes/admin.conf", "srv/admin.conf", "../../srv/admin.conf"),
        ("etc/kubernetes/pki/etcd", "srv/etcd-pki", "/srv/etcd-pki"),
        ("etc/kubernetes/pki/ca.key", "srv/keys/ca.key", "/srv/keys/ca.key"),
        ("etc/kubernetes/pki/front-proxy-ca.crt", "srv/keys/front-proxy-ca.crt", "/srv/keys/front-proxy-ca.crt"),
    ] {
        let (path, real) = (disk.root().join(path), disk.root().join(real));
        fs::create_dir_all(real.parent().expect("a folder")).expect("a folder");
        fs::rename(&path, &real).expect("moved");
        symlink(target, &path).expect("a symlink");
    }
    let links = |disk: &Disk| -> Vec<PathBuf> {
        let tree = disk.tree();
        tree.entries
            .iter()
            .filter(|(_, entry)| matches!(entry.kind, support::tree::Kind::Symlink(_)))
            .map(|(path, _)| path.clone())
            .collect()
    };
    let (before, old) = (disk.tree(), on_node(&disk));
    disk.renew_all();
    assert_eq!(links(&disk).len(), 6, "{:?}", links(&disk));
    let new = on_node(&disk);
    for ((name, old), (_, new)) in old.iter().zip(&new) {
        assert_ne!(old, new, "{name}");
    }
    // And the pairs are pairs.
    let pair = ["etc/kubernetes/pki/apiserver-2026.crt", "srv/keys/apiserver.key"].map(|path| disk.root().join(path));
    let [certificate, key] = pair.map(|path| fs::read(path).expect("a file"));
    assert_eq!(openssl::x509(&certificate).public_key, openssl::public_key_of(&key));
    assert_eq!(openssl::verify(&certificate, &disk.file("pki/ca.crt"), None), Ok(()));
    disk.on_root(&["runs", "undo"]).expect(0);
    let mut after = disk.tree();
    after.entries.retain(|path, _| !path.starts_with("var"));
    assert_as_before(&before, &after);
}

/// A root is all there is: a symlink must not lead to the keys of the machine that looks at it.
#[test]
fn a_symlink_does_not_lead_out_of_the_root() {
    let disk = Disk::ecdsa();
    let outside = disk.home().join("ca.key");
    fs::rename(disk.file("pki/ca.key"), &outside).expect("moved");
    symlink(&outside, disk.file("pki/ca.key")).expect("a symlink");
    let before = disk.tree();
    disk.on_root(&["renew", "--all", "--yes"]).expect(4).naming(&["private key of ca"]);
    before.assert_unchanged(&disk.tree());
}

/// Certificates and keys where the symlinks lead, by the path on the node.
fn on_node(disk: &Disk) -> Vec<(&'static str, Vec<u8>)> {
    [
        "etc/kubernetes/pki/apiserver-2026.crt",
        "srv/keys/apiserver.key",
        "srv/admin.conf",
        "srv/etcd-pki/server.crt",
        "srv/etcd-pki/server.key",
        "srv/etcd-pki/peer.crt",
        "etc/kubernetes/pki/front-proxy-client.crt",
    ]
    .map(|path| (path, fs::read(disk.root().join(path)).expect("a file")))
    .to_vec()
}

/// A file or folder that `chattr` has marked; dropped, it is as before.
struct Guarded(PathBuf, String);

impl Guarded {
    /// None where this takes another user than the one who tests.
    fn by(path: &Path, mark: &str) -> Option<Self> {
        let output = Command::new("chattr").arg(format!("+{mark}")).arg(path).output();
        if output.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self(path.to_owned(), format!("-{mark}")));
        }
        assert!(
            !rustix::process::geteuid().is_root(),
            "chattr +{mark} {}: {output:?}; root needs chattr (e2fsprogs), and a TMPDIR on a file system with its marks \
             (ext4, xfs, btrfs)",
            path.display()
        );
        None
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        let status = Command::new("chattr").arg(&self.1).arg(&self.0).status().expect("chattr runs");
        assert!(status.success(), "{} stays marked", self.0.display());
    }
}

/// Where nothing can be marked, the question for marks must not stand in the way.
fn assert_can_be_renewed(disk: &Disk) {
    let old = identities(&disk.file(""));
    disk.renew_all();
    assert_all_new(&disk.file(""), &old);
}

fn assert_no_litter(disk: &Disk) {
    for path in disk.material().entries.keys() {
        assert!(!path.display().to_string().contains("kubectl-certs"), "{}", path.display());
    }
}

/// For root every folder can be written, so root lets somebody else run the program; gives its path for them.
fn given_to_nobody(disk: &Disk) -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_kubectl-certs"));
    if !rustix::process::geteuid().is_root() {
        return program.to_owned();
    }
    let folder = disk.root().parent().expect("a folder").to_owned();
    let copy = folder.join("program");
    // By another process: a child of another test must not inherit the file open for writing, or it cannot be run.
    let status = Command::new("cp").args([program, &*copy]).status().expect("cp runs");
    assert!(status.success(), "a copy of the program");
    give(&folder);
    copy
}

fn give(path: &Path) {
    std::os::unix::fs::lchown(path, Some(NOBODY), Some(NOBODY)).expect("given away");
    if path.is_dir() && !path.is_symlink() {
        fs::read_dir(path).expect("a folder").for_each(|entry| give(&entry.expect("an entry").path()));
    }
}

fn as_nobody(disk: &Disk, program: &Path, arguments: &[&str]) -> Said {
    let usual = disk.command(arguments.iter().copied());
    let mut command = Command::new(program);
    command.args(usual.get_args()).arg("--root").arg(disk.root()).env_clear();
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?)))).current_dir(disk.root());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    Said::of(&mut command)
}

/// Like the files, what a run keeps lies on the disk itself: not where the link leads on the machine that looks at it.
#[test]
fn backups_and_journal_stay_inside_the_root() {
    let disk = Disk::ecdsa();
    let before = disk.material();
    let place = disk.home().join("data/var");
    fs::create_dir_all(&place).expect("a folder of the machine that looks");
    fs::create_dir_all(disk.root().join(place.strip_prefix("/").expect("an absolute path"))).expect("on the disk");
    fs::remove_dir_all(disk.root().join("var")).ok();
    symlink(&place, disk.root().join("var")).expect("a symlink");
    disk.renew_all();
    let inside = disk.root().join(place.strip_prefix("/").expect("an absolute path")).join("lib/kubectl-certs/runs");
    assert_eq!(fs::read_dir(&place).expect("a folder").count(), 0, "a key was written outside of the root");
    assert_eq!(fs::read_dir(&inside).expect("the runs").count(), 1);
    disk.on_root(&["runs", "list"]).expect(0);
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_as_before(&before, &disk.material());
    disk.on_root(&["runs", "finish"]).expect(0);
}
