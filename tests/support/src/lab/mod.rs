//! Real clusters of several nodes on this machine (tests/lab), driven from tests.
//!
//! A [`Lab`] that a test brought up goes down with it, also after a panic or when the test process is
//! killed. `KUBECTL_CERTS_LAB_KEEP=1` keeps it, and the next test with the same shape takes it over.

mod disk;
mod load_balancer;
mod program;

use std::env;
use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use program::{Ending, script};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::binaries::{self, Program};

/// What a cluster is made of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Shape {
    /// At least one; at most nine, as of workers.
    pub control_planes: u8,
    pub workers: u8,
    /// A line for kubeadm's `ClusterConfiguration`, such as `certificateValidityPeriod: 2m0s`.
    pub cluster_extra: String,
    /// A line for the `KubeletConfiguration`, such as `serverTLSBootstrap: true`.
    pub kubelet_extra: String,
}

/// A cluster that is up. One at a time per folder: a second `up` waits until the first is dropped.
#[derive(Debug)]
pub struct Lab {
    shape: Shape,
    folder: PathBuf,
    /// Takes the lab down when dropped; before the lock is given up.
    ending: Option<Ending>,
    _lock: File,
}

impl Lab {
    /// With kubeadm's defaults; see [`Self::up_as`].
    pub fn up(control_planes: u8, workers: u8) -> Self {
        Self::up_as(Shape { control_planes, workers, ..Shape::default() })
    }

    /// About a minute for three control planes; some seconds if a kept lab of the same shape is up,
    /// which then is as its last user left it. One of another shape is taken down first.
    pub fn up_as(shape: Shape) -> Self {
        let folder = folder();
        fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("failed to create {}: {e}", folder.display()));
        let lock = File::create(folder.join("lock")).expect("the lab's lock file");
        lock.lock().expect("the lab's lock");

        let there = fs::read_to_string(folder.join("shape")).ok();
        let reused = there.as_ref().is_some_and(|there| there.trim() == shape.text().trim());
        if there.is_some() && !reused {
            run(&["down"]);
        }
        binaries::gather_for_lab(&folder.join("programs")).unwrap_or_else(|message| panic!("{message}"));
        // From here on also a failing start is cleared away.
        let kept = env::var_os("KUBECTL_CERTS_LAB_KEEP").is_some_and(|value| value == "1");
        let ending = (!reused && !kept).then(Ending::prepare);
        let lab = Self { shape, folder, ending, _lock: lock };
        lab.start_all();
        lab
    }

    fn start_all(&self) {
        let Shape { control_planes, workers, cluster_extra, kubelet_extra } = &self.shape;
        let mut up = script();
        up.args(["up", "--control-planes", &control_planes.to_string(), "--workers", &workers.to_string()]);
        succeed(up.env("KUBEADM_CLUSTER_EXTRA", cluster_extra).env("KUBELET_EXTRA", kubelet_extra));
    }

    /// cp1, cp2, …, then w1, w2, …
    pub fn nodes(&self) -> Vec<String> {
        let mut nodes = self.control_planes();
        nodes.extend((1..=self.shape.workers).map(|number| format!("w{number}")));
        nodes
    }

    pub fn control_planes(&self) -> Vec<String> {
        (1..=self.shape.control_planes).map(|number| format!("cp{number}")).collect()
    }

    /// In the lab's network, which is nowhere else.
    pub fn address(&self, node: &str) -> Ipv4Addr {
        let (base, number) = match node.split_at_checked(2) {
            Some(("cp", number)) => (10, number),
            _ => (20, node.strip_prefix('w').unwrap_or_default()),
        };
        let number: u8 = number.parse().unwrap_or_else(|_| panic!("no node is called {node}"));
        Ipv4Addr::new(10, 89, 0, base + number)
    }

    /// The load balancer before all API servers; its port is 6443, its name is in the kubeconfigs.
    pub fn load_balancer(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, 89, 0, 10)
    }

    /// Runs a command on a node, as root, and waits for it.
    pub fn exec(&self, node: &str, command: &[&str]) -> Output {
        self.exec_command(node, command).output().expect("bash for the lab")
    }

    /// As [`Self::exec`]; its stdout, and a failing test if it fails.
    pub fn exec_ok(&self, node: &str, command: &[&str]) -> String {
        stdout_of(self.exec_command(node, command))
    }

    /// As [`Self::exec`], to be started by the caller.
    pub fn exec_command(&self, node: &str, command: &[&str]) -> Command {
        let mut exec = script();
        exec.args(["exec", node]).args(command);
        exec
    }

    /// `program` in the lab's network, with the nodes' names in /etc/hosts: the place for the program
    /// under test and for clients. Signals sent to the child reach it.
    pub fn net_command(&self, program: impl AsRef<Path>) -> Command {
        let name = fs::read_to_string(self.folder.join("name")).expect("the lab's name");
        let mut command = Command::new("ip");
        command.args(["netns", "exec", name.trim()]).arg(program.as_ref());
        command
    }

    /// Puts the calling thread into the lab's network, with what it starts from then on. Unlike with
    /// [`Self::net_command`], names are known from [`Self::ssh_config`] alone.
    pub fn enter_network(&self) {
        let name = fs::read_to_string(self.folder.join("name")).expect("the lab's name");
        let network = File::open(Path::new("/run/netns").join(name.trim())).expect("the lab's network");
        move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).expect("root may enter it");
    }

    /// kubectl with [`Self::kubeconfig`]; its stdout, and a failing test if it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let kubectl = binaries::cached_or_build(Program::Kubectl).unwrap_or_else(|message| panic!("{message}"));
        let mut command = self.net_command(kubectl);
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments);
        stdout_of(command)
    }

    /// As if the node's power failed. Its disk stays.
    pub fn stop(&self, node: &str) {
        run(&["stop", node]);
    }

    /// Returns when containerd answers, well before the cluster has the node back.
    pub fn start(&self, node: &str) {
        run(&["start", node]);
    }

    /// Keeps all disks under a name. The nodes are off for some seconds; back in about 25 s.
    pub fn save(&self, name: &str) {
        run(&["save", name]);
    }

    /// The cluster as it was saved, in about half a minute.
    pub fn restore(&self, name: &str) {
        run(&["restore", name]);
    }

    pub fn has_saved(&self, name: &str) -> bool {
        self.folder.join("saved").join(name).is_dir()
    }

    /// For `ssh -F`, in the lab's network: the nodes by name, user root unless told otherwise, host
    /// keys checked. The user `admin` has `sudo -n`.
    pub fn ssh_config(&self) -> PathBuf {
        self.folder.join("ssh/config")
    }

    /// The nodes' true host keys, by name and by address.
    pub fn ssh_known_hosts(&self) -> PathBuf {
        self.folder.join("ssh/known_hosts")
    }

    /// The private key that root and admin accept.
    pub fn ssh_key(&self) -> PathBuf {
        self.folder.join("ssh/id_ed25519")
    }

    /// admin.conf as it is on the first control plane now. It names the load balancer.
    pub fn kubeconfig(&self) -> PathBuf {
        self.node_path("cp1", "/etc/kubernetes/admin.conf")
    }

    /// Ends it now; as dropping does.
    pub fn down(mut self) {
        match self.ending.take() {
            Some(ending) => drop(ending),
            None => run(&["down"]),
        }
    }
}

/// `$KUBECTL_CERTS_LAB`, else /var/tmp/kubectl-certs-lab.
fn folder() -> PathBuf {
    env::var_os("KUBECTL_CERTS_LAB")
        .filter(|folder| !folder.is_empty())
        .map_or_else(|| PathBuf::from("/var/tmp/kubectl-certs-lab"), PathBuf::from)
}

impl Shape {
    /// As the script keeps it.
    fn text(&self) -> String {
        let Self { control_planes, workers, cluster_extra, kubelet_extra } = self;
        format!("{control_planes} {workers} {cluster_extra} {kubelet_extra}")
    }
}

fn run(arguments: &[&str]) {
    succeed(script().args(arguments));
}

/// Its messages go to this test's stderr: the wait is long, and they tell what is missing.
fn succeed(script: &mut Command) {
    let status = script.status().expect("bash for the lab");
    assert!(status.success(), "{script:?}: {status}; why is said above");
}

fn stdout_of(mut command: Command) -> String {
    let output = command.output().expect("a command in the lab");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{stdout}{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    stdout
}

#[cfg(test)]
mod tests {
    use crate::binaries::{COREDNS_VERSION, ETCD_VERSION, KUBERNETES_VERSION};

    /// The script names versions for itself, so that it can be read alone.
    #[test]
    fn the_script_and_the_built_programs_have_the_same_versions() {
        let settings = include_str!("../../../lab/parts/settings.sh");
        for line in [
            format!("KUBERNETES_VERSION={KUBERNETES_VERSION}\n"),
            format!("ETCD_TAG={}-0\n", ETCD_VERSION.trim_start_matches('v')),
            format!("COREDNS_TAG={COREDNS_VERSION}\n"),
        ] {
            assert!(settings.contains(&line), "settings.sh lacks {line}");
        }
    }
}
