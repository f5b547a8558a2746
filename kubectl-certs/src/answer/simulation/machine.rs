//! One node: a real disk, and components that are played over it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use super::faults::Vice;
use super::kubelet;
use super::played::{Played, address, is_server, name};
use super::process::paths;
use crate::access::nodes::{Health, LocalNode, Node, NodeError, NodeErrorKind, NodeOp, NodeReply, Process};
use crate::model::{IdentityStore, Time};

/// A container that does not come up is tried again by the kubelet, later each time.
const TRIED_AGAIN: i64 = 120_000;

pub(super) struct Machine {
    number: usize,
    disk: LocalNode,
    played: Arc<Played>,
}

impl Machine {
    pub(super) fn new(number: usize, played: Arc<Played>) -> Self {
        let disk = LocalNode::new(played.root(number));
        Self { number, disk, played }
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.played.root(self.number).join(path.trim_start_matches('/'))
    }

    /// As a look into `/proc` shows them.
    fn processes(&self) -> Vec<Process> {
        let layout = self.played.layout;
        let mut state = self.played.state();
        let hasty = state.vice == Some(Vice::Hasty);
        let mut seen = Vec::new();
        for (pid, process) in (100..).zip(&mut state.nodes[self.number].processes) {
            let (before, looks) = &mut process.shown;
            let started = if *looks > 0 { *before } else { process.started };
            *looks = looks.saturating_sub(1);
            if !process.is_there() && !hasty {
                continue;
            }
            let rows = process.held.keys().map(|number| &layout.uses[*number]).filter(|row| !row.flag.is_empty());
            let mut options: Vec<(String, String)> =
                rows.map(|row| (row.flag.to_owned(), paths(layout, row.leaf).remove(0))).collect();
            options.push(("listen-client-urls".to_owned(), "https://127.0.0.1:2379".to_owned()));
            options.push(("listen-peer-urls".to_owned(), "https://127.0.0.1:2380".to_owned()));
            seen.push(Process {
                pid,
                program: process.component.to_owned(),
                options,
                started: Time::from_unix(started.div_euclid(1000)),
                contained: true,
                seen: None,
                on_our_root: None,
            });
        }
        seen
    }

    /// The chain that is presented at an address; nothing where nobody could finish a handshake.
    fn chain(&self, asked: &str) -> Option<Vec<Vec<u8>>> {
        let layout = self.played.layout;
        let state = self.played.state();
        let there = state.nodes[self.number].processes.iter().filter(|process| process.is_there());
        let mut held = there.flat_map(|process| &process.held).map(|(number, held)| (&layout.uses[*number], held));
        let (_, held) = held.find(|(row, _)| address(row.leaf, row.purpose) == Some(asked))?;
        held.material.whole.then(|| held.material.leaf.clone().into_iter().collect())
    }

    fn health(&self, component: &str) -> Result<Health, NodeError> {
        let mut state = self.played.state();
        let process = state.nodes[self.number].processes.iter().find(|process| process.component == component);
        let mut healthy = process.ok_or_else(|| NodeError::refused(format!("no {component} here")))?.is_there();
        if let Some((node, ill, looks @ 1..)) = &mut state.faults.ill
            && (*node, *ill) == (self.number, component)
        {
            *looks -= 1;
            healthy = false;
        }
        Ok(Health { healthy, said: format!("{component} says {}", if healthy { "ok" } else { "[-]ping failed" }) })
    }

    /// A kubelet that had a serving pair makes another where that is gone.
    fn serves_for_itself(&self) -> bool {
        let state = self.played.state();
        let mut own = state.nodes[self.number].processes.iter().filter(|process| process.component == "kubelet");
        own.any(|process| process.held.keys().any(|row| self.played.layout.uses[*row].leaf == "kubelet-serving"))
    }

    async fn restart(&self, components: &[String]) -> Result<NodeReply, NodeError> {
        self.stop(components)?;
        let now = self.played.now();
        let (slow, vice) = {
            let mut state = self.played.state();
            if let Some((node, left @ 1..)) = &mut state.faults.failing
                && *node == self.number
            {
                *left -= 1;
                self.away_until(&mut state, components, now + TRIED_AGAIN);
                return Err(NodeError::failed(format!(
                    "{} was stopped and is not healthy again",
                    components.join(", ")
                )));
            }
            let slow = i64::try_from(state.faults.slow).expect("no eternity");
            self.away_until(&mut state, components, now + slow);
            (slow, state.vice)
        };
        if vice == Some(Vice::Hasty) {
            let mut state = self.played.state();
            let own = state.nodes[self.number].processes.iter_mut();
            own.filter(|process| components.iter().any(|name| name == process.component))
                .for_each(|process| process.started = now);
        } else {
            tokio::time::sleep(Duration::from_millis(slow.unsigned_abs())).await;
        }
        if components.iter().any(|component| component == "kubelet") && self.serves_for_itself() {
            kubelet::sign_for_itself(&name(self.number), &self.played.root(self.number));
        }
        self.played.settle(self.number);
        self.show_late(components);
        for component in components.iter().filter(|_| vice.is_none()) {
            let Health { healthy, said } = self.health(component)?;
            if !healthy {
                return Err(NodeError::failed(format!("{component} was restarted and is not healthy: {said}")));
            }
        }
        Ok(NodeReply::Restarted { evidence: format!("{} is played anew", components.join(", ")) })
    }

    /// One at a time: what is away on two nodes is away for everybody.
    fn stop(&self, components: &[String]) -> Result<(), NodeError> {
        let now = self.played.now();
        for node in 0..self.played.shape.nodes.len() {
            self.played.settle(node);
        }
        let mut state = self.played.state();
        for component in components {
            let runs = |node: usize| state.nodes[node].processes.iter().find(|process| process.component == component);
            let Some(process) = runs(self.number) else {
                return Err(NodeError::refused(format!("no {component} here")));
            };
            let others = (0..state.nodes.len()).filter(|node| *node != self.number);
            let away = others.filter_map(|node| Some((node, runs(node)?))).find(|(_, process)| !process.is_there());
            let complaint = away.map(|(node, _)| {
                format!("{component} was stopped on {} while it was away on {}", name(self.number), name(node))
            });
            let waited = if is_server(process) && self.played.shape.restart && process.is_there() {
                state.balancer.stops(self.number, now)
            } else {
                None
            };
            state.complaints.extend(complaint.into_iter().chain(waited));
        }
        Ok(())
    }

    fn away_until(&self, state: &mut super::played::State, components: &[String], back: i64) {
        for process in &mut state.nodes[self.number].processes {
            if components.iter().any(|component| component == process.component) {
                process.back = Some(back);
                process.shown.0 = process.started;
            }
        }
    }

    fn show_late(&self, components: &[String]) {
        let mut state = self.played.state();
        let looks = state.faults.stale;
        for process in &mut state.nodes[self.number].processes {
            if components.iter().any(|component| component == process.component) {
                process.shown.1 = looks;
            }
        }
    }

    async fn drain(&self, milliseconds: u64) {
        if self.played.shape.restart {
            let now = self.played.now();
            let complaint = self.played.state().balancer.refuses(self.number, now);
            self.played.complain(complaint);
        }
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    /// As the disk does it, and with the moment between the two files of a pair.
    async fn install(&self, op: NodeOp, store: &IdentityStore) -> Result<NodeReply, NodeError> {
        let IdentityStore::Pair { certificate, .. } = store else { return self.disk.run(op).await };
        let path = self.at(certificate);
        let old = std::fs::read(&path).ok();
        let reply = self.disk.run(op).await;
        if let (Some(old), Ok(new), true) = (old, std::fs::read(&path), reply.is_ok()) {
            write(&path, &old);
            self.played.film("the second file of a pair");
            let mut state = self.played.state();
            if state.vice == Some(Vice::Halves) {
                state.nodes[self.number].second_half = Some((path, new));
            } else {
                write(&path, &new);
            }
        }
        reply
    }

    /// Their times are those of the play, as are those of the processes that will be compared with them.
    fn touch(&self, store: &IdentityStore) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(self.played.now().unsigned_abs());
        for path in store.paths() {
            let file = std::fs::File::options().write(true).open(self.at(&path)).expect("a file");
            file.set_modified(now).expect("a time");
        }
    }

    fn is_there(&self) -> Result<(), NodeError> {
        let mut state = self.played.state();
        let node = &mut state.nodes[self.number];
        node.operations += 1;
        let operations = node.operations;
        if let Some((path, second)) = node.second_half.take() {
            write(&path, &second);
        }
        match state.faults.lost {
            Some(lost) if lost.node == self.number && operations > lost.from + usize::from(lost.done) => {
                Err(self.no_answer())
            }
            _ => Ok(()),
        }
    }

    /// It was done, but nobody hears of it.
    fn is_last_word(&self) -> bool {
        let state = self.played.state();
        let operations = state.nodes[self.number].operations;
        state.faults.lost.is_some_and(|lost| lost.node == self.number && lost.done && operations == lost.from + 1)
    }

    fn no_answer(&self) -> NodeError {
        NodeError::new(NodeErrorKind::Lost, format!("{}: the connection ended", name(self.number)))
    }
}

/// In place: the mode stays.
fn write(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).expect("a file");
}

#[async_trait]
impl Node for Machine {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        self.is_there()?;
        self.played.settle(self.number);
        let changes = changes(&op);
        let what = format!("{} on {}", word(&op), name(self.number));
        if changes.is_some() {
            self.played.film(&what);
        }
        let reply = self.answer(op).await;
        if changes == Some(Changes::Peers) {
            self.played.judge(&what);
        }
        if self.is_last_word() { Err(self.no_answer()) } else { reply }
    }
}

impl Machine {
    async fn answer(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        match op {
            NodeOp::Facts => {
                let NodeReply::Facts(mut facts) = self.disk.run(op).await? else { unreachable!("facts are facts") };
                facts.host = name(self.number);
                facts.now_ms = self.played.now() + self.played.state().nodes[self.number].ahead;
                Ok(NodeReply::Facts(facts))
            }
            NodeOp::Exist { paths } => {
                let there = |path: &String| self.at(path).exists();
                Ok(NodeReply::Existing(paths.into_iter().filter(there).collect()))
            }
            NodeOp::Processes { .. } => Ok(NodeReply::Processes(self.processes())),
            NodeOp::Presented { addresses } => {
                let seen = addresses.into_iter().map(|address| {
                    let chain = self.chain(&address);
                    (address, chain)
                });
                Ok(NodeReply::Presented(seen.collect()))
            }
            NodeOp::Install { ref store, .. } => {
                let store = store.clone();
                let reply = self.install(op, &store).await;
                if reply.is_ok() {
                    self.touch(&store);
                }
                reply
            }
            NodeOp::CanDrain { port } if self.played.state().faults.without_nft == Some(self.number) => {
                Err(NodeError::refused(format!("port {port}: there is no nft")))
            }
            NodeOp::CanDrain { .. } => Ok(NodeReply::Done),
            NodeOp::Health { component } => Ok(NodeReply::Health(self.health(&component)?)),
            NodeOp::Restart { component } => self.restart(&[component]).await,
            NodeOp::RestartControlPlane { components, drain } => {
                if let Some(drain) = drain {
                    self.drain(drain.settle_ms).await;
                }
                self.restart(&components).await
            }
            NodeOp::Lock { .. } => self.lock(op).await,
            other => self.disk.run(other).await,
        }
    }

    /// Played time is over before a child that another test is just starting lets go of the file.
    async fn lock(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        for _ in 0..100 {
            match self.disk.run(op.clone()).await {
                Ok(NodeReply::LockedBy(Some(nobody))) if nobody.pid == 0 => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                reply => return reply,
            }
        }
        self.disk.run(op).await
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    /// What the program keeps for itself.
    Own,
    /// What others work with.
    Peers,
}

fn changes(op: &NodeOp) -> Option<Changes> {
    match op {
        NodeOp::Install { .. }
        | NodeOp::Restore { .. }
        | NodeOp::Remove { .. }
        | NodeOp::Restart { .. }
        | NodeOp::RestartControlPlane { .. } => Some(Changes::Peers),
        NodeOp::BackUp { .. }
        | NodeOp::MakeRequest { .. }
        | NodeOp::Stage { .. }
        | NodeOp::ClearDrafts { .. }
        | NodeOp::Append { .. }
        | NodeOp::SavePlan { .. } => Some(Changes::Own),
        _ => None,
    }
}

fn word(op: &NodeOp) -> String {
    let all = format!("{op:?}");
    all.chars().take_while(char::is_ascii_alphanumeric).collect()
}
