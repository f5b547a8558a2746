//! As whom API servers come to kubelets: an invented node whose kubelet is openssl, which prints the client certificate
//! of whoever asks it.

use std::net::Ipv4Addr;
use std::process::{Child, Stdio};

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
        let page = self.lab.kubectl(&[&server, "get", "--raw", &format!("/api/v1/nodes/{NAME}/proxy/")]);
        let begin = page.find("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("no client certificate: {page}"));
        openssl::x509(&page.as_bytes()[begin..]).fingerprint
    }
}

impl Drop for KubeletClients<'_> {
    fn drop(&mut self) {
        let _ended = self.kubelet.kill();
        let _status = self.kubelet.wait();
        if !std::thread::panicking() {
            self.lab.kubectl(&["delete", "node", NAME]);
        }
    }
}
