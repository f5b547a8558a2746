//! The cluster as it is played: what runs on which node, what time it is, what was seen to go wrong.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

use super::balancer::Balancer;
use super::faults::{Faults, Vice};
use super::peers::Tried;
use super::process::Process;
use super::shape::Shape;
use crate::access::clock::Clock;
use crate::layouts::{Layout, PurposeRow};
use crate::model::Time;

pub(super) struct Played {
    pub(super) shape: Shape,
    pub(super) layout: &'static Layout,
    folder: PathBuf,
    /// Unix milliseconds; from there on it is the runtime's paused clock that tells the time.
    rose: i64,
    curtain: tokio::time::Instant,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) nodes: Vec<NodeState>,
    pub(super) balancer: Balancer,
    pub(super) faults: Faults,
    pub(super) vice: Option<Vice>,
    /// What the invariant has to say, and after which operation.
    pub(super) complaints: Vec<String>,
    /// Where every moment is kept that somebody could be killed at.
    pub(super) film: Option<Vec<Frame>>,
    tried: Tried,
}

#[derive(Clone, Debug, Default)]
pub(super) struct NodeState {
    pub(super) processes: Vec<Process>,
    pub(super) operations: usize,
    /// Of an identity that was written in halves.
    pub(super) second_half: Option<(PathBuf, Vec<u8>)>,
    /// By so many milliseconds its clock is ahead.
    pub(super) ahead: i64,
}

/// A moment: the disks in a folder, and what ran.
pub(super) struct Frame {
    pub(super) before: String,
    pub(super) folder: tempfile::TempDir,
    pub(super) nodes: Vec<NodeState>,
    pub(super) balancer: Balancer,
    pub(super) now: i64,
}

impl Played {
    /// Within the runtime whose clock it goes by.
    pub(super) fn new(shape: Shape, folder: PathBuf, rose: i64) -> Self {
        let layout = shape.layout();
        let state = Mutex::default();
        Self { shape, layout, folder, rose, curtain: tokio::time::Instant::now(), state }
    }

    /// All that can run does, since half an hour.
    pub(super) fn raise(&self) {
        let began = self.began();
        let mut state = self.state();
        state.nodes.clear();
        for number in 0..self.shape.nodes.len() {
            let start = |component| Process::start(component, self.layout, &self.root(number), began);
            let processes = self.components().into_iter().filter_map(start).collect();
            state.nodes.push(NodeState { processes, ..NodeState::default() });
        }
        let behind = |(number, node): (usize, &NodeState)| node.processes.iter().any(is_server).then_some(number);
        let servers = state.nodes.iter().enumerate().filter_map(behind).collect::<Vec<_>>();
        if self.shape.restart {
            state.balancer = Balancer::of(servers.into_iter());
        }
    }

    /// Since when processes run that were never restarted.
    pub(super) fn began(&self) -> i64 {
        self.rose - 1_800_000
    }

    pub(super) fn now(&self) -> i64 {
        self.rose + i64::try_from(self.curtain.elapsed().as_millis()).expect("no eternity")
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panicked on the stage")
    }

    pub(super) fn root(&self, node: usize) -> PathBuf {
        root(&self.folder, node)
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn components(&self) -> Vec<&'static str> {
        let mut components: Vec<_> = self.layout.uses.iter().map(|row| row.component).collect();
        components.sort_unstable();
        components.dedup();
        components
    }

    /// Time has passed on a node, or its files were changed.
    pub(super) fn settle(&self, node: usize) {
        let (now, root) = (self.now(), self.root(node));
        let mut state = self.state();
        let lag = i64::try_from(state.faults.lag).expect("no eternity");
        let State { nodes, balancer, .. } = &mut *state;
        for process in &mut nodes[node].processes {
            let was_away = !process.is_there();
            process.settle(self.layout, &root, now, lag);
            if was_away && process.is_there() && is_server(process) {
                balancer.is_back(node, now);
            }
        }
    }

    /// Whether all peers can talk at this moment.
    pub(super) fn judge(&self, after: &str) {
        for node in 0..self.shape.nodes.len() {
            self.settle(node);
        }
        let now = self.now();
        let mut state = self.state();
        let State { nodes, tried, complaints, .. } = &mut *state;
        let there = nodes
            .iter()
            .enumerate()
            .map(|(number, node)| (name(number), node.processes.iter().filter(|process| process.is_there()).collect()));
        if let Some(parted) = tried.parted(self.layout, &there.collect::<Vec<_>>(), now) {
            complaints.push(format!("after {after}: {parted}"));
        }
    }

    pub(super) fn complain(&self, complaint: Option<String>) {
        self.state().complaints.extend(complaint);
    }

    /// Keeps this moment, if anybody wants to see it.
    pub(super) fn film(&self, before: &str) {
        let now = self.now();
        let mut state = self.state();
        let State { nodes, balancer, film: Some(film), .. } = &mut *state else { return };
        let folder = tempfile::tempdir_in(fast()).expect("a folder");
        copy(&self.folder, folder.path());
        film.push(Frame { before: before.to_owned(), folder, nodes: nodes.clone(), balancer: balancer.clone(), now });
    }
}

pub(super) struct PlayedClock(pub(super) std::sync::Arc<Played>);

impl Clock for PlayedClock {
    fn now(&self) -> Time {
        Time::from_unix(self.0.now().div_euclid(1000))
    }
}

pub(super) fn is_server(process: &Process) -> bool {
    process.component == "kube-apiserver"
}

pub(super) fn name(node: usize) -> String {
    format!("cp{}", node + 1)
}

pub(super) fn root(folder: &Path, node: usize) -> PathBuf {
    folder.join("nodes").join(name(node))
}

/// Where a server of the layout listens on its node.
pub(super) fn address(leaf: &str, purpose: PurposeRow) -> Option<&'static str> {
    let PurposeRow::Serve(_) = purpose else { return None };
    Some(match leaf {
        "apiserver" => "127.0.0.1:6443",
        "etcd-server" => "127.0.0.1:2379",
        "etcd-peer" => "127.0.0.1:2380",
        "kubelet-serving" => "127.0.0.1:10250",
        _ => return None,
    })
}

/// In memory where that can be had: a run flushes hundreds of times.
pub(super) fn fast() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

pub(super) fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from.join("nodes")).arg(to).status().expect("cp runs");
    assert!(status.success(), "failed to copy {} to {}", from.display(), to.display());
}
