//! A node's disk, seen from outside: also while the node is off or does not answer.

use std::fs;
use std::path::{Path, PathBuf};

use super::Lab;
use crate::tree::Tree;

impl Lab {
    /// Where an absolute path of a node is on this machine. Not for writing while the node runs, and
    /// only for what the cluster has written: a file of the machine's own /etc is not there.
    pub fn node_path(&self, node: &str, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        let inner = path.strip_prefix("/").unwrap_or_else(|_| panic!("{} is not absolute", path.display()));
        let disk = self.folder.join("nodes").join(node);
        // As tests/lab/node/enter.sh mounts them.
        let plain = ["var/lib/kubelet", "var/lib/etcd", "var/lib/containerd", "var/lib/cni", "var/log"];
        if plain.iter().any(|folder| inner.starts_with(folder)) {
            disk.join("data").join(inner.strip_prefix("var").expect("it starts with var"))
        } else if inner.starts_with("root") || inner.starts_with("home") {
            disk.join(inner)
        } else {
            disk.join("up").join(inner)
        }
    }

    /// The content of a file of a node. A symlink in the last place is followed, as on the node.
    pub fn node_file(&self, node: &str, path: impl AsRef<Path>) -> Vec<u8> {
        let path = self.target(node, path.as_ref());
        fs::read(&path).unwrap_or_else(|e| panic!("failed to read {}: {e}", path.display()))
    }

    /// Everything below a folder of a node, byte for byte.
    pub fn node_tree(&self, node: &str, folder: impl AsRef<Path>) -> Tree {
        Tree::read(&self.node_path(node, folder))
    }

    fn target(&self, node: &str, path: &Path) -> PathBuf {
        let mut path = path.to_owned();
        for _ in 0..8 {
            let outside = self.node_path(node, &path);
            let Ok(target) = fs::read_link(&outside) else { return outside };
            // An absolute target replaces the whole path, and so stays on the node.
            path = path.parent().expect("a symlink is in a folder").join(target);
        }
        panic!("{} is a loop of symlinks", path.display());
    }
}
