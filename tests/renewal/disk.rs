//! A node's disk in a folder of its own, and the program run on it as an operator with an empty home would.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
pub(crate) use support::said::Said;
use support::tree::{Kind, Tree};
use tempfile::TempDir;

/// Dropping it removes everything.
pub(crate) struct Disk {
    folder: TempDir,
}

impl Disk {
    pub(crate) fn empty() -> Self {
        let disk = Self { folder: tempfile::tempdir().expect("a folder") };
        fs::create_dir(disk.root()).expect("a folder");
        fs::create_dir(disk.home()).expect("a folder");
        disk
    }

    /// What kubeadm does with these settings.
    pub(crate) fn with(kubeadm: &Kubeadm) -> Self {
        let disk = Self::empty();
        kubeadm.write(&disk.root());
        disk
    }

    /// kubeadm's defaults with quick keys. kubeadm runs once for all tests of this process; each gets a copy.
    pub(crate) fn ecdsa() -> Self {
        static TREE: OnceLock<Tree> = OnceLock::new();
        let tree = TREE.get_or_init(|| {
            let mut kubeadm = Kubeadm::new(6443);
            kubeadm.key_algorithm = KeyAlgorithm::EcdsaP256;
            Tree::read(&Self::with(&kubeadm).root())
        });
        let disk = Self::empty();
        plant(tree, &disk.root());
        disk
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// `HOME` and, below it, `XDG_STATE_HOME` of the operator.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Below etc/kubernetes.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root().join("etc/kubernetes").join(path)
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.file(path)).expect("a file of the disk")
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::write(self.file(path), text).expect("a file of the disk is written");
    }

    pub(crate) fn tree(&self) -> Tree {
        Tree::read(&self.root())
    }

    /// The disk without what the program keeps for itself.
    pub(crate) fn material(&self) -> Tree {
        Tree::read(&self.root().join("etc"))
    }

    /// Where the program keeps journals, backups and staged files of this disk.
    pub(crate) fn state(&self) -> PathBuf {
        self.root().join("var/lib/kubectl-certs")
    }

    /// The program without any of the caller's environment.
    pub(crate) fn command<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-certs"));
        command.args(arguments).env_clear().env("HOME", self.home()).env("XDG_STATE_HOME", self.home().join("state"));
        command.env("USER", "first-operator").current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(arguments.iter().copied()))
    }

    /// With `--root` of this disk.
    pub(crate) fn on_root(&self, arguments: &[&str]) -> Said {
        let root = self.root();
        Said::of(self.command(arguments.iter().copied()).arg("--root").arg(root))
    }

    /// Renews everything and gives what `-o json` says of the run.
    pub(crate) fn renew_all(&self) -> Value {
        let said = self.on_root(&["renew", "--all", "--yes", "-o", "json"]).expect(0);
        said.item("RunResult")
    }

    /// The plan for everything, as it is saved.
    pub(crate) fn plan_all(&self) -> Value {
        self.on_root(&["renew", "--all", "--dry-run", "-o", "json"]).expect(0).json()
    }

    /// Does a saved plan, in the form in which it is saved.
    pub(crate) fn apply(&self, plan: &Value) -> Said {
        let file = self.folder.path().join("plan.json");
        fs::write(&file, plan.to_string()).expect("a plan is saved");
        self.run(&["apply", file.to_str().expect("UTF-8"), "--yes"])
    }

    /// One question to `kubectl certs api`.
    pub(crate) fn api(&self, question: &Value) -> Said {
        self.fed(&["api"], question.to_string().as_bytes())
    }

    /// With this on standard input.
    pub(crate) fn fed(&self, arguments: &[&str], input: &[u8]) -> Said {
        let file = self.folder.path().join("input");
        fs::write(&file, input).expect("the input");
        let input = fs::File::open(file).expect("the input");
        Said::of(self.command(arguments.iter().copied()).stdin(input))
    }
}

/// Puts a copy of a tree somewhere.
pub(crate) fn plant(tree: &Tree, at: &Path) {
    for (path, entry) in &tree.entries {
        let path = at.join(path);
        match &entry.kind {
            Kind::Folder => fs::create_dir_all(&path).expect("a folder"),
            Kind::File(bytes) => fs::write(&path, bytes).expect("a file"),
            Kind::Symlink(target) => {
                symlink(target, &path).expect("a symlink");
                continue;
            }
            Kind::Special(name) => panic!("{}: a {name}", path.display()),
        }
        fs::set_permissions(&path, Permissions::from_mode(entry.mode)).expect("rights");
    }
}
