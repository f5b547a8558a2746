//! Other ways to the nodes than root's own.

use clusters::operator::Operator;
use rustix::process::Signal;
use serde_json::Value;

use crate::cluster::Snapshot;

pub(crate) fn sudo_and_a_jump_host_lead_to_the_same(root: &Operator<'_>) {
    let before = Snapshot::take(root);
    let admin = root.other(&["--ssh", "admin@cp1", "--ssh", "admin@cp2", "--ssh", "admin@cp3", "--ssh", "admin@w1"]);
    let comparable = |operator: &Operator<'_>| {
        let mut leaves = operator.leaves();
        for leaf in &mut leaves {
            leaf["secondsLeft"] = Value::Null;
            // What tables call it is shorter where there is one node only.
            leaf["label"] = Value::Null;
        }
        leaves
    };
    let leaves = comparable(root);
    assert_eq!(comparable(&admin), leaves);
    let renewed = admin.succeed(&["renew", "--only", "front-proxy-client", "--node", "cp2", "--yes"]);
    assert_eq!(renewed["steps"].as_array().map(Vec::len), Some(1), "{renewed:#}");
    assert_eq!(before.differences(root).len(), 2);
    // By anybody who knows the nodes.
    root.take_back(renewed["run"].as_str().expect("a run"));
    before.assert_is_back(root);

    let through = root.other(&["--ssh", "cp2", "--ssh-jump", "cp1"]);
    let on_cp2 = |leaf: &&Value| leaf["target"].as_str().is_some_and(|target| target.starts_with("node/cp2:"));
    assert_eq!(comparable(&through), leaves.iter().filter(on_cp2).cloned().collect::<Vec<_>>());
    let mut renewal = through.start(&["renew", "--only", "front-proxy-client", "--yes"]);
    renewal.wait_for("run ");
    renewal.signal(Signal::STOP);
    let connections = root.lab.exec_ok("cp2", &["ss", "-Htn", "state", "established", "sport", "=", ":22"]);
    renewal.signal(Signal::CONT);
    assert!(connections.contains(&root.lab.address("cp1").to_string()), "nobody came through cp1:\n{connections}");
    let run = renewal.run().expect("a run");
    let renewed = renewal.finish();
    assert_eq!(renewed.code, Some(0), "{renewed:?}");
    through.take_back(&run);
    before.assert_is_back(root);
}
