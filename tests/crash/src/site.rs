//! A node's disk in a folder of its own, that can be laid out again and again, and what is asked of it.
//!
//! Plans hold absolute paths, so every copy is put back to the same place before it is worked on.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use kubectl_certs::access::clock::SystemClock;
use kubectl_certs::access::nodes::ThisMachine;
use kubectl_certs::access::{Access, state_dir::StateDir};
use kubectl_certs::answer::{Control, answer};
use kubectl_certs::error::Error;
use kubectl_certs::event::What;
use kubectl_certs::plan::Plan;
use kubectl_certs::report::{Report, RunInfo};
use kubectl_certs::request::{Check, FailOn, Mode, Renew, Request, Runs, RunsVerb, Scope};
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::tree::Tree;
use tempfile::TempDir;

/// Where runs keep their things; everything else on the disk is the user's.
pub const STATE: &str = "var/lib/kubectl-certs";

pub struct Site {
    folder: TempDir,
    root: PathBuf,
}

/// How a process ended that was to die.
pub enum End {
    /// It says where.
    Killed(String),
    /// There were only so many boundaries.
    Lived(usize),
}

impl Site {
    /// `name` is the folder's name: paths with spaces and letters outside ASCII must do as well.
    pub fn new(name: &str) -> Self {
        let folder = tempfile::tempdir_in(fast()).expect("a folder");
        let root = folder.path().join(name);
        Self { folder, root }
    }

    /// What the real kubeadm writes for a control-plane node.
    pub fn kubeadm(name: &str, key_algorithm: KeyAlgorithm) -> Self {
        let site = Self::new(name);
        Kubeadm { key_algorithm, ..Kubeadm::new(6443) }.write(&site.root);
        fs::create_dir_all(site.root.join("var/lib")).expect("a folder that every node has");
        site
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The disk is mounted elsewhere now.
    pub fn move_to(&mut self, name: &str) {
        let to = self.folder.path().join(name);
        fs::rename(&self.root, &to).expect("the disk moves");
        self.root = to;
    }

    /// Makes the disk as it was kept in `from`, times and rights included.
    pub fn lay_out(&self, from: &Path) {
        if self.root.exists() {
            fs::remove_dir_all(&self.root).expect("the old disk goes");
        }
        copy(from, &self.root);
    }

    /// Keeps the disk as it is now, until the next is kept under that name.
    pub fn keep(&self, name: &str) -> PathBuf {
        let kept = self.kept(name);
        if kept.exists() {
            fs::remove_dir_all(&kept).expect("the old copy goes");
        }
        copy(&self.root, &kept);
        kept
    }

    pub fn kept(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("kept-{name}"))
    }

    /// Without what runs keep for themselves.
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::read(&self.root);
        tree.entries.retain(|path, _| !path.starts_with(STATE));
        tree
    }

    pub fn state(&self) -> PathBuf {
        self.root.join(STATE)
    }

    /// Of the only run there is.
    pub fn journal(&self) -> PathBuf {
        let mut runs = fs::read_dir(self.state().join("runs")).expect("runs");
        runs.next().expect("a run").expect("a run").path().join("journal.jsonl")
    }

    /// What the only run's journal tells.
    pub fn events(&self) -> Vec<What> {
        match self.ask(&self.runs(RunsVerb::Show)) {
            Ok(Report::RunDetails(_, events)) => events.into_iter().map(|event| event.what).collect(),
            other => panic!("runs show answered {other:?}"),
        }
    }

    /// The plan of the only run.
    pub fn plan(&self) -> Plan {
        let text = fs::read(self.journal().with_file_name("plan.json")).expect("a plan");
        serde_json::from_slice(&text).expect("a plan that can be read")
    }

    /// Asks in a process that dies at the boundary `cut`, counted from 1.
    pub fn ask_and_die(&self, program: &Path, cut: usize, request: &Request) -> End {
        let output = self.command(program, cut, request).output().expect("the mortal program runs");
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        match (output.status.signal(), output.status.success()) {
            (Some(9), _) => End::Killed(said),
            (None, true) => End::Lived(String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")),
            _ => panic!("cut {cut}: {} {said}", output.status),
        }
    }

    pub fn command(&self, program: &Path, cut: usize, request: &Request) -> Command {
        let mut command = Command::new(program);
        let request = serde_json::to_string(request).expect("requests are data");
        command.arg(cut.to_string()).arg(self.folder.path().join("operator")).arg(request);
        command
    }

    /// Asks in this process, which lives.
    pub fn ask(&self, request: &Request) -> Result<Report, Error> {
        let access = Access {
            clock: Arc::new(SystemClock),
            nodes: Arc::new(ThisMachine::default()),
            state: StateDir::at(self.folder.path().join("operator")),
            ..Access::system()
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(answer(request, &access, &Control::silent()))
    }

    /// All leaves, or those that are named.
    pub fn renew(&self, targets: &[&str]) -> Request {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        Request::Renew(Renew {
            scope: Scope { targets, ..self.scope() },
            all: true,
            mode: Mode::Apply,
            ..Renew::default()
        })
    }

    pub fn runs(&self, verb: RunsVerb) -> Request {
        Request::Runs(Runs { scope: self.scope(), verb, run: None })
    }

    pub fn check(&self) -> Request {
        Request::Check(Check { scope: self.scope(), fail_on: FailOn::Info, ..Check::default() })
    }

    pub fn list_runs(&self) -> Vec<RunInfo> {
        match self.ask(&self.runs(RunsVerb::List)) {
            Ok(Report::Runs(runs, _)) => runs,
            other => panic!("runs list answered {other:?}"),
        }
    }

    fn scope(&self) -> Scope {
        Scope { root: Some(self.root.to_string_lossy().into_owned()), ..Scope::default() }
    }
}

/// In memory where that can be had: it is processes that die here, not machines, and a run waits for the disk hundreds
/// of times.
fn fast() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(status.success(), "failed to copy {} to {}", from.display(), to.display());
}
