//! Everything is renewed while somebody keeps asking the cluster, and taken back at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clusters::operator::Operator;
use clusters::prober::{Report, Running as Prober};
use clusters::witness::{self, KubeletClients};
use jiff::Timestamp;
use serde_json::Value;
use support::lab::Lab;

use crate::cluster::{Snapshot, leaf_at};

const PROBER: &str = env!("CARGO_BIN_EXE_prober");

/// On each API server, until when it may go on with the old certificate.
const PENDING: &str = "apiserver-kubelet-client";

/// Through the load balancer; 20 are tried, and a busy machine skips some.
const AT_LEAST_A_SECOND: u64 = 15;

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
    let leaves_before = fingerprints(operator);
    for node in lab.control_planes() {
        // Without waiting, but in a lab that was kept.
        let stored = &leaves_before[&(node.clone(), PENDING.to_owned())];
        let deadline = Instant::now() + AT_MOST;
        while clients.of(&node) != *stored {
            assert!(Instant::now() < deadline, "the witness is wrong: {} on {node}", clients.of(&node));
            sleep(Duration::from_secs(1));
        }
    }
    let began = Timestamp::now();
    let UnderTheProber { before, done, report } = renew_under_the_prober(operator, &[]);

    // The plan announced no restart of an API server.
    assert!(report.servers.iter().all(|server| server.failures == 0), "{done:#}\n{report:#?}");
    let now = Snapshot::take(operator);
    assert_eq!(restarted(&before, &now), on_each_node(lab, &["kube-controller-manager", "kube-scheduler"]));

    let steps = done["steps"].as_array().expect("steps");
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

/// The same, with more than hot reload to its merit: each API server is restarted, and taken back.
pub(crate) fn restart_every_api_server(operator: &Operator<'_>) {
    let lab = operator.lab;
    let UnderTheProber { before, done, report } = renew_under_the_prober(operator, &["--restart"]);
    let run = done["run"].as_str().expect("a run");
    let announced = restarts_of(operator, run, "restart-kube-apiserver@");
    assert_eq!(announced.keys().cloned().collect::<Vec<_>>(), lab.control_planes());
    for server in &report.servers {
        let (from, to) = announced[&server.name];
        // One restart, and the server was seen to be away: else nothing would be shown here.
        let [window] = server.windows.as_slice() else { panic!("{announced:?}\n{report:#?}") };
        assert!(window.from >= from && window.to <= to, "announced {announced:?}, seen {report:#?}");
    }
    let now = Snapshot::take(operator);
    let all = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];
    assert_eq!(restarted(&before, &now), on_each_node(lab, &all));
    operator.take_back(run);
    before.assert_is_back(operator);
    witness::wait_until_ready(lab, Duration::from_secs(60));
}

struct UnderTheProber {
    before: Snapshot,
    done: Value,
    report: Report,
}

/// Everything is new afterwards, is served, and nobody noticed.
fn renew_under_the_prober(operator: &Operator<'_>, options: &[&str]) -> UnderTheProber {
    let lab = operator.lab;
    let before = Snapshot::take(operator);
    let leaves_before = fingerprints(operator);
    let prober = Prober::start(lab, PROBER);
    let done = operator.succeed(&[&["renew", "--all", "--yes"], options].concat());
    // What load balancers and watches have to say to the last step.
    sleep(Duration::from_secs(3));
    let report = prober.stop();

    let said = || format!("{done:#}\n{report:#?}");
    assert_eq!(report.complaints(), [""; 0], "{}", said());
    assert_eq!(report.overlaps(), [""; 0], "{}", said());
    assert!(report.rate() > AT_LEAST_A_SECOND, "{} requests a second: {}", report.rate(), said());
    assert!(report.servers.iter().all(|server| server.requests > 50), "{}", said());
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
    kubeadm_agrees(operator, &leaves);
    witness::wait_until_ready(lab, Duration::from_secs(60));
    UnderTheProber { before, done, report }
}

/// By node, from when until when such a step was done, as the journal has it: in whole seconds.
fn restarts_of(operator: &Operator<'_>, run: &str, beginning: &str) -> BTreeMap<String, (Timestamp, Timestamp)> {
    let events = operator.run(&["runs", "show", run]).items();
    let times = |what: &str| -> BTreeMap<String, Timestamp> {
        let those = events.iter().filter_map(|event| {
            let node = event["what"][what]["step"].as_str()?.strip_prefix(beginning)?;
            Some((node.to_owned(), event["time"].as_str()?.parse().expect("a time")))
        });
        those.collect()
    };
    let ends = times("stepSucceeded");
    let spans = times("stepStarted").into_iter().map(|(node, began)| {
        let span = (began, ends[&node] + Duration::from_secs(1));
        (node, span)
    });
    spans.collect()
}

fn restarted(before: &Snapshot, after: &Snapshot) -> BTreeSet<String> {
    let others = before.containers.iter().filter(|(name, id)| after.containers.get(*name) != Some(id));
    others.map(|(name, _)| name.clone()).collect()
}

fn on_each_node(lab: &Lab, components: &[&str]) -> BTreeSet<String> {
    let nodes = lab.control_planes();
    nodes.iter().flat_map(|node| components.iter().map(move |component| format!("{component} on {node}"))).collect()
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
