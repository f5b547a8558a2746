//! Two real control planes side by side: what is renewed is presented without a restart, and the report says who saw it.

use std::collections::BTreeMap;
use std::fs;
use std::thread;

use serde_json::Value;
use support::control_plane::ControlPlane;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::openssl;
use support::ports::Port;

use crate::disk::{Disk, Said};

/// Servers of a control plane, and the certificates that they present.
const SERVED: [(&str, &str); 3] = [
    ("API server", "pki/apiserver.crt"),
    ("etcd for clients", "pki/etcd/server.crt"),
    ("etcd for peers", "pki/etcd/peer.crt"),
];

#[test]
fn renewed_certificates_are_served_without_a_restart_and_taken_back_again() {
    let (first, second) = thread::scope(|scope| {
        let first = scope.spawn(|| Cluster::start(KeyAlgorithm::Rsa2048));
        let second = scope.spawn(|| Cluster::start(KeyAlgorithm::EcdsaP256));
        (first.join().expect("a cluster"), second.join().expect("a cluster"))
    });
    let (first_before, second_before) = (first.state(), second.state());

    let said = first.disk.on_root(&["renew", "--all", "--yes", "-o", "json"]).expect(0);
    let first_between = first.assert_renewed(&first_before);
    first.assert_reported(&said);
    // Its neighbour, on the same machine, was neither touched nor taken for the first one.
    assert_eq!(second.state(), second_before);

    let said = second.disk.on_root(&["renew", "--all", "--yes"]).expect(0);
    second.assert_renewed(&second_before);
    second.assert_told_as_text(&said);
    assert_eq!(first.state(), first_between);

    for (cluster, before) in [(&first, &first_before), (&second, &second_before)] {
        let said = cluster.disk.on_root(&["runs", "undo", "-o", "json"]).expect(0);
        assert_eq!(cluster.state(), *before, "all is served as before");
        assert_eq!(presented_in(&said.item("RunResult")).len(), SERVED.len());
        assert_lets_in(cluster);
    }
}

struct Cluster {
    disk: Disk,
    control_plane: ControlPlane,
    _port: Port,
}

/// What of a running cluster must, or must not, change.
#[derive(Debug, PartialEq)]
struct State {
    /// Process id and start time of the API server and of etcd.
    processes: [(u32, String); 2],
    /// Fingerprint presented by each server.
    served: BTreeMap<&'static str, String>,
    /// Fingerprint in the file of each server.
    stored: BTreeMap<&'static str, String>,
}

impl Cluster {
    fn start(key_algorithm: KeyAlgorithm) -> Self {
        let port = Port::take();
        let mut kubeadm = Kubeadm::new(port.number());
        kubeadm.key_algorithm = key_algorithm;
        let disk = Disk::with(&kubeadm);
        let control_plane = ControlPlane::start(&disk.root(), port.number());
        Self { disk, control_plane, _port: port }
    }

    fn ports(&self) -> [u16; 3] {
        let plane = &self.control_plane;
        [plane.port(), plane.etcd_client_port(), plane.etcd_peer_port()]
    }

    fn state(&self) -> State {
        let processes = [self.control_plane.apiserver_pid(), self.control_plane.etcd_pid()];
        let served = SERVED.iter().zip(self.ports());
        State {
            processes: processes.map(|pid| (pid, start_time(pid))),
            served: served.map(|((name, _), port)| (*name, openssl::served_fingerprint("127.0.0.1", port))).collect(),
            stored: SERVED.iter().map(|(name, path)| (*name, self.fingerprint(path))).collect(),
        }
    }

    fn fingerprint(&self, path: &str) -> String {
        openssl::certificates(&self.disk.file(path))[0].fingerprint.clone()
    }

    /// Right after the program has said that it is done: nothing is waited for here.
    fn assert_renewed(&self, before: &State) -> State {
        let after = self.state();
        assert_eq!(before.served, before.stored);
        assert_eq!(after.served, after.stored, "what is presented is what is stored");
        for (name, old) in &before.served {
            assert_ne!(after.served[name], *old, "{name} presents the old certificate");
        }
        assert_eq!(after.processes, before.processes, "nothing was restarted");
        assert_lets_in(self);
        after
    }

    fn assert_reported(&self, said: &Said) {
        let done = said.item("RunResult");
        let fingerprints = presented_in(&done);
        for ((name, path), port) in SERVED.iter().zip(self.ports()) {
            let prefix = fingerprints.get(&format!("127.0.0.1:{port}")).unwrap_or_else(|| panic!("{name} in {done}"));
            assert!(self.fingerprint(path).starts_with(prefix), "{name}: {prefix}");
        }
        assert_eq!(fingerprints.len(), SERVED.len());
        let step = |id: &str| {
            let steps = done["steps"].as_array().expect("steps");
            steps.iter().find(|step| step["id"] == id).unwrap_or_else(|| panic!("{id} in {done}")).clone()
        };
        // The API server looks at its client for kubelets every five minutes; nobody waits for that, but it is said.
        let until = step("renew-apiserver-kubelet-client")["pendingUntil"].as_str().expect("pending").to_owned();
        let until: kubectl_certs::model::Time = until.parse().expect("a time");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
        let wait = until.unix() - i64::try_from(now).expect("a date");
        assert!((1..=300).contains(&wait), "{wait} s");
        for id in ["renew-apiserver", "renew-etcd-server", "renew-front-proxy-client"] {
            assert_eq!(step(id)["pendingUntil"], Value::Null, "{id}");
        }
    }

    fn assert_told_as_text(&self, said: &Said) {
        for ((_, path), port) in SERVED.iter().zip(self.ports()) {
            let line = format!("proof  127.0.0.1:{port} presents certificate {}", &self.fingerprint(path)[..12]);
            assert!(said.out.contains(&line), "{line} in {}", said.out);
        }
        let pending =
            |line: &str| line.starts_with("pending until 2") && line.contains("renew-apiserver-kubelet-client");
        assert!(said.out.lines().any(pending), "{}", said.out);
        // Nobody presents these to us: what is known of them is said, and no more.
        assert!(
            said.out.contains("in use by kube-apiserver: the component reads it for each connection"),
            "{}",
            said.out
        );
        assert!(said.out.contains("in use by kube-apiserver: assumed, not observed"), "{}", said.out);
        // Said before it was done, too.
        assert!(said.err.contains("kube-apiserver notices within seconds, without a restart"), "{}", said.err);
        assert!(said.err.contains("kube-apiserver notices within 5m"), "{}", said.err);
    }
}

/// Address and beginning of the fingerprint of each line of evidence that speaks of a handshake.
fn presented_in(done: &Value) -> BTreeMap<String, String> {
    let lines = done["evidence"].as_array().expect("evidence");
    let lines = lines.iter().map(|line| line.as_str().expect("text"));
    let found = lines.filter(|line| line.contains("(seen in a TLS handshake), 5 times in a row")).map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words[1..3], ["presents", "certificate"], "{line}");
        (words[0].to_owned(), words[3].to_owned())
    });
    found.collect()
}

/// With the client certificate that is on the disk now.
fn assert_lets_in(cluster: &Cluster) {
    let namespaces = cluster.control_plane.kubectl(&["get", "ns", "-o", "name"]);
    assert!(namespaces.contains("namespace/kube-system"), "{namespaces}");
}

/// In ticks since the machine started (proc(5)): a new process under an old number shows.
fn start_time(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let (_, fields) = stat.rsplit_once(") ").expect("fields");
    fields.split(' ').nth(19).expect("a start time").to_owned()
}
