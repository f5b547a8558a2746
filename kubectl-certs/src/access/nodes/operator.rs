//! The kubeconfig of who runs the program, as a node of one file: no other is read or written, and what runs keep of it
//! (backups, staged keys, the journal, the lock) lies in the person's own state folder.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{LocalNode, Node, NodeError, NodeErrorKind, NodeOp, NodeReply, files};
use crate::access::cluster;
use crate::request::Connection;

/// Which user of which file kubectl would be, on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InUse {
    /// There is no kubeconfig, or options say all that there is to say.
    Nothing,
    User(KubeconfigUser),
    /// The file, and why it cannot be used.
    Unusable(String, String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubeconfigUser {
    pub path: String,
    pub user: String,
}

/// What a member of a fleet holds of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    pub kubeconfig: KubeconfigUser,
    /// The operator's state folder; none where this machine is a node itself, which has one.
    pub state: Option<PathBuf>,
}

impl Own {
    /// Nothing else of this machine belongs to the fleet.
    pub fn is_all(&self) -> bool {
        self.state.is_some()
    }
}

pub(super) fn in_use(connection: &Connection) -> InUse {
    match cluster::choose(connection) {
        Ok(Some(chosen)) => match (chosen.user_file, chosen.user) {
            (Some(file), user) if !user.is_empty() => {
                InUse::User(KubeconfigUser { path: file.to_string_lossy().into_owned(), user })
            }
            _ => InUse::Nothing,
        },
        Ok(None) => InUse::Nothing,
        Err(error) => match cluster::kubeconfig_paths(connection).first() {
            Some(path) => InUse::Unusable(path.to_string_lossy().into_owned(), error.message),
            None => InUse::Nothing,
        },
    }
}

/// One name for each file, whatever links lead to it.
pub fn real_path(path: &str) -> String {
    let real = files::resolve(Path::new("/"), Path::new(path));
    real.map_or_else(|_| path.to_owned(), |real| real.to_string_lossy().into_owned())
}

pub struct OwnNode {
    disk: LocalNode,
    path: String,
}

impl OwnNode {
    pub fn new(path: &str, state: PathBuf) -> Self {
        Self { disk: LocalNode::keeping_in(state), path: path.to_owned() }
    }
}

#[async_trait]
impl Node for OwnNode {
    async fn run(&self, op: NodeOp) -> Result<NodeReply, NodeError> {
        let paths = paths_of(&op)?;
        if let Some(other) = paths.iter().find(|path| **path != self.path) {
            return Err(NodeError::refused(format!("{other} is not the kubeconfig {} of this run", self.path)));
        }
        self.disk.run(op).await.map_err(|error| for_its_owner(error, &self.path))
    }
}

/// What an operation touches; whatever belongs to nodes of a cluster is none for this machine.
fn paths_of(op: &NodeOp) -> Result<Vec<String>, NodeError> {
    Ok(match op {
        NodeOp::Walk { places: paths, .. }
        | NodeOp::Exist { paths }
        | NodeOp::ReplaceableFiles { paths }
        | NodeOp::BackUp { paths, .. }
        | NodeOp::Restore { paths, .. }
        | NodeOp::ClearDrafts { paths, .. } => paths.clone(),
        NodeOp::BackedUp { path, .. } => vec![path.clone()],
        NodeOp::Replaceable { store }
        | NodeOp::MakeRequest { store, .. }
        | NodeOp::Install { store, .. }
        | NodeOp::Installed { store, .. } => store.paths(),
        NodeOp::Facts
        | NodeOp::Stage { .. }
        | NodeOp::Staged { .. }
        | NodeOp::Lock { .. }
        | NodeOp::Locked
        | NodeOp::Unlock { .. }
        | NodeOp::Append { .. }
        | NodeOp::Journal { .. }
        | NodeOp::SavePlan { .. }
        | NodeOp::Plan { .. }
        | NodeOp::Runs
        | NodeOp::Wipe { .. } => Vec::new(),
        _ => return Err(NodeError::refused("this machine has nothing but the operator's kubeconfig in this run")),
    })
}

/// Root is nobody here.
fn for_its_owner(mut error: NodeError, path: &str) -> NodeError {
    if error.kind == NodeErrorKind::PermissionDenied {
        error.hints = vec![format!("see who owns {path} and its folder: it is renewed by who may write both")];
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::IdentityStore;

    #[tokio::test]
    async fn no_other_file_is_touched_and_nothing_of_a_node_is_done() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::write(at("config"), "kind: Config").expect("written");
        std::fs::write(at("other"), "theirs").expect("written");
        let node = OwnNode::new(&at("config"), folder.path().join("state"));
        let run = || "r1".to_owned();
        let paths = |name: &str| vec![at(name)];
        node.run(NodeOp::BackUp { run: run(), paths: paths("config") }).await.expect("its own");
        assert!(folder.path().join("state/runs/r1/backup").is_dir());
        let store = IdentityStore::Kubeconfig { path: at("other"), user: "a".to_owned() };
        for op in [
            NodeOp::BackUp { run: run(), paths: paths("other") },
            NodeOp::Restore { run: run(), paths: paths("other") },
            NodeOp::Install { run: run(), step: "s".to_owned(), store },
            NodeOp::Remove { run: run(), paths: paths("config") },
            NodeOp::Restart { component: "kubelet".to_owned() },
        ] {
            let error = node.run(op.clone()).await.expect_err("refused");
            assert_eq!(error.kind, NodeErrorKind::Refused, "{op:?}: {error}");
        }
    }
}
