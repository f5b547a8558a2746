//! One node: a real disk, and components that are played over it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::access::nodes::{Health, LocalNode, Node, NodeError, NodeErrorKind, NodeOp, NodeReply, Process};
use crate::formats::{self, certificate};
use crate::layouts::{Layout, PurposeRow, Store, UseRow};
use crate::model::{CertId, TakesEffect, Time};

/// What goes wrong, for all nodes of a stage.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// On the node of this number, the first so many restarts fail.
    pub(super) failing_restarts: (usize, u32),
    /// On the node of this number, this component answers so many times that it is not healthy.
    pub(super) ill: Option<(usize, &'static str, u32)>,
    pub(super) api_servers_restarted: u32,
    /// The node of this number has no firewall to drain a server with.
    pub(super) without_nft: Option<usize>,
    /// The node of this number does not answer from its so-many-th operation on.
    pub(super) lost: Option<(usize, usize)>,
}

pub(super) struct Machine {
    pub(super) name: String,
    number: usize,
    disk: LocalNode,
    root: PathBuf,
    faults: Arc<Mutex<Faults>>,
    running: Mutex<Running>,
}

struct Running {
    started: BTreeMap<&'static str, i64>,
    /// By the path of the file: what the component presents.
    loaded: BTreeMap<String, CertId>,
    operations: usize,
}

impl Machine {
    pub(super) fn start(name: &str, number: usize, root: &Path, faults: Arc<Mutex<Faults>>, began: i64) -> Self {
        let components = layout().uses.iter().map(|row| row.component).filter(|name| *name != "kubelet");
        let started = components.map(|component| (component, began)).collect();
        let machine = Self {
            name: name.to_owned(),
            number,
            disk: LocalNode::new(root),
            root: root.to_owned(),
            faults,
            running: Mutex::new(Running { started, loaded: BTreeMap::new(), operations: 0 }),
        };
        let all: Vec<&str> = layout().uses.iter().map(|row| row.component).collect();
        machine.load(&all);
        machine
    }

    /// The same machine for another operator's program: what runs goes on running.
    pub(super) fn for_another(&self) -> Self {
        let running = self.running.lock().expect("running");
        let running = Running { started: running.started.clone(), loaded: running.loaded.clone(), operations: 0 };
        Self {
            name: self.name.clone(),
            number: self.number,
            disk: LocalNode::new(&self.root),
            root: self.root.clone(),
            faults: self.faults.clone(),
            running: Mutex::new(running),
        }
    }

    /// A client or server identity whose component works with something else than lies on the disk, now that all looks
    /// are over; timers aside.
    pub(super) fn stale(&self) -> Option<String> {
        let running = self.running.lock().expect("running");
        layout().uses.iter().filter(|row| row.takes_effect == TakesEffect::Restart).find_map(|row| {
            let path = path_of(row)?;
            let loaded = running.loaded.get(&path)?;
            let (stored, _) = self.identity(&path)?;
            (*loaded != stored).then(|| format!("{} on {} still works with the old {path}", row.component, self.name))
        })
    }

    /// Each identity in use is one with its key: nobody is ever handed halves of two.
    pub(super) fn torn(&self) -> Option<String> {
        layout().uses.iter().filter_map(path_of).find_map(|path| {
            let (_, whole) = self.identity(&path)?;
            (!whole).then(|| format!("{path} on {} does not belong to its key", self.name))
        })
    }

    /// The leaf at this path of the layout, and whether its key belongs to it.
    fn identity(&self, path: &str) -> Option<(CertId, bool)> {
        let read = |path: &str| Some(formats::read(&std::fs::read(self.root.join(path.trim_start_matches('/'))).ok()?));
        let mut content = read(path)?;
        if let Some(view) = &content.kubeconfig {
            content = view.users.first()?.embedded.clone()?;
        }
        let leaf = certificate::parse(content.certificates.first()?).ok()?;
        let key = match &content.key {
            Some(key) => Some(key.public.clone()),
            None => read(&path.replace(".crt", ".key")).and_then(|content| Some(content.key?.public)),
        };
        let whole = leaf.is_authority || key.is_some_and(|key| key == leaf.public_key);
        Some((leaf.fingerprint, whole))
    }

    fn load(&self, components: &[&str]) {
        let mut running = self.running.lock().expect("running");
        for row in layout().uses.iter().filter(|row| components.contains(&row.component)) {
            if let Some((path, (leaf, _))) = path_of(row).and_then(|path| Some((path.clone(), self.identity(&path)?))) {
                running.loaded.insert(path, leaf);
            }
        }
    }

    /// A pair that does not belong together is not loaded by anybody.
    fn presents(&self, path: &str) -> Option<CertId> {
        let (stored, whole) = self.identity(path)?;
        let mut running = self.running.lock().expect("running");
        let loaded = running.loaded.entry(path.to_owned()).or_insert_with(|| stored.clone());
        if whole {
            *loaded = stored;
        }
        Some(loaded.clone())
    }

    fn chain(&self, path: &str) -> Option<Vec<Vec<u8>>> {
        // Only what is on the disk can be shown whole; what was loaded before is told by being nothing known.
        let seen = self.presents(path)?;
        let bytes = std::fs::read(self.root.join(path.trim_start_matches('/'))).ok()?;
        let der = formats::read(&bytes).certificates.into_iter().next()?;
        Some(vec![if certificate::fingerprint(&der) == seen { der } else { b"the old one".to_vec() }])
    }

    fn restart(&self, component: &str) -> Result<NodeReply, NodeError> {
        let mut faults = self.faults.lock().expect("faults");
        if faults.failing_restarts.0 == self.number && faults.failing_restarts.1 > 0 {
            faults.failing_restarts.1 -= 1;
            return Err(NodeError::failed(format!("{component} was stopped and is not healthy again")));
        }
        drop(faults);
        let row = layout().uses.iter().find(|row| row.component == component).map(|row| row.component);
        let component = row.ok_or_else(|| NodeError::refused(format!("no {component} here")))?;
        if component == "kubelet" {
            self.sign_for_itself();
        }
        self.load(&[component]);
        let now = crate::access::clock::Clock::now(&crate::access::clock::SystemClock);
        self.running.lock().expect("running").started.insert(component, now.unix());
        if component == "kube-apiserver" {
            self.faults.lock().expect("faults").api_servers_restarted += 1;
        }
        if let Health { healthy: false, said } = self.health(component) {
            return Err(NodeError::failed(format!("{component} was restarted and is not healthy: {said}")));
        }
        Ok(NodeReply::Restarted { evidence: format!("{component} is played anew") })
    }

    /// As a kubelet does at its start where it has no serving pair (client-go `util/cert`).
    pub(super) fn sign_for_itself(&self) {
        let folder = self.root.join("var/lib/kubelet/pki");
        if folder.join("kubelet.crt").exists() {
            return;
        }
        std::fs::create_dir_all(&folder).expect("a folder");
        let named = |name: String| {
            let mut parameters = rcgen::CertificateParams::new(vec![self.name.clone()]).expect("a name");
            parameters.distinguished_name = rcgen::DistinguishedName::new();
            parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
            parameters
        };
        let key = || rcgen::KeyPair::generate().expect("a key");
        let authority = rcgen::CertifiedIssuer::self_signed(named(format!("{}-ca@1767405600", self.name)), key());
        let authority = authority.expect("an authority");
        let key = key();
        let leaf = named(format!("{}@1767405600", self.name)).signed_by(&key, &authority).expect("a certificate");
        std::fs::write(folder.join("kubelet.crt"), leaf.pem() + &authority.pem()).expect("written");
        std::fs::write(folder.join("kubelet.key"), key.serialize_pem()).expect("written");
    }

    fn health(&self, component: &str) -> Health {
        let mut faults = self.faults.lock().expect("faults");
        let healthy = match &mut faults.ill {
            Some((node, ill, looks)) if *node == self.number && *ill == component && *looks > 0 => {
                *looks -= 1;
                false
            }
            _ => true,
        };
        Health { healthy, said: format!("{component} says {}", if healthy { "ok" } else { "[-]ping failed" }) }
    }

    fn processes(&self) -> Vec<Process> {
        let running = self.running.lock().expect("running");
        let mut processes: Vec<Process> = Vec::new();
        for (pid, (component, started)) in (100..).zip(&running.started) {
            let rows = layout().uses.iter().filter(|row| row.component == *component && !row.flag.is_empty());
            let mut options: Vec<(String, String)> =
                rows.filter_map(|row| Some((row.flag.to_owned(), path_of(row)?))).collect();
            options.push(("listen-client-urls".to_owned(), "https://127.0.0.1:2379".to_owned()));
            options.push(("listen-peer-urls".to_owned(), "https://127.0.0.1:2380".to_owned()));
            let program = (*component).to_owned();
            processes.push(Process {
                pid,
                program,
                options,
                started: Time::from_unix(*started),
                contained: true,
                seen: None,
                on_our_root: None,
            });
        }
        processes
    }

    /// Counts, and says whether the program that asks is still there.
    fn is_there(&self) -> Result<(), NodeError> {
        let mut running = self.running.lock().expect("running");
        running.operations += 1;
        let faults = self.faults.lock().expect("faults");
        match faults.lost {
            Some((node, from)) if node == self.number && running.operations > from => {
                Err(NodeError::new(NodeErrorKind::Lost, format!("{}: the connection ended", self.name)))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Node for Machine {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        self.is_there()?;
        match op {
            NodeOp::Facts => {
                let NodeReply::Facts(mut facts) = self.disk.run(op).await? else { unreachable!("facts are facts") };
                facts.host.clone_from(&self.name);
                Ok(NodeReply::Facts(facts))
            }
            NodeOp::Exist { paths } => {
                let there = |path: &String| self.root.join(path.trim_start_matches('/')).exists();
                Ok(NodeReply::Existing(paths.into_iter().filter(there).collect()))
            }
            NodeOp::Processes { .. } => Ok(NodeReply::Processes(self.processes())),
            NodeOp::Presented { addresses } => {
                let path = |address: &str| SERVERS.iter().find(|(known, _)| *known == address).map(|(_, path)| *path);
                let seen = addresses.into_iter().map(|address| {
                    let chain = path(&address).and_then(|path| self.chain(path));
                    (address, chain)
                });
                Ok(NodeReply::Presented(seen.collect()))
            }
            NodeOp::Restart { component } => self.restart(&component),
            NodeOp::RestartControlPlane { components, .. } => {
                components.iter().map(|component| self.restart(component)).collect::<Result<Vec<_>, _>>()?;
                Ok(NodeReply::Restarted { evidence: "played anew together".to_owned() })
            }
            NodeOp::CanDrain { port } => match self.faults.lock().expect("faults").without_nft {
                Some(node) if node == self.number => Err(NodeError::refused(format!("port {port}: there is no nft"))),
                _ => Ok(NodeReply::Done),
            },
            NodeOp::Health { component } => Ok(NodeReply::Health(self.health(&component))),
            other => self.disk.run(other).await,
        }
    }
}

const SERVERS: [(&str, &str); 3] = [
    ("127.0.0.1:6443", "/etc/kubernetes/pki/apiserver.crt"),
    ("127.0.0.1:2379", "/etc/kubernetes/pki/etcd/server.crt"),
    ("127.0.0.1:2380", "/etc/kubernetes/pki/etcd/peer.crt"),
];

fn layout() -> &'static Layout {
    Layout::named("kubeadm").expect("the layout of the stage")
}

/// The file of an identity; trust is not played here, since leaf renewal changes none of it.
fn path_of(row: &UseRow) -> Option<String> {
    if matches!(row.purpose, PurposeRow::Trust(_) | PurposeRow::Sign(_)) || row.component == "kubelet" {
        return None;
    }
    match layout().leaf(row.leaf)?.store {
        Store::Pair { certificate, .. } => Some(format!("/etc/kubernetes/{certificate}")),
        Store::Combined(path) | Store::Kubeconfig(path) => Some(format!("/etc/kubernetes/{path}")),
    }
}
