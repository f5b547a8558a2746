//! As whom API servers come to kubelets: an invented node whose kubelet is openssl, which prints the client certificate
//! of whoever asks it.

use std::net::Ipv4Addr;
use std::process::{Child, Stdio};
use std::time::Duration;

use support::binaries::{self, Program};
use support::lab::Lab;
use support::openssl;
use tempfile::TempDir;

const NAME: &str = "witness";
const PORT: u16 = 10251;
/// Of the machine that all nodes of the lab are on.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 89, 0, 1);

/// The invented node; it is gone when this is dropped.
#[derive(Debug)]
pub struct KubeletClients<'a> {
    lab: &'a Lab,
    kubelet: Child,
    _folder: TempDir,
}

impl<'a> KubeletClients<'a> {
    pub fn begin(lab: &'a Lab) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
        let made = lab
            .net_command("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=witness", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .output()
            .expect("openssl");
        assert!(made.status.success(), "{made:?}");
        let mut server = lab.net_command("openssl");
        server.args(["s_server", "-www", "-Verify", "1", "-accept", &PORT.to_string(), "-key"]).arg(&key);
        server.arg("-cert").arg(&certificate).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let kubelet = server.spawn().expect("openssl for a kubelet");
        let node = serde_json::json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}, "spec": {"unschedulable": true},
            "status": {
                "addresses": [{"type": "InternalIP", "address": ADDRESS}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": PORT}},
            },
        });
        let file = folder.path().join("node.json");
        std::fs::write(&file, node.to_string()).expect("a file");
        // Of a test that failed, in a lab that was kept.
        lab.kubectl(&["delete", "node", NAME, "--ignore-not-found"]);
        lab.kubectl(&["create", "-f", file.to_str().expect("UTF-8")]);
        Self { lab, kubelet, _folder: folder }
    }

    /// The SHA-256 fingerprint of the certificate with which the API server of `node` opens a connection to a kubelet
    /// now.
    pub fn of(&self, node: &str) -> String {
        let server = format!("--server=https://{}:6443", self.lab.address(node));
        let kubectl = binaries::cached_or_build(Program::Kubectl).unwrap_or_else(|message| panic!("{message}"));
        let ask = || {
            let mut command = self.lab.net_command(&kubectl);
            command.arg("--kubeconfig").arg(self.lab.kubeconfig()).arg(&server);
            command.args(["get", "--raw", &format!("/api/v1/nodes/{NAME}/proxy/")]).output().expect("kubectl")
        };
        let mut answer = ask();
        // An API server that takes up a new certificate closes what it has open with the old one.
        for _ in 0..5 {
            if answer.status.success() {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
            answer = ask();
        }
        assert!(answer.status.success(), "{answer:?}");
        let page = String::from_utf8_lossy(&answer.stdout);
        let begin = page.find("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("no client certificate: {page}"));
        openssl::x509(&page.as_bytes()[begin..]).fingerprint
    }
}

impl Drop for KubeletClients<'_> {
    fn drop(&mut self) {
        let _ended = self.kubelet.kill();
        let _status = self.kubelet.wait();
        // In a thread: a panic in it does not end a test that already fails.
        let deleted = std::thread::scope(|scope| scope.spawn(|| self.lab.kubectl(&["delete", "node", NAME])).join());
        assert!(deleted.is_ok() || std::thread::panicking(), "the invented node is still there");
    }
}
