//! Disks that are full, or that can only be read: a real kernel says so, in a mount namespace of the test's own. Wherever a
//! run stops for that, no identity is half, and it can be taken back once there is room.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use nodes_tests::helper;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::openssl;
use support::tree::Tree;
use tempfile::TempDir;

use crate::operator::Said;

/// A node's disk in a folder, with other disks mounted into it, as long as this lives.
struct Mounted {
    folder: TempDir,
    holder: Child,
}

impl Mounted {
    /// After this script, which finds the folder in `$1`.
    fn with(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().join("root");
        Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }.write(&root);
        fs::create_dir_all(root.join("var/lib/kubectl-certs")).expect("a folder");
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "--", "sh", "-ec"]);
        unshare.arg(format!("{script}\necho ready\nexec cat")).arg("sh").arg(&root);
        let mut holder = unshare.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("unshare (util-linux)");
        let mut said = String::new();
        BufReader::new(holder.stdout.take().expect("output")).read_line(&mut said).expect("a line");
        assert_eq!(said, "ready\n", "the mounts failed; these tests need root");
        Self { folder, holder }
    }

    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--mount", "--target", &self.holder.id().to_string(), "--"]).arg(program);
        command.env("HOME", self.folder.path()).env("XDG_STATE_HOME", self.folder.path().join("state"));
        command
    }

    fn program(&self, arguments: &[&str]) -> Said {
        let mut command = self.inside(helper::built().to_str().expect("UTF-8"));
        Said::of(command.args(arguments).arg("--root").arg(self.folder.path().join("root")))
    }

    fn pages_of_the_plan(&self) -> usize {
        self.program(&["renew", "--all", "--yes"]).expect(0);
        let mut runs = fs::read_dir(self.at("var/lib/kubectl-certs/runs")).expect("a folder");
        let run = runs.next().expect("a run").expect("an entry").path();
        fs::read(run.join("plan.json")).expect("a plan").len().div_ceil(4096)
    }

    fn mount(&self, options: &str, at: &str) {
        let at = self.folder.path().join("root").join(at);
        let done = self.inside("mount").args(["-o", options]).arg(at).status().expect("mount");
        assert!(done.success(), "{options}");
    }

    /// As it is seen in there.
    fn at(&self, path: &str) -> PathBuf {
        let root = self.folder.path().join("root").join(path);
        PathBuf::from(format!("/proc/{}/root{}", self.holder.id(), root.display()))
    }

    fn material(&self) -> Tree {
        Tree::read(&self.at("etc/kubernetes"))
    }

    /// Each certificate has its key beside it, and nothing lies about.
    fn assert_whole(&self, when: &str) {
        let material = self.material();
        for path in material.entries.keys() {
            let name = path.display().to_string();
            assert!(!name.contains("kubectl-certs"), "{when}: {name} was left");
            let Some(stem) = name.strip_suffix(".crt") else { continue };
            let certificate = material.file(path).expect("a file");
            let Some(key) = material.file(format!("{stem}.key")) else { continue };
            let own = openssl::text(&["x509", "-noout", "-pubkey"], certificate);
            assert_eq!(own.trim(), openssl::public_key_of(key).trim(), "{when}: {name}");
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        self.holder.wait().ok();
    }
}

/// From a disk that takes nothing to one that takes most of it: the plan, the journal, backups and staged keys all come to
/// be what does not fit any more.
#[test]
fn no_room_for_what_a_run_keeps() {
    let with_pages = |pages: usize| {
        Mounted::with(&format!("mount -t tmpfs -o size={}k tmpfs \"$1/var/lib/kubectl-certs\"", pages * 4))
    };
    let mut seen = Vec::new();
    let plan = with_pages(5000).pages_of_the_plan();
    // Who holds the lock is a page, too.
    for pages in [1, plan, plan + 1, plan + 2, plan + 4, plan + 11, plan + 20, plan + 31] {
        let disk = with_pages(pages);
        let before = disk.material();
        let said = disk.program(&["renew", "--all", "--yes"]).expect_one_of(&[0, 5]);
        let when = format!("{pages} pages");
        disk.assert_whole(&when);
        let begun = !before.diff(&disk.material()).is_empty();
        if said.code == Some(5) {
            let said = said.naming(&["No space left on device"]);
            seen.push(said.err.lines().find(|line| line.starts_with("error: ")).unwrap_or_default().to_owned());
        }
        disk.mount("remount,size=20m", "var/lib/kubectl-certs");
        // Without a line in the journal nothing was begun.
        let undone = disk.program(&["runs", "undo"]).expect_one_of(&[0, 3]);
        before.assert_unchanged(&disk.material());
        assert!(undone.code == Some(0) || !begun, "{when}: {undone:?}");
        disk.program(&["check"]).expect(0);
    }
    for what in ["/plan.json", "/backup/", "/staged/", "journal"] {
        assert!(seen.iter().any(|said| said.contains(what)), "never at {what}: {seen:#?}");
    }
}

#[test]
fn no_room_for_a_new_identity() {
    for kilobytes in [0, 4, 8, 12] {
        let disk = Mounted::with(&format!(
            "cp -a \"$1/etc/kubernetes\" \"$1/copy\"\n\
             mount -t tmpfs -o size=20m,mode=755 tmpfs \"$1/etc/kubernetes\"\n\
             cp -a \"$1/copy/.\" \"$1/etc/kubernetes\"\n\
             used=$(df -k --output=used \"$1/etc/kubernetes\" | tail -1)\n\
             mount -o remount,size=$((used + {kilobytes}))k \"$1/etc/kubernetes\""
        ));
        let before = disk.material();
        let said = disk.program(&["renew", "--all", "--yes"]);
        disk.assert_whole(&format!("{kilobytes} KiB"));
        if kilobytes < 8 {
            // A pair needs room for both before the first is put in place.
            said.expect(5).naming(&["failed to replace", "No space left on device", "runs undo"]);
        }
        disk.mount("remount,size=20m", "etc/kubernetes");
        disk.program(&["runs", "undo"]).expect(0);
        before.assert_unchanged(&disk.material());
        disk.program(&["check"]).expect(0);
    }
}

#[test]
fn a_disk_that_can_only_be_read() {
    let disk = Mounted::with(
        "mount --bind \"$1/etc/kubernetes\" \"$1/etc/kubernetes\"; mount -o remount,bind,ro \"$1/etc/kubernetes\"",
    );
    let before = disk.material();
    disk.program(&["renew", "--all", "--yes"]).expect(5).naming(&["Read-only file system"]);
    before.assert_unchanged(&disk.material());
    // Nothing was written there, so there is nothing to be put back.
    disk.program(&["runs", "undo"]).expect(0);
    disk.mount("remount,bind,rw", "etc/kubernetes");
    disk.program(&["renew", "--all", "--yes"]).expect(0);
    disk.assert_whole("it can be written");
    disk.mount("remount,bind,ro", "etc/kubernetes");
    disk.program(&["runs", "undo"]).expect(5).naming(&["Read-only file system"]);
    disk.assert_whole("it can only be read again");
    disk.mount("remount,bind,rw", "etc/kubernetes");
    disk.program(&["runs", "undo"]).expect(0);
    before.assert_unchanged(&disk.material());
}
