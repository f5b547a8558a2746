//! What is on the disks.

use support::lab::Lab;
use support::tree::Tree;

/// The files of a node that have to do with certificates, byte for byte, with mode, owner and time.
#[derive(Clone, Debug)]
pub struct NodeFiles {
    /// By the folder's path on the node.
    trees: Vec<(&'static str, Tree)>,
}

impl NodeFiles {
    pub fn read(lab: &Lab, node: &str) -> Self {
        let folders = ["/etc/kubernetes", "/var/lib/kubelet/pki"];
        Self { trees: folders.map(|folder| (folder, lab.node_tree(node, folder))).into() }
    }

    /// What `later` has, lacks or has otherwise, one line per path.
    pub fn diff(&self, later: &Self) -> Vec<String> {
        self.compare(later, Tree::diff)
    }

    /// As [`Self::diff`]; a file written anew or replaced by an equal one is a difference too.
    pub fn diff_with_times(&self, later: &Self) -> Vec<String> {
        self.compare(later, Tree::diff_with_times)
    }

    fn compare(&self, later: &Self, diff: fn(&Tree, &Tree) -> Vec<String>) -> Vec<String> {
        let pairs = self.trees.iter().zip(&later.trees);
        let lines = pairs.flat_map(|((folder, before), (_, after))| {
            diff(before, after).into_iter().map(move |line| format!("{folder}/{line}"))
        });
        lines.collect()
    }
}
