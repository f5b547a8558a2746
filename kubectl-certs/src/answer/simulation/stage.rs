//! Nodes of one cluster, laid out by the real kubeadm, and an operator who may be killed and come again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::tree::Tree;
use tempfile::TempDir;

use super::faults::Faults;
use super::machine::Machine;
use super::played::{Frame, NodeState, Played, PlayedClock, copy, fast, name, root};
use super::process::paths;
use super::shape::{Shape, is_identity};
use crate::access::nodes::{LocalNode, Node, NodeError, Nodes, SshOptions};
use crate::access::state_dir::StateDir;
use crate::access::{Access, clock};
use crate::answer::{Control, answer};
use crate::error::{Error, ErrorKind};
use crate::layouts::played::play;
use crate::model::TakesEffect;
use crate::plan::Plan;
use crate::report::{Report, RunDone};
use crate::request::{Mode, Renew, Request, Runs, RunsVerb, Scope, Ssh};

/// More than any shape has.
const NODES: usize = 4;

pub(super) struct Stage {
    folder: TempDir,
    before: BTreeMap<PathBuf, Vec<u8>>,
    pub(super) played: Arc<Played>,
    access: Access,
    runtime: tokio::runtime::Runtime,
}

impl Stage {
    pub(super) fn new(shape: &Shape) -> Self {
        let rose = clock::Clock::now(&clock::SystemClock).unix() * 1000;
        let stage = Self::empty(shape, rose);
        for (number, node) in shape.nodes.iter().enumerate() {
            let authorities = stage.played.layout.authorities.iter().flat_map(|authority| {
                let files = paths(stage.played.layout, authority.name);
                files.into_iter().take(if node.keys { 2 } else { 1 })
            });
            let leaves = node.leaves.iter().flat_map(|leaf| paths(stage.played.layout, leaf));
            for path in authorities.chain(leaves) {
                put(number, &path, &stage.played.root(number), rose);
            }
            std::fs::create_dir_all(stage.played.root(number).join("var/lib")).expect("a folder");
        }
        stage.played.raise();
        Self { before: stage.files(), ..stage }
    }

    /// As another operator finds it who comes at that moment.
    pub(super) fn at(frame: &Frame, first: &Self) -> Self {
        let stage = Self::empty(&first.played.shape, frame.now);
        copy(frame.folder.path(), stage.folder.path());
        {
            let mut state = stage.played.state();
            let anew = |node: &NodeState| NodeState { operations: 0, second_half: None, ..node.clone() };
            (state.nodes, state.balancer) = (frame.nodes.iter().map(anew).collect(), frame.balancer.clone());
        }
        Self { before: first.before.clone(), ..stage }
    }

    fn empty(shape: &Shape, rose: i64) -> Self {
        let folder = tempfile::tempdir_in(fast()).expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        let runtime = runtime.expect("a runtime");
        let played = runtime.block_on(async { Played::new(shape.clone(), folder.path().to_owned(), rose) });
        let played = Arc::new(played);
        Self { access: access(&played), folder, before: BTreeMap::new(), played, runtime }
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    pub(super) fn block_on<T>(&self, what: impl Future<Output = T>) -> T {
        let _playing = play(self.played.layout);
        self.runtime.block_on(what)
    }

    pub(super) fn set(&self, faults: &Faults) {
        let mut state = self.played.state();
        state.faults = faults.clone();
        state.nodes.iter_mut().for_each(|node| node.operations = 0);
    }

    pub(super) fn asked(&self) -> Renew {
        let only = self.played.shape.only.iter().map(|leaf| (*leaf).to_owned()).collect();
        Renew { scope: self.scope(), all: true, only, restart: self.played.shape.restart, ..Renew::default() }
    }

    fn scope(&self) -> Scope {
        let hosts = (0..self.played.shape.nodes.len()).map(name).collect();
        Scope { ssh: Ssh { hosts, ..Ssh::default() }, ..Scope::default() }
    }

    pub(super) fn renew(&self) -> Result<RunDone, Error> {
        self.renew_as(self.asked())
    }

    pub(super) fn renew_as(&self, request: Renew) -> Result<RunDone, Error> {
        self.run(&Request::Renew(Renew { mode: Mode::Apply, ..request }))
    }

    /// Any question, by a new program; what it leaves need not be whole.
    pub(super) fn ask(&mut self, request: &Request, control: &Control) -> Result<Report, Error> {
        self.access = access(&self.played);
        self.block_on(answer(request, &self.access, control))
    }

    /// The disks are so from the beginning.
    pub(super) fn arrange(&mut self, change: impl FnOnce(&Self)) {
        change(self);
        self.before = self.files();
        self.played.raise();
    }

    /// By a new program: nothing is left of the one before but what it wrote.
    pub(super) fn runs(&mut self, verb: RunsVerb) -> Result<RunDone, Error> {
        self.access = access(&self.played);
        self.run(&Request::Runs(Runs { scope: self.scope(), verb, run: None }))
    }

    fn run(&self, request: &Request) -> Result<RunDone, Error> {
        match self.block_on(answer(request, &self.access, &Control::silent()))? {
            Report::Run(done, _) => Ok(done),
            other => panic!("not a run: {other:?}"),
        }
    }

    /// Ends what was begun in this way, nothing being wrong any more, and says what is not as it should be.
    pub(super) fn end(&mut self, verb: RunsVerb) -> Result<(), String> {
        let slow = self.played.state().faults.clone();
        self.set(&Faults { lost: None, failing: None, ..slow });
        let outcome = match self.runs(verb) {
            // Half of it is taken back already.
            Err(error) if error.message.contains("is being undone") => return self.end(RunsVerb::Undo),
            outcome => outcome,
        };
        self.complaint()?;
        match (outcome, verb) {
            (Ok(_), RunsVerb::Undo) => self.is_as_before(),
            (Ok(_), _) => self.is_new(),
            // Never begun, done already, or on its way back.
            (Err(error), _) if error.kind == ErrorKind::NotFound => {
                let ended = self.is_as_before().or_else(|_| self.is_new());
                if ended.is_err() && verb == RunsVerb::Resume { self.end(RunsVerb::Undo) } else { ended }
            }
            (Err(error), _) => Err(format!("{verb:?}: {error:?}")),
        }
    }

    /// The invariant's.
    pub(super) fn complaint(&self) -> Result<(), String> {
        self.played.state().complaints.first().map_or(Ok(()), |complaint| Err(complaint.clone()))
    }

    /// Byte for byte, and everybody works with it.
    pub(super) fn is_as_before(&self) -> Result<(), String> {
        let changed = self.changed();
        if !changed.is_empty() {
            return Err(format!("not as before: {changed:?}"));
        }
        self.in_use()
    }

    /// What was to be renewed and nothing else.
    pub(super) fn is_new(&self) -> Result<(), String> {
        self.served()?;
        let wanted = self.wanted();
        let changed = self.changed();
        if changed != wanted {
            return Err(format!("changed was {changed:?}, to be changed was {wanted:?}"));
        }
        self.in_use()
    }

    fn wanted(&self) -> Vec<String> {
        let shape = &self.played.shape;
        let mut wanted = Vec::new();
        for (number, node) in shape.nodes.iter().enumerate() {
            for leaf in shape.only.iter().filter(|leaf| node.leaves.contains(leaf)) {
                let files = paths(self.played.layout, leaf);
                wanted.extend(files.iter().map(|path| format!("{}{path}", name(number))));
            }
        }
        wanted.sort();
        wanted
    }

    pub(super) fn changed(&self) -> Vec<String> {
        let now = self.files();
        let all: std::collections::BTreeSet<_> = self.before.keys().chain(now.keys()).collect();
        let other = all.into_iter().filter(|path| self.before.get(*path) != now.get(*path));
        other.map(|path| path.display().to_string()).collect()
    }

    /// Who says that a run is done has seen the servers present what was written, and started who must start.
    fn served(&self) -> Result<(), String> {
        let now_due = |rule: TakesEffect, serves: bool| serves || rule == TakesEffect::Restart;
        self.all_work_with_what_is_stored(now_due)
    }

    /// When all have had time to look.
    fn in_use(&self) -> Result<(), String> {
        self.block_on(async {
            // Long enough for a component to be tried again, for whoever watches, and for timers.
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_secs(60)).await;
                self.played.judge("all was done");
            }
        });
        self.complaint()?;
        self.all_work_with_what_is_stored(|_, _| true)
    }

    fn all_work_with_what_is_stored(&self, due: fn(TakesEffect, bool) -> bool) -> Result<(), String> {
        let layout = self.played.layout;
        let state = self.played.state();
        for (number, node) in state.nodes.iter().enumerate() {
            for process in &node.processes {
                let stale = process.held.iter().map(|(row, held)| (&layout.uses[*row], held)).find(|(row, held)| {
                    let serves = super::played::address(row.leaf, row.purpose).is_some();
                    let root = self.played.root(number);
                    is_identity(row) && due(row.takes_effect, serves) && !held.material.is_as_stored(layout, row, &root)
                });
                if let (Some((row, _)), true) = (stale, process.is_there()) {
                    return Err(format!(
                        "{} on {} still works with the old {}",
                        process.component,
                        name(number),
                        row.leaf
                    ));
                }
                if !process.is_there() && due(TakesEffect::Timer { seconds: 0 }, false) {
                    return Err(format!("{} on {} is away", process.component, name(number)));
                }
            }
        }
        Ok(())
    }

    /// Without what runs keep for themselves.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for number in 0..self.played.shape.nodes.len() {
            let tree = Tree::read(&self.played.root(number));
            for path in tree.entries.keys().filter(|path| !path.starts_with("var/lib/kubectl-certs")) {
                if let Some(bytes) = tree.file(path) {
                    files.insert(Path::new(&name(number)).join(path), bytes.to_vec());
                }
            }
        }
        files
    }

    pub(super) fn plan(&self) -> Plan {
        match self.block_on(answer(&Request::Renew(self.asked()), &self.access, &Control::silent())) {
            Ok(Report::Plan(planned)) => planned.plan,
            other => panic!("no plan: {other:?}"),
        }
    }
}

struct Network(Arc<Played>);

#[async_trait]
impl Nodes for Network {
    fn at(&self, _: &str) -> Arc<dyn Node> {
        Arc::new(LocalNode::new(self.0.folder().join("operator")))
    }

    async fn over_ssh(&self, how: SshOptions) -> Result<Arc<dyn Node>, NodeError> {
        let number = (0..self.0.shape.nodes.len()).find(|number| name(*number) == how.destination);
        let number = number.ok_or_else(|| NodeError::refused(format!("no {}", how.destination)))?;
        Ok(Arc::new(Machine::new(number, self.0.clone())))
    }
}

fn access(played: &Arc<Played>) -> Access {
    Access {
        clock: Arc::new(PlayedClock(played.clone())),
        nodes: Arc::new(Network(played.clone())),
        state: StateDir::at(played.folder().join("operator")),
        ..Access::system()
    }
}

fn put(node: usize, path: &str, at: &Path, rose: i64) {
    let path = path.trim_start_matches('/');
    let (from, to) = (root(template(), node).join(path), at.join(path));
    std::fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    std::fs::copy(&from, &to).unwrap_or_else(|error| panic!("failed to copy {}: {error}", from.display()));
    let hours_ago = SystemTime::UNIX_EPOCH + Duration::from_millis(rose.unsigned_abs()) - Duration::from_secs(7200);
    let file = std::fs::File::options().write(true).open(&to).expect("a file");
    file.set_modified(hours_ago).expect("a time");
}

/// Made once: nodes that share their authorities.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let folder = TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir_in(fast()).expect("a folder");
        for number in 0..NODES {
            let pki = root(folder.path(), number).join("etc/kubernetes/pki");
            std::fs::create_dir_all(pki.join("etcd")).expect("a folder");
            if number > 0 {
                for file in SHARED {
                    std::fs::copy(root(folder.path(), 0).join("etc/kubernetes/pki").join(file), pki.join(file))
                        .expect("shared");
                }
            }
            let node =
                Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, node_name: name(number), ..Kubeadm::new(6443) };
            node.write(&root(folder.path(), number));
        }
        folder
    });
    folder.path()
}

const SHARED: [&str; 8] =
    ["ca.crt", "ca.key", "front-proxy-ca.crt", "front-proxy-ca.key", "etcd/ca.crt", "etcd/ca.key", "sa.key", "sa.pub"];
