//! Control-plane nodes of one cluster, each behind a server of its own, and an operator with an empty home.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nodes_tests::helper;
use nodes_tests::server::{Make, Server};
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
pub(crate) use support::said::Said;
use support::tree::Tree;
use tempfile::TempDir;

/// The addresses that a cluster would know its nodes by; here they lead to the servers' ports.
pub(crate) const ALIASES: [&str; 2] = ["192.0.2.1", "192.0.2.2"];

pub(crate) struct Operator {
    pub(crate) nodes: Vec<Server>,
    pub(crate) folder: TempDir,
}

impl Operator {
    /// Nodes of these names, of one cluster.
    pub(crate) fn of(names: &[&'static str], key_algorithm: KeyAlgorithm) -> Self {
        Self::with(names, &Kubeadm { key_algorithm, ..Kubeadm::new(6443) })
    }

    /// The same with what else is wanted of each node.
    pub(crate) fn with(names: &[&'static str], kubeadm: &Kubeadm) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = |name: &str| folder.path().join("nodes").join(name);
        for name in names {
            if *name != names[0] {
                share_authorities(&root(names[0]), &root(name));
            }
            Kubeadm { node_name: (*name).to_owned(), ..kubeadm.clone() }.write(&root(name));
        }
        let node = |name: &&'static str| {
            Server::made(&Make { node: Some((name, root(name).join("etc/kubernetes"))), ..Make::default() })
        };
        fs::create_dir(folder.path().join("home")).expect("a folder");
        Self { nodes: names.iter().map(node).collect(), folder }
    }

    /// Below etc/kubernetes of a node.
    pub(crate) fn file(&self, node: &str, path: &str) -> PathBuf {
        self.folder.path().join("nodes").join(node).join("etc/kubernetes").join(path)
    }

    pub(crate) fn tree(&self) -> Tree {
        Tree::read(&self.folder.path().join("nodes"))
    }

    /// By which way the nodes are reached.
    pub(crate) fn hosts(&self) -> Vec<String> {
        let host = |server: &Server| ["--ssh".to_owned(), format!("root@127.0.0.1:{}", server.port())];
        self.nodes.iter().flat_map(host).collect()
    }

    /// With what every SSH client of this operator needs to get in.
    pub(crate) fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear();
        command.env("HOME", self.folder.path().join("home")).env("USER", "operator").env("PATH", "/usr/bin:/bin");
        command.arg("--ssh-config").arg(self.config()).arg("--ssh-key").arg(self.nodes[0].path("client_key"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// The nodes' keys together: each server has one of its own. Their clients' key is let in everywhere.
    fn config(&self) -> PathBuf {
        let read = |path: PathBuf| fs::read_to_string(path).expect("a file of a server");
        let hosts: String = self.nodes.iter().map(|server| read(server.path("known_hosts"))).collect();
        let known = self.folder.path().join("known_hosts");
        fs::write(&known, hosts).expect("written");
        let key = read(self.nodes[0].path("client_key.pub"));
        for server in &self.nodes {
            fs::write(server.path("authorized_keys"), &key).expect("written");
        }
        let config = self.folder.path().join("ssh_config");
        let known = known.display();
        let mut text = format!("UserKnownHostsFile {known}\nGlobalKnownHostsFile /dev/null\nIdentityAgent none\n");
        for (server, alias) in self.nodes.iter().zip(ALIASES) {
            text += &format!("Host {alias}\n HostName 127.0.0.1\n Port {}\n", server.port());
        }
        fs::write(&config, text).expect("written");
        config
    }

    /// On all nodes, with the helper that is built for them.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = self.command(helper::built(), arguments);
        command.arg("--node-helper").arg(helper::folder()).args(self.hosts());
        Said::of(&mut command)
    }
}

fn share_authorities(from: &Path, to: &Path) {
    fs::create_dir_all(pki(to).join("etcd")).expect("a folder");
    for name in ["ca", "front-proxy-ca", "etcd/ca"] {
        for ending in ["crt", "key"] {
            let file = format!("{name}.{ending}");
            fs::copy(pki(from).join(&file), pki(to).join(&file)).expect("a file of an authority");
        }
    }
    for file in ["sa.key", "sa.pub"] {
        fs::copy(pki(from).join(file), pki(to).join(file)).expect("a key");
    }
}
