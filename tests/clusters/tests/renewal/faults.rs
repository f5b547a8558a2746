//! What is cut off in the middle, wherever that is, is completed by `resume` and taken back by `undo`.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use clusters::operator::{Operator, Outcome, Running};
use clusters::witness;
use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::{Snapshot, leaf_at};

/// A write, a restart of a static pod and a remake on each control-plane node.
const RENEW: [&str; 8] =
    ["renew", "--only", "apiserver", "--only", "scheduler.conf", "--only", "kubelet-serving", "--yes"];

struct Fault {
    /// The beginning of the line of progress after which it comes.
    after: &'static str,
    then: Then,
    ends: Ends,
}

enum Then {
    /// The operator's program is killed so many milliseconds later.
    Kill(u64),
    /// The helper on this node is killed so many milliseconds later.
    KillHelper(&'static str, u64),
    /// The helper on this node is killed as soon as something lies beside this file that will take its place.
    KillHelperInWrite(&'static str, &'static str),
    /// The node loses its power.
    PowerOff(&'static str),
}

#[derive(Clone, Copy)]
enum Ends {
    Resumed,
    Undone,
}

const FAULTS: [Fault; 10] = [
    Fault { after: "renew-apiserver@cp1:", then: Then::Kill(0), ends: Ends::Resumed },
    Fault { after: "renew-scheduler.conf@cp2:", then: Then::Kill(100), ends: Ends::Undone },
    Fault { after: "restart-kube-scheduler@cp1:", then: Then::Kill(400), ends: Ends::Resumed },
    Fault { after: "remake-kubelet-serving@cp3:", then: Then::Kill(300), ends: Ends::Undone },
    Fault {
        after: "renew-apiserver@cp2:",
        then: Then::KillHelperInWrite("cp2", "/etc/kubernetes/pki/apiserver.key"),
        ends: Ends::Resumed,
    },
    Fault {
        after: "renew-scheduler.conf@cp3:",
        then: Then::KillHelperInWrite("cp3", "/etc/kubernetes/scheduler.conf"),
        ends: Ends::Undone,
    },
    Fault { after: "renew-apiserver@cp3:", then: Then::KillHelper("cp3", 50), ends: Ends::Undone },
    Fault { after: "restart-kube-scheduler@cp2:", then: Then::KillHelper("cp2", 500), ends: Ends::Resumed },
    Fault { after: "renew-apiserver@cp2:", then: Then::PowerOff("cp2"), ends: Ends::Resumed },
    Fault { after: "remake-kubelet-serving@cp3:", then: Then::PowerOff("cp3"), ends: Ends::Undone },
];

pub(crate) fn whatever_is_cut_off_is_completed_or_taken_back(operator: &Operator<'_>) {
    let before = Snapshot::take(operator);
    for fault in &FAULTS {
        let (run, ended) = strike(operator, fault);
        crate::told(&format!("  {} {}", fault.after, fault.then.shown()));
        let survived = ended.code == Some(0);
        match fault.then.node() {
            // Between two operations nothing is lost: the helper is started anew, and the run goes on.
            Some(_) if survived && fault.then.may_fall_between() => crate::told("  it went on by itself"),
            Some(node) => assert_is_told(&ended, node, &run),
            None => {}
        }
        if let Then::PowerOff(node) = fault.then {
            operator.lab.start(node);
            // Of the API server there; the others have answered meanwhile.
            operator.lab.wait_for_rotation(node, true, Duration::from_secs(120));
        }
        if let Ends::Resumed = fault.ends {
            if !survived {
                let resumed = operator.when_unlocked(&["runs", "resume", &run]);
                assert_eq!(resumed.code, Some(0), "{}: {resumed:?}", fault.after);
            }
            assert_all_is_new(operator, &before);
        }
        let undone = operator.when_unlocked(&["runs", "undo", &run]);
        assert_eq!(undone.code, Some(0), "{}: {undone:?}", fault.after);
        before.assert_is_back(operator);
        operator.succeed(&["runs", "finish", &run]);
    }
    witness::wait_until_ready(operator.lab, Duration::from_secs(90));
}

/// The run, and how its program ended.
fn strike(operator: &Operator<'_>, fault: &Fault) -> (String, Outcome) {
    let mut renewal = operator.start(&RENEW);
    renewal.wait_for("run ");
    let run = renewal.run().expect("a run");
    match fault.then {
        Then::Kill(after) => {
            renewal.wait_for(fault.after);
            sleep(Duration::from_millis(after));
            renewal.signal(Signal::KILL);
        }
        Then::KillHelper(node, after) => {
            let helper = helper_on(operator, node);
            renewal.wait_for(fault.after);
            sleep(Duration::from_millis(after));
            kill_process(helper, Signal::KILL).expect("it is there");
        }
        Then::KillHelperInWrite(node, file) => kill_in_write(operator, &mut renewal, fault.after, node, file),
        Then::PowerOff(node) => {
            renewal.wait_for(fault.after);
            operator.lab.stop(node);
        }
    }
    (run, renewal.finish())
}

/// What is new is written beside the old file and flushed, then renamed.
fn kill_in_write(operator: &Operator<'_>, renewal: &mut Running, after: &str, node: &str, file: &str) {
    let helper = helper_on(operator, node);
    let path = operator.lab.node_path(node, file);
    let folder = path.parent().expect("a folder");
    let count = || fs::read_dir(folder).expect("a folder").count();
    let before = count();
    renewal.wait_for(after);
    let deadline = Instant::now() + Duration::from_secs(60);
    while count() == before {
        assert!(Instant::now() < deadline, "{} was not written", path.display());
    }
    kill_process(helper, Signal::KILL).expect("it is there");
}

/// As this machine numbers it.
fn helper_on(operator: &Operator<'_>, node: &str) -> Pid {
    let address = format!(" {} 22", operator.lab.address(node));
    let helpers = fs::read_dir("/proc").expect("Linux").filter_map(|entry| {
        let process = entry.ok()?.path();
        let program = fs::read_link(process.join("exe")).ok()?;
        let environment = fs::read_to_string(process.join("environ")).ok()?;
        let connection = environment.split('\0').find_map(|line| line.strip_prefix("SSH_CONNECTION="))?;
        let ours = program.to_string_lossy().contains("/kubectl-certs/helper/") && connection.ends_with(&address);
        ours.then(|| process.file_name()?.to_str()?.parse::<i32>().ok()).flatten()
    });
    let helpers: Vec<i32> = helpers.collect();
    let [helper] = helpers.as_slice() else { panic!("helpers on {node}: {helpers:?}") };
    Pid::from_raw(*helper).expect("a process id")
}

/// Which node, what is known, what is safe, and what to type next.
fn assert_is_told(ended: &Outcome, node: &str, run: &str) {
    assert_eq!(ended.code, Some(5), "{ended:?}");
    let error = ended.said.lines().find_map(|line| line.strip_prefix("error: "));
    let error = error.unwrap_or_else(|| panic!("no error: {ended:?}"));
    // Either an operation was under way, or none was and there is no connection any more.
    let known = ["not known", "no connection"].iter().any(|words| error.contains(words));
    assert!(error.contains(node) && known, "{ended:?}");
    for command in ["resume", "undo"] {
        let next = format!("runs {command} {run} --ssh cp1");
        assert!(ended.said.lines().any(|line| line.starts_with("hint: ") && line.contains(&next)), "{ended:?}");
    }
    assert!(ended.said.contains("old files"), "nothing is said of what is safe: {ended:?}");
}

/// Keys and certificates belong together, nothing is left beside them, and what is served is what is stored.
fn assert_all_is_new(operator: &Operator<'_>, before: &Snapshot) {
    let differences = before.differences(operator);
    assert!(differences.iter().all(|line| line.contains(" bytes, other ")), "{differences:#?}");
    // A pair and a kubeconfig on three nodes, a pair of the kubelet on four.
    assert_eq!(differences.len(), 3 * 3 + 4 * 2, "{differences:#?}");
    let leaves = operator.leaves();
    assert!(leaves.iter().all(|leaf| leaf["key"] == "matches"), "{leaves:#?}");
    let after = Snapshot::take(operator);
    for (endpoint, served) in &after.served {
        let place = format!("node/{}:", endpoint.node);
        let leaf = leaves.iter().find(|leaf| {
            leaf["name"] == leaf_at(endpoint) && leaf["target"].as_str().is_some_and(|at| at.starts_with(&place))
        });
        assert_eq!(served.as_deref(), leaf.and_then(|leaf| leaf["fingerprint"].as_str()), "{endpoint:?}");
    }
}

impl Then {
    /// That must be named; none where nobody is left to name it.
    fn node(&self) -> Option<&'static str> {
        match self {
            Self::Kill(_) => None,
            Self::KillHelper(node, _) | Self::KillHelperInWrite(node, _) | Self::PowerOff(node) => Some(node),
        }
    }

    /// The moment is not the operation's own.
    fn may_fall_between(&self) -> bool {
        matches!(self, Self::KillHelper(..) | Self::KillHelperInWrite(..))
    }

    fn shown(&self) -> String {
        match self {
            Self::Kill(after) => format!("program killed after {after} ms"),
            Self::KillHelper(node, after) => format!("helper on {node} killed after {after} ms"),
            Self::KillHelperInWrite(node, file) => format!("helper on {node} killed while it wrote {file}"),
            Self::PowerOff(node) => format!("{node} powered off"),
        }
    }
}
