//! This machine as a node, or a node's disk seen in a folder of this machine.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;

use super::kubelet::Kubelet;
use super::{
    Facts, Node, NodeError, NodeOp, NodeReply, etcd, files, health, install, issue, journal, kept, lock, presented,
    processes, restart, walk,
};
use crate::access::clock;

pub struct LocalNode {
    pub(super) root: PathBuf,
    /// Instead of the usual place.
    state: Option<PathBuf>,
    /// While it is held; goes with this value, and so with the process.
    pub(super) lock: Mutex<Option<lock::Held>>,
}

impl LocalNode {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), state: None, lock: Mutex::default() }
    }

    /// This machine, for somebody who is not root: what runs need is kept in this folder.
    pub(super) fn keeping_in(state: PathBuf) -> Self {
        Self { root: PathBuf::from("/"), state: Some(state), lock: Mutex::default() }
    }

    /// Where runs keep what they need: backups, staged files, journals, the lock.
    pub(super) fn state(&self) -> Result<PathBuf, NodeError> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        // An absolute symlink on a disk in a folder means a place on that disk, not on the machine that looks at it.
        files::resolve(&self.root, &self.root.join("var/lib/kubectl-certs"))
    }

    pub(super) fn run_folder(&self, run: &str) -> Result<PathBuf, NodeError> {
        let plain = !run.is_empty() && run.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if !plain {
            return Err(NodeError::refused(format!("'{run}' is not the name of a run")));
        }
        files::resolve(&self.root, &self.state()?.join("runs").join(run))
    }

    pub(super) fn is_running_machine(&self) -> bool {
        self.root == Path::new("/")
    }
}

#[async_trait]
impl Node for LocalNode {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        // Files are small and local: blocking here is shorter than handing over to another thread.
        Ok(match op {
            NodeOp::Facts => NodeReply::Facts(facts()),
            NodeOp::Exist { paths } => {
                NodeReply::Existing(paths.into_iter().filter(|path| files::exists_below(&self.root, path)).collect())
            }
            NodeOp::Walk { places, passwords } => NodeReply::Walked(walk::walk(&self.root, &places, &passwords)),
            NodeOp::Processes { programs } => NodeReply::Processes(processes::list(&programs)),
            NodeOp::Replaceable { store } => done(install::replaceable(self, &store))?,
            NodeOp::ReplaceableFiles { paths } => done(install::replaceable_files(self, &paths))?,
            NodeOp::BackUp { run, paths } => done(install::back_up(self, &run, &paths))?,
            NodeOp::BackedUp { run, path } => NodeReply::BackedUp(install::backed_up(self, &run, &path)?),
            NodeOp::MakeRequest { run, step, store, key, added_names } => {
                NodeReply::Request(issue::make_request(self, &run, &step, &store, key, &added_names)?)
            }
            NodeOp::Sign(sign) => NodeReply::Certificate(issue::sign(self, &sign)?),
            NodeOp::Stage { run, step, certificate } => done(issue::stage(self, &run, &step, &certificate))?,
            NodeOp::KeepRequest { name, store, key, added_names } => {
                NodeReply::Request(kept::keep(self, &name, &store, key, &added_names)?)
            }
            NodeOp::KeptRequests => NodeReply::Kept(kept::all(self)?),
            NodeOp::StageKept { run, step, name, certificate } => {
                done(kept::stage(self, &run, &step, &name, &certificate))?
            }
            NodeOp::ForgetKept { name } => done(kept::forget(self, &name))?,
            NodeOp::Staged { run, step } => NodeReply::Staged(issue::staged(self, &run, &step)?),
            NodeOp::Install { run, step, store } => done(install::install(self, &run, &step, &store))?,
            NodeOp::Installed { run, step, store } => {
                NodeReply::Installed(install::installed(self, &run, &step, &store)?)
            }
            NodeOp::Restore { run, paths } => done(install::restore(self, &run, &paths))?,
            NodeOp::Remove { run, paths } => done(install::remove(self, &run, &paths))?,
            NodeOp::ClearDrafts { run, paths } => done(install::clear_drafts(self, &run, &paths))?,
            NodeOp::Restart { component } => {
                NodeReply::Restarted { evidence: restart::restart(self, &component).await? }
            }
            NodeOp::RestartControlPlane { components, drain } => {
                NodeReply::Restarted { evidence: restart::together(self, &components, drain).await? }
            }
            NodeOp::CanDrain { port } => done(restart::can_drain(self, port).await)?,
            NodeOp::HoldEtcd { milliseconds } => done(restart::hold_etcd(self, milliseconds).await)?,
            NodeOp::ReleaseEtcd => done(restart::release_etcd(self).await)?,
            NodeOp::EtcdMembers => NodeReply::EtcdMembers(etcd::members(self).await?),
            NodeOp::MoveEtcdLeader { to } => NodeReply::EtcdMembers(etcd::move_leader(self, &to).await?),
            NodeOp::Health { component } => NodeReply::Health(health::look(self, &component).await?),
            NodeOp::KubeletServing => NodeReply::KubeletServing(Kubelet::of(self).serving_given),
            NodeOp::Lock { run, who, since } => NodeReply::LockedBy(lock::take(self, run, who, since).await?),
            NodeOp::Locked => NodeReply::LockedBy(lock::holder(self)?),
            NodeOp::Unlock { run } => done(lock::release(self, &run))?,
            NodeOp::Append { run, line } => done(journal::append(self, &run, &line))?,
            NodeOp::Journal { run } => NodeReply::Journal(journal::read(self, &run)?),
            NodeOp::SavePlan { run, plan } => done(journal::save_plan(self, &run, &plan))?,
            NodeOp::Plan { run } => NodeReply::Plan(journal::plan(self, &run)?),
            NodeOp::Runs => NodeReply::Runs(journal::runs(self)?),
            NodeOp::Presented { addresses } => NodeReply::Presented(presented::all(addresses).await),
            NodeOp::Probe { endpoints } => NodeReply::Probed(presented::probed(endpoints).await),
            NodeOp::Wipe { run } => done(journal::wipe(self, &run))?,
        })
    }
}

fn done(outcome: Result<(), NodeError>) -> Result<NodeReply, NodeError> {
    outcome.map(|()| NodeReply::Done)
}

#[expect(clippy::disallowed_methods, reason = "this is the port to what the machine says of itself")]
fn facts() -> Facts {
    // sudo keeps the name of the person in a variable of its own.
    let user = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    Facts {
        user: user.unwrap_or_else(|| "somebody".to_owned()),
        host: host().unwrap_or_else(|| "this machine".to_owned()),
        boot: boot(),
        arch: std::env::consts::ARCH.to_owned(),
        is_root: is_root(),
        now_ms: clock::unix_milliseconds(),
    }
}

#[cfg(unix)]
fn host() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(name).filter(|name| !name.is_empty())
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "this is the port to what the machine says of itself")]
fn host() -> Option<String> {
    std::env::var("COMPUTERNAME").ok()
}

/// Changes with each start of the machine.
pub(super) fn boot() -> String {
    files::text("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

#[cfg(unix)]
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
pub(super) fn is_root() -> bool {
    false
}
