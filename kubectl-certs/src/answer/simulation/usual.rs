//! A stage for single stories: three alike nodes with one leaf of each kind, and what is asked of them.

use super::faults::{Faults, Lost};
use super::kubelet;
use super::played::{name, root};
use super::shape::Shape;
use super::stage::Stage;
use crate::request::{Renew, Scope, Ssh};

/// Watched, read for each handshake, read at the start.
const ONLY: [&str; 3] = ["apiserver", "etcd-server", "scheduler.conf"];
const ALL: [&str; 3] = ["cp1", "cp2", "cp3"];

impl Stage {
    pub(super) fn usual() -> Self {
        Self::new(&Shape::kubeadm(3, &[&ONLY[..], &["kubelet.conf"]].concat(), &ONLY))
    }

    pub(super) fn request() -> Renew {
        Renew { scope: Self::nodes(&ALL), all: true, only: ONLY.map(str::to_owned).to_vec(), ..Renew::default() }
    }

    /// Of these nodes only.
    pub(super) fn nodes(names: &[&str]) -> Scope {
        let hosts = names.iter().map(|name| (*name).to_owned()).collect();
        Scope { ssh: Ssh { hosts, ..Ssh::default() }, ..Scope::default() }
    }

    /// It answers nothing from its so-many-th operation on.
    pub(super) fn lose(&self, node: usize, from: usize) {
        self.set(&Faults { lost: Some(Lost { node, from, done: false }), ..Faults::default() });
    }

    pub(super) fn root(&self, node: &str) -> std::path::PathBuf {
        let number = ALL.iter().position(|name| *name == node).expect("a node of the stage");
        root(self.played.folder(), number)
    }

    /// The kubelet of this node makes its serving pair, if it has none.
    pub(super) fn sign_for_itself(&self, node: usize) {
        kubelet::sign_for_itself(&name(node), &self.played.root(node));
    }
}
