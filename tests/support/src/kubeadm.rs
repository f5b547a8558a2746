//! Certificates, kubeconfigs and manifests exactly as the real kubeadm writes them for a
//! control-plane node, without a cluster, a network or anything below the machine's /etc.

use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::binaries::{self, Program};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Of the network reserved for examples (RFC 5737). kubeadm refuses a loopback address.
const EXAMPLE_ADDRESS: &str = "192.0.2.10";

const AUTHORITY_KEYS: [&str; 3] = ["ca.key", "front-proxy-ca.key", "etcd/ca.key"];
const KUBECONFIGS: [&str; 5] =
    ["admin.conf", "super-admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf"];

/// One control-plane node for [`Kubeadm::write`]; start from [`Kubeadm::new`] and set what differs.
#[derive(Clone, Debug)]
pub struct Kubeadm {
    /// The API server's port.
    pub port: u16,
    pub key_algorithm: KeyAlgorithm,
    pub node_name: String,
    /// A name in certificates, and the host in kubelet.conf, controller-manager.conf and
    /// scheduler.conf. `None`: every kubeconfig points at 127.0.0.1, where the tests' API server
    /// listens, and the certificates name an example address beside 127.0.0.1.
    pub advertise_address: Option<IpAddr>,
    /// For the API server's certificate, in addition to what kubeadm puts there and 127.0.0.1.
    pub extra_sans: Vec<String>,
    pub leaf_validity: Duration,
    pub authority_validity: Duration,
    /// Removes the authorities' keys after everything is made.
    pub external_ca: bool,
    pub etcd: Etcd,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyAlgorithm {
    EcdsaP256,
    Rsa2048,
}

#[derive(Clone, Debug)]
pub enum Etcd {
    /// On the same node, with its authority, certificates and manifest.
    Stacked,
    /// Elsewhere: the node has etcd's CA certificate and a client pair (in the places that the
    /// upstream documentation on high availability uses), and `root` is made the etcd host, with
    /// its authority and server certificates.
    External { root: PathBuf },
}

impl Kubeadm {
    /// What kubeadm does by default: RSA-2048, a year for leaves, ten for authorities, etcd on the
    /// same node.
    pub fn new(port: u16) -> Self {
        Self {
            port,
            key_algorithm: KeyAlgorithm::Rsa2048,
            node_name: "control-plane-1".to_owned(),
            advertise_address: None,
            extra_sans: Vec::new(),
            leaf_validity: 365 * DAY,
            authority_validity: 3650 * DAY,
            external_ca: false,
            etcd: Etcd::Stacked,
        }
    }

    /// Writes `root`/etc/kubernetes: pki, the five kubeconfigs and the manifests. Existing files
    /// are kept, as kubeadm does. Takes about two seconds with RSA.
    ///
    /// kubelet.conf is as `kubeadm init` first writes it, with the client certificate inside.
    pub fn write(&self, root: &Path) {
        if let Etcd::External { root: etcd_root } = &self.etcd {
            self.write_etcd_host(etcd_root);
            for file in ["etcd/ca.crt", "apiserver-etcd-client.crt", "apiserver-etcd-client.key"] {
                copy(&pki(etcd_root).join(file), &pki(root).join(file));
            }
        }
        let node = Node::new(self, root);
        node.phase(&["certs", "all"]);
        node.phase(&["kubeconfig", "all", "--kubeconfig-dir", path(&node.kubernetes)]);
        node.manifests();
        if self.advertise_address.is_none() {
            point_at_loopback(&node.kubernetes);
        }
        if self.external_ca {
            for key in AUTHORITY_KEYS.map(|key| pki(root).join(key)) {
                if key.exists() {
                    fs::remove_file(&key).expect("the key of an authority is removed");
                }
            }
        }
    }

    /// What the real `kubeadm certs check-expiration -o json` says of what was written below `root`. It always looks into
    /// /etc/kubernetes, so it is shown `root` as the whole world; whoever is not root needs user namespaces for that.
    pub fn check_expiration(&self, root: &Path) -> String {
        let inside = root.join("kubeadm");
        fs::copy(binaries::program(Program::Kubeadm), &inside).expect("kubeadm is copied");
        let config = root.join("kubeadm.yaml");
        fs::write(&config, self.config(Path::new("/etc/kubernetes/pki"))).expect("kubeadm's configuration");
        let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
        let mut command = if is_root { Command::new("chroot") } else { Command::new("unshare") };
        if !is_root {
            command.args(["--user", "--map-root-user", "chroot"]);
        }
        let words = ["/kubeadm", "certs", "check-expiration", "--config", "/kubeadm.yaml", "-o", "json"];
        let output = command.arg(root).args(words).output().expect("kubeadm runs");
        for own in [inside, config] {
            fs::remove_file(own).expect("a file of the test is removed");
        }
        assert!(output.status.success(), "kubeadm: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("JSON")
    }

    fn write_etcd_host(&self, root: &Path) {
        let host = Self { etcd: Etcd::Stacked, ..self.clone() };
        let host = Node::new(&host, root);
        for certificate in ["etcd-ca", "etcd-server", "etcd-peer", "etcd-healthcheck-client", "apiserver-etcd-client"] {
            host.phase(&["certs", certificate]);
        }
    }

    /// The configuration file; `certificates` is the folder as kubeadm shall see and write it.
    fn config(&self, certificates: &Path) -> String {
        let address = self.advertise_address.map(|address| address.to_string());
        let address = address.as_deref().unwrap_or(EXAMPLE_ADDRESS);
        let algorithm = match self.key_algorithm {
            KeyAlgorithm::EcdsaP256 => "ECDSA-P256",
            KeyAlgorithm::Rsa2048 => "RSA-2048",
        };
        let certificates = certificates.display();
        let mut config = format!(
            r#"apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
localAPIEndpoint:
  advertiseAddress: "{address}"
  bindPort: {port}
nodeRegistration:
  name: "{name}"
  criSocket: unix:///run/containerd/containerd.sock
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: {version}
controlPlaneEndpoint: "127.0.0.1:{port}"
certificatesDir: "{certificates}"
encryptionAlgorithm: {algorithm}
certificateValidityPeriod: {leaf}s
caCertificateValidityPeriod: {authority}s
apiServer:
  certSANs: ["127.0.0.1""#,
            port = self.port,
            name = self.node_name,
            version = binaries::KUBERNETES_VERSION,
            leaf = self.leaf_validity.as_secs(),
            authority = self.authority_validity.as_secs(),
        );
        for san in &self.extra_sans {
            write!(config, ", \"{san}\"").expect("a string grows");
        }
        config.push_str("]\n");
        if matches!(self.etcd, Etcd::External { .. }) {
            write!(
                config,
                r#"etcd:
  external:
    endpoints: ["https://127.0.0.1:2379"]
    caFile: "{certificates}/etcd/ca.crt"
    certFile: "{certificates}/apiserver-etcd-client.crt"
    keyFile: "{certificates}/apiserver-etcd-client.key"
"#
            )
            .expect("a string grows");
        }
        config
    }
}

/// `root`/etc/kubernetes/pki.
pub fn pki(root: &Path) -> PathBuf {
    root.join("etc/kubernetes/pki")
}

/// A folder being filled, and the configuration for it.
struct Node<'a> {
    wanted: &'a Kubeadm,
    root: &'a Path,
    kubernetes: PathBuf,
    config: tempfile::TempDir,
}

impl<'a> Node<'a> {
    fn new(wanted: &'a Kubeadm, root: &'a Path) -> Self {
        let kubernetes = root.join("etc/kubernetes");
        assert!(
            root.is_absolute() && kubernetes != Path::new("/etc/kubernetes"),
            "kubeadm must not write into this machine's own /etc/kubernetes (root {})",
            root.display()
        );
        fs::create_dir_all(&kubernetes).expect("the folder for kubeadm's files");
        let config = tempfile::tempdir().expect("a folder for kubeadm's configuration");
        Self { wanted, root, kubernetes, config }
    }

    fn phase(&self, arguments: &[&str]) {
        self.run(&pki(self.root), arguments, &[]);
    }

    /// The manifests name files as the node sees them, so here kubeadm must see /etc/kubernetes/pki;
    /// its dry run writes to a folder of our choice and needs no root.
    fn manifests(&self) {
        let folder = self.kubernetes.join("manifests");
        fs::create_dir_all(&folder).expect("the folder for manifests");
        let mut phases = vec!["control-plane all"];
        if matches!(self.wanted.etcd, Etcd::Stacked) {
            phases.push("etcd local");
        }
        for phase in phases {
            let arguments: Vec<&str> = phase.split(' ').chain(["--dry-run"]).collect();
            let environment = [("KUBEADM_INIT_DRYRUN_DIR", path(&folder))];
            self.run(Path::new("/etc/kubernetes/pki"), &arguments, &environment);
        }
    }

    fn run(&self, certificates: &Path, arguments: &[&str], environment: &[(&str, &str)]) {
        let config = self.config.path().join("kubeadm.yaml");
        fs::write(&config, self.wanted.config(certificates)).expect("kubeadm's configuration");
        let output = Command::new(binaries::program(Program::Kubeadm))
            .args(["init", "phase"])
            .args(arguments)
            .arg("--config")
            .arg(&config)
            .envs(environment.iter().copied())
            .output()
            .expect("kubeadm runs");
        assert!(
            output.status.success(),
            "kubeadm init phase {arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn point_at_loopback(kubernetes: &Path) {
    for name in KUBECONFIGS {
        let file = kubernetes.join(name);
        let text = fs::read_to_string(&file).expect("a kubeconfig that kubeadm wrote");
        let text = text.replace(&format!("server: https://{EXAMPLE_ADDRESS}:"), "server: https://127.0.0.1:");
        // Written in place, so that the mode stays as kubeadm set it.
        fs::write(&file, text).expect("a kubeconfig is written back");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a file has a folder")).expect("a folder for a copy");
    fs::copy(from, to).unwrap_or_else(|e| panic!("failed to copy {}: {e}", from.display()));
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have UTF-8 names")
}
