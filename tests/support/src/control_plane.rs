//! A real etcd and a real kube-apiserver on 127.0.0.1, run from the files that kubeadm wrote.

use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::binaries::{self, Program};
use crate::kubeadm::pki;
use crate::openssl;
use crate::ports::Port;
use crate::processes::Process;

/// Ready takes 5 to 10 s on a quiet machine with two cores; a crowded one gets more.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How long a server may take to end by itself. Short: nothing it could save outlives the test.
const GRACE: Duration = Duration::from_millis(300);
const POLL: Duration = Duration::from_millis(100);

/// What to run; start from [`Settings::new`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Holds etc/kubernetes.
    pub root: PathBuf,
    /// The API server's port, the same that the kubeconfigs below `root` name.
    pub port: u16,
    /// Holds etcd's ca.crt, server and peer pairs: `root`/etc/kubernetes/pki/etcd, or that of the
    /// etcd host.
    pub etcd_pki: PathBuf,
    /// Appended to the API server's command line; of a flag given twice the last one counts.
    pub apiserver_args: Vec<String>,
}

impl Settings {
    pub fn new(root: &Path, port: u16) -> Self {
        Self { root: root.to_owned(), port, etcd_pki: pki(root).join("etcd"), apiserver_args: Vec::new() }
    }
}

/// Both servers; dropping it ends them. Logs and data lie in a temporary folder of its own, so
/// nothing below `root` is written.
#[derive(Debug)]
pub struct ControlPlane {
    // Dropped in this order: the API server must not outlive its etcd, nor either its folder.
    apiserver: Process,
    etcd: Process,
    settings: Settings,
    etcd_client: Port,
    etcd_peer: Port,
    folder: TempDir,
}

impl ControlPlane {
    /// Starts both on the files of `root` and waits until they are ready.
    pub fn start(root: &Path, port: u16) -> Self {
        Self::start_with(Settings::new(root, port))
    }

    pub fn start_with(settings: Settings) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the control plane");
        let (etcd_client, etcd_peer) = (Port::take(), Port::take());
        let etcd = start_etcd(&settings, folder.path(), &etcd_client, &etcd_peer);
        wait_for_port(&etcd, etcd_client.number());
        let apiserver = start_apiserver(&settings, folder.path(), &etcd_client);
        let control_plane = Self { apiserver, etcd, settings, etcd_client, etcd_peer, folder };
        control_plane.wait_until_ready();
        control_plane
    }

    /// super-admin.conf below `root` (its group needs no binding), or admin.conf without it.
    pub fn kubeconfig(&self) -> PathBuf {
        let folder = self.settings.root.join("etc/kubernetes");
        let strongest = folder.join("super-admin.conf");
        if strongest.exists() { strongest } else { folder.join("admin.conf") }
    }

    /// What kubectl prints; panics if it fails.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.try_kubectl(arguments).unwrap_or_else(|message| panic!("{message}"))
    }

    /// As [`Self::kubectl`], with what it said if it fails.
    pub fn try_kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        let output = self.run_kubectl(&self.kubeconfig(), arguments);
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            let said = String::from_utf8_lossy(&output.stderr);
            Err(format!("kubectl {arguments:?}: {}\n{said}", output.status))
        }
    }

    /// Runs kubectl with any kubeconfig, for example one that must no longer be let in.
    pub fn run_kubectl(&self, kubeconfig: &Path, arguments: &[&str]) -> Output {
        Command::new(binaries::program(Program::Kubectl))
            .arg("--kubeconfig")
            .arg(kubeconfig)
            .arg("--server")
            .arg(format!("https://127.0.0.1:{}", self.settings.port))
            // Not into the home folder of whoever runs the tests.
            .arg("--cache-dir")
            .arg(self.folder.path().join("kubectl-cache"))
            .args(arguments)
            .env("KUBECTL_KUBERC", "false")
            .output()
            .expect("kubectl runs")
    }

    pub fn port(&self) -> u16 {
        self.settings.port
    }

    pub fn etcd_client_port(&self) -> u16 {
        self.etcd_client.number()
    }

    pub fn etcd_peer_port(&self) -> u16 {
        self.etcd_peer.number()
    }

    pub fn apiserver_pid(&self) -> u32 {
        self.apiserver.pid()
    }

    pub fn etcd_pid(&self) -> u32 {
        self.etcd.pid()
    }

    /// SHA-256 of the certificate that the API server presents now.
    pub fn served_fingerprint(&self) -> String {
        openssl::served_fingerprint("127.0.0.1", self.settings.port)
    }

    /// Stops the API server and starts it on the files as they are now.
    pub fn restart_apiserver(&mut self) {
        self.apiserver.stop();
        self.apiserver = start_apiserver(&self.settings, self.folder.path(), &self.etcd_client);
        self.wait_until_ready();
    }

    /// Stops both and starts them on the files as they are now; etcd keeps its data.
    pub fn restart(&mut self) {
        self.apiserver.stop();
        self.etcd.stop();
        let (folder, client) = (self.folder.path(), &self.etcd_client);
        self.etcd = start_etcd(&self.settings, folder, client, &self.etcd_peer);
        wait_for_port(&self.etcd, client.number());
        self.apiserver = start_apiserver(&self.settings, folder, client);
        self.wait_until_ready();
    }

    /// Until /readyz says so and the namespaces that every test takes for granted are there, which
    /// the API server makes a moment later.
    fn wait_until_ready(&self) {
        wait_for_port(&self.apiserver, self.settings.port);
        let start = Instant::now();
        for question in [["get", "--raw", "/readyz"].as_slice(), &["get", "namespaces", "default", "kube-system"]] {
            while let Err(answer) = self.try_kubectl(question) {
                assert!(
                    !self.apiserver.has_exited() && start.elapsed() < READY_WITHIN,
                    "kube-apiserver is not ready after {:?}: {answer}\n{}\n{}",
                    start.elapsed(),
                    self.apiserver.log_tail(25),
                    self.etcd.log_tail(10)
                );
                thread::sleep(POLL);
            }
        }
    }
}

fn start_etcd(settings: &Settings, folder: &Path, client: &Port, peer: &Port) -> Process {
    let file = |name: &str| settings.etcd_pki.join(name).display().to_string();
    let client = format!("https://127.0.0.1:{}", client.number());
    let peer = format!("https://127.0.0.1:{}", peer.number());
    let mut etcd = Command::new(binaries::program(Program::Etcd));
    etcd.args([
        "--name=etcd".to_owned(),
        format!("--data-dir={}", folder.join("etcd").display()),
        // No test survives a power cut anyway.
        "--unsafe-no-fsync".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=etcd={peer}"),
        "--client-cert-auth=true".to_owned(),
        format!("--trusted-ca-file={}", file("ca.crt")),
        format!("--cert-file={}", file("server.crt")),
        format!("--key-file={}", file("server.key")),
        "--peer-client-cert-auth=true".to_owned(),
        format!("--peer-trusted-ca-file={}", file("ca.crt")),
        format!("--peer-cert-file={}", file("peer.crt")),
        format!("--peer-key-file={}", file("peer.key")),
    ]);
    Process::start(&etcd, &folder.join("etcd.log"), GRACE)
}

/// The flags of kubeadm's manifest, but for what ties it to a node.
fn start_apiserver(settings: &Settings, folder: &Path, etcd: &Port) -> Process {
    let file = |name: &str| pki(&settings.root).join(name).display().to_string();
    let mut apiserver = Command::new(binaries::program(Program::KubeApiserver));
    apiserver.args([
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", settings.port),
        "--advertise-address=127.0.0.1".to_owned(),
        // Endpoints must not be a loopback address.
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--cert-dir={}", folder.join("apiserver").display()),
        format!("--etcd-servers=https://127.0.0.1:{}", etcd.number()),
        format!("--etcd-cafile={}", file("etcd/ca.crt")),
        format!("--etcd-certfile={}", file("apiserver-etcd-client.crt")),
        format!("--etcd-keyfile={}", file("apiserver-etcd-client.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--tls-cert-file={}", file("apiserver.crt")),
        format!("--tls-private-key-file={}", file("apiserver.key")),
        format!("--kubelet-client-certificate={}", file("apiserver-kubelet-client.crt")),
        format!("--kubelet-client-key={}", file("apiserver-kubelet-client.key")),
        format!("--proxy-client-cert-file={}", file("front-proxy-client.crt")),
        format!("--proxy-client-key-file={}", file("front-proxy-client.key")),
        format!("--requestheader-client-ca-file={}", file("front-proxy-ca.crt")),
        "--requestheader-allowed-names=front-proxy-client".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        format!("--service-account-key-file={}", file("sa.pub")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
        "--service-cluster-ip-range=10.96.0.0/12".to_owned(),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        // No controller manager makes service accounts, without which no Pod could be created.
        "--disable-admission-plugins=ServiceAccount".to_owned(),
        "--enable-bootstrap-token-auth=true".to_owned(),
        "--allow-privileged=true".to_owned(),
    ]);
    apiserver.args(&settings.apiserver_args);
    Process::start(&apiserver, &folder.join("kube-apiserver.log"), GRACE)
}

fn wait_for_port(server: &Process, port: u16) {
    let start = Instant::now();
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        assert!(
            !server.has_exited() && start.elapsed() < READY_WITHIN,
            "no server on port {port} after {:?}\n{}",
            start.elapsed(),
            server.log_tail(25)
        );
        thread::sleep(POLL);
    }
}
