//! Everything is renewed while somebody keeps asking the cluster, and taken back at the end.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clusters::operator::Operator;
use clusters::prober::Running as Prober;
use clusters::witness::{self, KubeletClients};
use jiff::Timestamp;
use serde_json::Value;

use crate::cluster::{Snapshot, leaf_at};

const PROBER: &str = env!("CARGO_BIN_EXE_prober");

/// On each API server, until when it may go on with the old certificate.
const PENDING: &str = "apiserver-kubelet-client";

/// client-go looks at its certificates every five minutes.
const AT_MOST: Duration = Duration::from_secs(300);

pub(crate) struct Renewed<'a> {
    operator: &'a Operator<'a>,
    run: String,
    before: Snapshot,
    clients: KubeletClients<'a>,
    /// By node.
    pending_until: BTreeMap<String, Timestamp>,
}

pub(crate) fn renew_everything<'a>(operator: &'a Operator<'a>) -> Renewed<'a> {
    let lab = operator.lab;
    witness::wait_until_ready(lab, Duration::from_secs(60));
    let clients = KubeletClients::begin(lab);
    let before = Snapshot::take(operator);
    let leaves_before = fingerprints(operator);
    let containers = lab.control_planes().into_iter().map(|node| witness::containers(lab, &node)).collect::<Vec<_>>();
    for node in lab.control_planes() {
        // Without waiting, but in a lab that was kept.
        let stored = &leaves_before[&(node.clone(), PENDING.to_owned())];
        let deadline = Instant::now() + AT_MOST;
        while clients.of(&node) != *stored {
            assert!(Instant::now() < deadline, "the witness is wrong: {} on {node}", clients.of(&node));
            sleep(Duration::from_secs(1));
        }
    }

    let prober = Prober::start(lab, PROBER);
    let began = Timestamp::now();
    let done = operator.succeed(&["renew", "--all", "--yes"]);
    // What load balancers and watches have to say to the last step.
    sleep(Duration::from_secs(3));
    let report = prober.stop();

    let said = || format!("{done:#}\n{report:#?}");
    assert_eq!(report.complaints(), [""; 0], "{}", said());
    assert_eq!(report.overlaps(), [""; 0], "{}", said());
    // The plan announced no restart of an API server.
    assert!(report.servers.iter().all(|server| server.failures == 0 && server.requests > 50), "{}", said());
    assert!(report.watch.expected > 20 && report.watch.seen == report.watch.expected, "{}", said());

    assert_eq!(done["state"], "done");
    let steps = done["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["changed"] == true), "{}", said());
    let leaves = operator.leaves();
    let named = |leaf: &Value| (node_of(leaf), leaf["name"].as_str().expect("a name").to_owned());
    for leaf in &leaves {
        assert_ne!(leaf["fingerprint"], *leaves_before[&named(leaf)], "{leaf:#}");
        assert_eq!(leaf["key"], "matches", "{leaf:#}");
    }
    let after = Snapshot::take(operator);
    assert_eq!(after.served.len(), 3 * 4 + 1);
    for (endpoint, fingerprint) in &after.served {
        let leaf = leaves.iter().find(|leaf| named(leaf) == (endpoint.node.clone(), leaf_at(endpoint).to_owned()));
        let stored = leaf.and_then(|leaf| leaf["fingerprint"].as_str());
        assert_eq!(fingerprint.as_deref(), stored, "{endpoint:?}");
        assert_ne!(fingerprint, &before.served[endpoint], "{endpoint:?}");
    }
    for (node, before) in lab.control_planes().iter().zip(containers) {
        let after = witness::containers(lab, node);
        for name in ["kube-apiserver", "etcd"] {
            assert_eq!(after[name], before[name], "{name} on {node} was restarted without need");
        }
        for name in ["kube-controller-manager", "kube-scheduler"] {
            assert_ne!(after[name], before[name], "{name} on {node} still has the old certificate");
        }
    }
    kubeadm_agrees(operator, &leaves);
    witness::wait_until_ready(lab, Duration::from_secs(60));

    let pending_until = steps.iter().filter_map(|step| Some((step, step["pendingUntil"].as_str()?)));
    let pending_until: BTreeMap<String, Timestamp> = pending_until
        .map(|(step, until)| {
            let id = step["id"].as_str().expect("an id");
            let (leaf, node) = id.trim_start_matches("renew-").split_once('@').expect("a node");
            assert_eq!(leaf, PENDING, "{step:#}");
            (node.to_owned(), until.parse().expect("a time"))
        })
        .collect();
    assert_eq!(pending_until.keys().cloned().collect::<Vec<_>>(), lab.control_planes());
    for until in pending_until.values() {
        assert!(*until > began && *until <= Timestamp::now() + AT_MOST, "{until}");
    }
    Renewed { operator, run: done["run"].as_str().expect("a run").to_owned(), before, clients, pending_until }
}

impl Renewed<'_> {
    pub(crate) fn what_was_pending_is_in_use(&self) {
        let stored = fingerprints(self.operator);
        for (node, until) in &self.pending_until {
            // The clocks of the nodes are this machine's own.
            let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
            sleep(left);
            assert_eq!(self.clients.of(node), stored[&(node.clone(), PENDING.to_owned())], "{node}");
        }
    }

    pub(crate) fn all_is_taken_back(self) {
        let operator = self.operator;
        let undone = operator.succeed(&["runs", "undo", &self.run]);
        assert_eq!(undone["state"], "undone", "{undone:#}");
        self.before.assert_is_back(operator);
        witness::wait_until_ready(operator.lab, Duration::from_secs(60));
        operator.succeed(&["runs", "finish", &self.run]);
        for node in operator.lab.nodes() {
            let left = operator.lab.exec_ok(&node, &["find", "/var/lib/kubectl-certs", "-type", "f"]);
            // The journal, and the file that the lock is taken on.
            let own = |path: &&str| {
                path.contains("/runs/") && (path.ends_with("journal.jsonl") || path.ends_with("plan.json"))
                    || path.ends_with("/lock.guard")
            };
            let other: Vec<_> = left.lines().filter(|path| !own(path)).collect();
            assert_eq!(other, [""; 0], "{node}");
        }
    }
}

/// By node and name.
fn fingerprints(operator: &Operator<'_>) -> BTreeMap<(String, String), String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let leaves = operator.leaves();
    leaves.iter().map(|leaf| ((node_of(leaf), text(&leaf["name"])), text(&leaf["fingerprint"]))).collect()
}

fn node_of(leaf: &Value) -> String {
    let target = leaf["target"].as_str().expect("a target");
    let node = target.strip_prefix("node/").and_then(|rest| rest.split_once(':'));
    node.unwrap_or_else(|| panic!("{target} is on no node")).0.to_owned()
}

/// The ends of all leaves that kubeadm knows.
fn kubeadm_agrees(operator: &Operator<'_>, leaves: &[Value]) {
    for node in operator.lab.control_planes() {
        let expirations = witness::expirations(operator.lab, &node);
        let there = expirations.certificates.iter().filter_map(|one| Some((&one.name, one.expiration_date?)));
        let mut compared = 0;
        for (name, end) in there {
            let leaf = leaves.iter().find(|leaf| node_of(leaf) == node && leaf["name"] == **name);
            let leaf = leaf.unwrap_or_else(|| panic!("{name} on {node} is not listed"));
            let ours: Timestamp = leaf["notAfter"].as_str().expect("a time").parse().expect("a time");
            assert_eq!(ours, end, "{name} on {node}");
            compared += 1;
        }
        assert!(compared >= 10, "{expirations:?}");
    }
}
