//! Three nodes of one cluster, laid out by the real kubeadm, and an operator.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::tree::Tree;
use tempfile::TempDir;

use super::machine::{Faults, Machine};
use crate::access::nodes::{LocalNode, Node, NodeError, Nodes, SshOptions};
use crate::access::state_dir::StateDir;
use crate::access::{Access, clock};
use crate::answer::{Control, answer};
use crate::error::Error;
use crate::report::{Report, RunDone};
use crate::request::{Mode, Renew, Request, Runs, RunsVerb, Scope, Ssh};

const NAMES: [&str; 3] = ["cp1", "cp2", "cp3"];
/// One of each kind: watched, read for each handshake, read at the start.
const ONLY: [&str; 3] = ["apiserver", "etcd-server", "scheduler.conf"];
const FILES: [&str; 3] = ["pki/apiserver.crt", "pki/etcd/server.crt", "scheduler.conf"];

pub(super) struct Stage {
    folder: TempDir,
    before: BTreeMap<&'static str, Tree>,
    faults: Arc<Mutex<Faults>>,
    machines: Vec<Arc<Machine>>,
    access: Access,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir_in(fast()).expect("a folder");
        copy(template(), folder.path());
        let faults = Arc::<Mutex<Faults>>::default();
        let began = clock::Clock::now(&clock::SystemClock).unix() - 3600;
        let start = |(number, name): (usize, &&str)| {
            let root = folder.path().join("nodes").join(name);
            Arc::new(Machine::start(name, number, &root, faults.clone(), began))
        };
        let machines: Vec<_> = NAMES.iter().enumerate().map(start).collect();
        let access = access(&machines, folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut stage = Self { folder, before: BTreeMap::new(), faults, machines, access, runtime };
        stage.before = stage.tree();
        stage
    }

    fn block_on<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    pub(super) fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T
    where
        T: Copy,
    {
        change(&mut self.faults.lock().expect("faults"))
    }

    pub(super) fn request() -> Renew {
        Renew { scope: Self::scope(), all: true, only: ONLY.map(str::to_owned).to_vec(), ..Renew::default() }
    }

    fn scope() -> Scope {
        Self::nodes(&NAMES)
    }

    pub(super) fn renew(&self) -> Result<RunDone, Error> {
        self.renew_as(Self::request())
    }

    pub(super) fn renew_as(&self, request: Renew) -> Result<RunDone, Error> {
        self.run(&Request::Renew(Renew { mode: Mode::Apply, ..request }))
    }

    /// By a new program: nothing is left of the one before but what it wrote.
    pub(super) fn runs(&mut self, verb: RunsVerb) -> Result<RunDone, Error> {
        self.machines = self.machines.iter().map(|machine| Arc::new(machine.for_another())).collect();
        self.access = access(&self.machines, self.folder.path());
        self.run(&Request::Runs(Runs { scope: Self::scope(), verb, run: None }))
    }

    /// Any question, by a new program; what it leaves need not be whole.
    pub(super) fn ask(&mut self, request: &Request, control: &Control) -> Result<Report, Error> {
        self.machines = self.machines.iter().map(|machine| Arc::new(machine.for_another())).collect();
        self.access = access(&self.machines, self.folder.path());
        self.block_on(answer(request, &self.access, control))
    }

    /// The disks are so from the beginning.
    pub(super) fn arrange(&mut self, change: impl FnOnce(&[Arc<Machine>], &Path)) {
        change(&self.machines, &self.folder.path().join("nodes"));
        self.before = self.tree();
    }

    pub(super) fn machine(&self, number: usize) -> &Machine {
        &self.machines[number]
    }

    /// Of these nodes only.
    pub(super) fn nodes(names: &[&str]) -> Scope {
        let hosts = names.iter().map(|name| (*name).to_owned()).collect();
        Scope { ssh: Ssh { hosts, ..Ssh::default() }, ..Scope::default() }
    }

    fn run(&self, request: &Request) -> Result<RunDone, Error> {
        let outcome = self.block_on(answer(request, &self.access, &Control::silent()));
        for machine in &self.machines {
            assert_eq!(machine.torn(), None);
        }
        match outcome? {
            Report::Run(done, _) => Ok(done),
            other => panic!("not a run: {other:?}"),
        }
    }

    /// What is not as it was when the curtain rose.
    pub(super) fn changed(&self) -> Vec<String> {
        let diff = |(name, tree): (&'static str, Tree)| self.before[name].diff(&tree);
        self.tree().into_iter().flat_map(diff).collect()
    }

    pub(super) fn assert_all_new(&self) {
        assert_eq!(self.what_is_not_new(), None);
    }

    /// A file that is as before, or a component that works with what is no longer there.
    pub(super) fn what_is_not_new(&self) -> Option<String> {
        let now = self.tree();
        for name in NAMES {
            for path in FILES {
                let path = Path::new("etc/kubernetes").join(path);
                if self.before[name].file(&path) == now[name].file(&path) {
                    return Some(format!("{} on {name} is as before", path.display()));
                }
            }
        }
        self.machines.iter().find_map(|machine| machine.stale())
    }

    /// Without what runs keep for themselves.
    fn tree(&self) -> BTreeMap<&'static str, Tree> {
        let tree = |name: &'static str| {
            let mut tree = Tree::read(&self.root(name));
            tree.entries.retain(|path, _| !path.starts_with("var/lib/kubectl-certs"));
            (name, tree)
        };
        NAMES.into_iter().map(tree).collect()
    }

    pub(super) fn root(&self, name: &str) -> PathBuf {
        self.folder.path().join("nodes").join(name)
    }
}

struct Network(Vec<Arc<Machine>>, PathBuf);

#[async_trait]
impl Nodes for Network {
    fn at(&self, _: &str) -> Arc<dyn Node> {
        Arc::new(LocalNode::new(&self.1))
    }

    async fn over_ssh(&self, how: SshOptions) -> Result<Arc<dyn Node>, NodeError> {
        let machine = self.0.iter().find(|machine| machine.name == how.destination);
        let machine = machine.ok_or_else(|| NodeError::refused(format!("no {}", how.destination)))?;
        Ok(machine.clone())
    }
}

fn access(machines: &[Arc<Machine>], folder: &Path) -> Access {
    let operator = folder.join("operator");
    Access {
        clock: Arc::new(clock::SystemClock),
        nodes: Arc::new(Network(machines.to_vec(), operator.clone())),
        state: StateDir::at(operator),
    }
}

/// Made once: three nodes that share their authorities.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let folder = TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir_in(fast()).expect("a folder");
        let root = |name: &str| folder.path().join("nodes").join(name);
        for name in NAMES {
            let pki = root(name).join("etc/kubernetes/pki");
            std::fs::create_dir_all(pki.join("etcd")).expect("a folder");
            std::fs::create_dir_all(root(name).join("var/lib")).expect("a folder");
            if name != NAMES[0] {
                for file in SHARED {
                    std::fs::copy(root(NAMES[0]).join("etc/kubernetes/pki").join(file), pki.join(file))
                        .expect("shared");
                }
            }
            let node =
                Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, node_name: name.to_owned(), ..Kubeadm::new(6443) };
            node.write(&root(name));
        }
        folder
    });
    folder.path()
}

const SHARED: [&str; 8] =
    ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key", "sa.key", "sa.pub"];

/// In memory where that can be had: a run flushes hundreds of times.
fn fast() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from.join("nodes")).arg(to).status().expect("cp runs");
    assert!(status.success(), "failed to copy {} to {}", from.display(), to.display());
}
