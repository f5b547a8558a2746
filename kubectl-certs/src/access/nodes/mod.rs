//! A node: what can be asked of the machine that holds the files.
//!
//! An operation is data, so that it can travel to another machine, be recorded and be interrupted by a test. Private
//! keys never leave the node: a reply holds certificates, requests and public halves only.

#[cfg(unix)]
mod command;
mod etcd;
mod files;
mod fleet;
mod grpc;
mod health;
pub mod helper;
mod http;
mod install;
mod issue;
mod journal;
mod kept;
mod kubelet;
mod local;
mod lock;
mod marks;
pub mod operator;
mod presented;
mod processes;
mod reach;
mod replacement;
#[cfg(unix)]
mod restart;
#[cfg(not(unix))]
#[path = "restart/elsewhere.rs"]
mod restart;
mod rights;
#[cfg(unix)]
mod runtime;
pub mod ssh;
mod walk;

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use fleet::{Fleet, Member};
pub use local::LocalNode;
pub use operator::{InUse, KubeconfigUser, Own, OwnNode};
pub use reach::{ThisMachine, facts, fleet, reach};
pub use ssh::{HelperSource, SshNode, SshOptions};

use crate::access::tls::{Presented, ProbeError};
use crate::error::ErrorKind;
use crate::formats::keystore::Password;
use crate::formats::{Content, bytes};
use crate::model::{IdentityStore, KeyChoice, Rights, ServerName, Time};
use crate::request::Connection;

/// How to reach nodes.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// A disk that is seen at `root` here, `/` for this machine.
    fn at(&self, root: &str) -> Arc<dyn Node>;

    /// A machine elsewhere.
    async fn over_ssh(&self, how: SshOptions) -> Result<Arc<dyn Node>, NodeError>;

    /// Which kubeconfig is in use on this machine.
    fn in_use(&self, _: &Connection) -> InUse {
        InUse::Nothing
    }
}

#[async_trait]
pub trait Node: Send + Sync {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError>;
}

/// Paths are those of the machine that the program runs on, a root included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NodeOp {
    Facts,
    /// Which of these exist.
    Exist {
        paths: Vec<String>,
    },
    /// Everything below these folders or files, read.
    Walk {
        places: Vec<String>,
        /// For keystores; the usual ones are tried without being named.
        #[serde(default)]
        passwords: Vec<Password>,
    },
    /// Running processes of these programs.
    Processes {
        programs: Vec<String>,
    },
    /// Could the identity there be replaced by another one? Refused with what stands in the way.
    Replaceable {
        store: IdentityStore,
    },
    /// The same of files, whatever is in them: could they be put back, or taken away?
    ReplaceableFiles {
        paths: Vec<String>,
    },
    /// Copies the files with their metadata into the run's folder. What is there already stays: it is the older truth.
    BackUp {
        run: String,
        paths: Vec<String>,
    },
    /// Is a backup of this path there, and is its content this?
    BackedUp {
        run: String,
        path: String,
    },
    /// A key for an identity, and the request for its certificate. A key staged earlier is used again.
    MakeRequest {
        run: String,
        step: String,
        store: IdentityStore,
        key: KeyChoice,
        /// Names that the certificate gets beside those of the old one.
        added_names: Vec<ServerName>,
    },
    /// Signs a request as a re-issue of an existing certificate.
    Sign(Sign),
    /// Puts the signed certificate beside the staged key, after checking that they belong together.
    Stage {
        run: String,
        step: String,
        #[serde(with = "bytes")]
        certificate: Vec<u8>,
    },
    /// A key that waits for the certificate of an authority elsewhere, and the request for it: made once, nothing live is
    /// touched.
    KeepRequest {
        /// Of the leaf.
        name: String,
        store: IdentityStore,
        key: KeyChoice,
        added_names: Vec<ServerName>,
    },
    /// All that wait.
    KeptRequests,
    /// Stages a kept key and the certificate that came for it, PEM, the leaf first.
    StageKept {
        run: String,
        step: String,
        name: String,
        certificate: String,
    },
    /// Wipes a kept key: its certificate is in use, and the key with it.
    ForgetKept {
        name: String,
    },
    /// What is staged for a step.
    Staged {
        run: String,
        step: String,
    },
    /// Puts a staged identity in the place of the old one.
    Install {
        run: String,
        step: String,
        store: IdentityStore,
    },
    /// What `Install` makes of the files as they were backed up.
    Installed {
        run: String,
        step: String,
        store: IdentityStore,
    },
    /// Puts the backed-up files back.
    Restore {
        run: String,
        paths: Vec<String>,
    },
    /// Takes these files away; refused without their backups.
    Remove {
        run: String,
        paths: Vec<String>,
    },
    /// Removes what a run that was killed left beside these files while it replaced them: it may hold a new key.
    ClearDrafts {
        run: String,
        paths: Vec<String>,
    },
    /// Restarts a static pod of the control plane, or `kubelet`, and waits until what runs anew is healthy.
    Restart {
        component: String,
    },
    /// Restarts static pods of one node together, `etcd` and `kube-apiserver` above all: of all orders that were tried
    /// the one in which no request of anybody failed, provided that another member leads etcd.
    RestartControlPlane {
        components: Vec<String>,
        drain: Option<Drain>,
    },
    /// Could new connections to this port be turned away, as `RestartControlPlane` does to drain a server? Refused with
    /// what is missing.
    CanDrain {
        port: u16,
    },
    /// Is it healthy at this moment, by the probe of its own manifest?
    Health {
        component: String,
    },
    /// What makes the kubelet serve another certificate than one that it makes for itself?
    KubeletServing,
    /// For so long (at most a second) the requests of clients wait at the door of this node's etcd: with all doors held
    /// while the leadership moves, none is lost. The kernel lets them in again by itself.
    HoldEtcd {
        milliseconds: u64,
    },
    /// Ends `HoldEtcd` before its time.
    ReleaseEtcd,
    /// The etcd cluster, as the member of this node sees it.
    EtcdMembers,
    /// Gives the leadership of etcd, which must be this node's, to another member.
    MoveEtcdLeader {
        to: String,
    },
    /// Takes the lock, or tells who has it. It is held by the process that serves the node, until `Unlock` or the end of
    /// that process, and that is whose `pid` the holder gets.
    Lock {
        run: String,
        who: String,
        since: Time,
    },
    /// Who has the lock, without taking it.
    Locked,
    Unlock {
        run: String,
    },
    /// Appends one line to the journal of a run and flushes it to the disk.
    Append {
        run: String,
        line: String,
    },
    /// The journal of a run, whole lines only.
    Journal {
        run: String,
    },
    /// The plan of a run, written once.
    SavePlan {
        run: String,
        plan: String,
    },
    Plan {
        run: String,
    },
    Runs,
    /// What `HOST:PORT` present in TLS handshakes, seen from the node: many ports listen there only.
    Presented {
        addresses: Vec<String>,
    },
    /// The same of endpoints as they are printed, with all that servers tell.
    Probe {
        endpoints: Vec<String>,
    },
    /// Wipes backups and staged files of a run, and the helper; the journal stays.
    Wipe {
        run: String,
    },
}

/// New connections to this port are refused while the server behind it restarts, so that load balancers look elsewhere
/// before it goes. The node's own processes still come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    pub port: u16,
    /// How long the load balancers need to notice, in milliseconds.
    pub settle_ms: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    pub authority_certificate: String,
    pub authority_key: String,
    /// DER of the certificate to be renewed.
    #[serde(with = "bytes")]
    pub old: Vec<u8>,
    /// DER, PKCS#10.
    #[serde(with = "bytes")]
    pub request: Vec<u8>,
    /// Beside those of the old certificate.
    pub added_names: Vec<ServerName>,
    pub not_before: Time,
    pub not_after: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    pub run: String,
    pub who: String,
    pub since: Time,
    /// Of the process on the node that holds it, in the boot that is named.
    pub pid: u32,
    pub boot: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum NodeReply {
    Done,
    Facts(Facts),
    Existing(Vec<String>),
    Walked(Walked),
    Processes(Vec<Process>),
    /// Digest of the backed-up copy, if there is one.
    BackedUp(Option<String>),
    Request(#[serde(with = "bytes")] Vec<u8>),
    Certificate(#[serde(with = "bytes")] Vec<u8>),
    Kept(Vec<Kept>),
    Staged(Option<Staged>),
    /// Path and digest of each file.
    Installed(Vec<(String, String)>),
    Restarted {
        evidence: String,
    },
    Health(Health),
    /// As a sentence; nothing where it makes its own.
    KubeletServing(Option<String>),
    EtcdMembers(EtcdMembers),
    LockedBy(Option<Holder>),
    Journal(Vec<String>),
    Plan(Option<String>),
    Runs(Vec<String>),
    /// Each address, and the chain that is presented there, as DER, the leaf first; nothing where there was no handshake.
    Presented(#[serde(with = "bytes")] Vec<(String, Option<Vec<Vec<u8>>>)>),
    /// In the order of the question.
    Probed(Vec<Result<Presented, ProbeError>>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub host: String,
    pub user: String,
    pub boot: String,
    /// As Rust names it: `x86_64`, `aarch64`.
    pub arch: String,
    pub is_root: bool,
    /// The node's clock in milliseconds since 1970, read when it answered.
    pub now_ms: i64,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Walked {
    pub files: Vec<FileRecord>,
    /// Path, and why it could not be read.
    pub unread: Vec<(String, Unread, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unread {
    NotAFile,
    NotFound,
    PermissionDenied,
    TooLarge,
    Failed,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FileRecord {
    pub path: String,
    /// Where a symlink finally leads, on this machine.
    pub target: Option<String>,
    pub modified: Time,
    pub digest: String,
    /// Absent where the system has none.
    #[serde(default)]
    pub id: Option<FileId>,
    /// Where it holds a private key that others than its owner may read.
    #[serde(default)]
    pub rights: Option<Rights>,
    pub content: Content,
}

/// What a file is, whatever it is called: the same path means another file in another container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    pub device: u64,
    pub inode: u64,
}

#[derive(Clone, Debug, Eq, Serialize, Deserialize)]
pub struct Process {
    pub pid: u32,
    pub program: String,
    /// Only `--name=value` options that name files or addresses: others may hold secrets.
    pub options: Vec<(String, String)>,
    pub started: Time,
    /// It runs in a container.
    pub contained: bool,
    /// What the process finds under the paths of its options; absent where that may not be looked at.
    #[serde(default)]
    pub seen: Option<Vec<(String, Seen)>>,
    /// Its root is that of this machine; absent where that may not be looked at.
    #[serde(default)]
    pub on_our_root: Option<bool>,
}

/// A file as a process finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    pub id: FileId,
    /// It has no name any more: replaced since it was mounted, and the container still has the old one.
    pub replaced: bool,
}

/// One and the same for as long as it runs, whatever becomes of the files that it names.
impl PartialEq for Process {
    fn eq(&self, other: &Self) -> bool {
        (self.pid, &self.program, self.started) == (other.pid, &other.program, other.started)
    }
}

impl NodeOp {
    /// Where no keystore is expected.
    pub fn walk(places: Vec<String>) -> Self {
        Self::Walk { places, passwords: Vec::new() }
    }
}

impl Process {
    /// Whether this option names that file, which is called `path` here. Only where a process may not be looked into, the
    /// text of the path must do.
    pub fn names(&self, option: &str, path: &str, file: Option<FileId>) -> bool {
        let (Some(seen), Some(file)) = (&self.seen, file) else {
            return self.option(option) == Some(path);
        };
        seen.iter().filter(|(name, _)| name == option).any(|(_, seen)| {
            let its_old_one = seen.replaced && seen.id.device == file.device && self.option(option) == Some(path);
            seen.id == file || its_old_one
        })
    }

    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    pub healthy: bool,
    /// Where was asked, and the answer: a sentence without its full stop.
    pub said: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdMembers {
    /// The member of this node. Ids are in hexadecimal, as etcdctl shows them.
    pub this: String,
    /// None during an election.
    pub leader: Option<String>,
    pub members: Vec<EtcdMember>,
}

impl EtcdMembers {
    pub fn this_leads(&self) -> bool {
        self.leader.as_ref() == Some(&self.this)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EtcdMember {
    pub id: String,
    /// Empty before it has been started.
    pub name: String,
    /// It has no vote yet.
    pub learner: bool,
    /// It answered for itself just now, and could read what a majority agrees on.
    pub healthy: bool,
    pub said: String,
}

/// A key that waits: its public half and the request that was made for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub name: String,
    /// DER of the public key (SPKI).
    #[serde(with = "bytes")]
    pub public_key: Vec<u8>,
    /// DER, PKCS#10.
    #[serde(with = "bytes")]
    pub request: Vec<u8>,
}

/// What lies ready for a step: the public half of the key, and the certificate once it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staged {
    /// DER of the public key (SPKI).
    #[serde(with = "bytes")]
    pub public_key: Vec<u8>,
    #[serde(with = "bytes")]
    pub certificate: Option<Vec<u8>>,
}

/// What went wrong on a node: what was to be done with what, and why not.
#[derive(Clone, Debug, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct NodeError {
    pub message: String,
    pub kind: NodeErrorKind,
    /// What to do next, one to a line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NodeErrorKind {
    NotFound,
    PermissionDenied,
    /// It would not be safe, or the world is not as expected; nothing was changed.
    Refused,
    Failed,
    /// There is no connection to the node; nothing was asked of it.
    Unreachable,
    /// The connection ended before the answer came: whether it was done is not known.
    Lost,
}

impl From<&NodeError> for ErrorKind {
    fn from(error: &NodeError) -> Self {
        match error.kind {
            NodeErrorKind::Refused => Self::Refused,
            NodeErrorKind::Unreachable => Self::Unreadable,
            _ => Self::FailedSafe,
        }
    }
}

impl NodeError {
    pub(crate) fn new(kind: NodeErrorKind, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind, hints: Vec::new() }
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(NodeErrorKind::Failed, message)
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::new(NodeErrorKind::Refused, message)
    }

    pub(crate) fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => NodeErrorKind::NotFound,
            std::io::ErrorKind::PermissionDenied => NodeErrorKind::PermissionDenied,
            _ => NodeErrorKind::Failed,
        };
        let failed = Self::new(kind, format!("failed to {what} {}: {error}", path.display()));
        match kind {
            NodeErrorKind::PermissionDenied if local::is_root() => failed.hint(
                "root was denied it: look for chattr +i (lsattr), a mount that is read only there, SELinux or AppArmor",
            ),
            NodeErrorKind::PermissionDenied => {
                failed.hint("run it as root: the files of a control plane belong to root")
            }
            _ => failed,
        }
    }
}
