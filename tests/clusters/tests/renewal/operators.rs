//! Two people at once.

use clusters::operator::Operator;
use clusters::witness;
use rustix::process::Signal;

use crate::cluster::Snapshot;

/// Needs no restart, and so no API server.
const RENEW: [&str; 4] = ["renew", "--only", "front-proxy-client", "--yes"];

pub(crate) fn the_second_is_told_who_is_first(alice: &Operator<'_>) {
    let before = Snapshot::take(alice);
    let mut first = alice.start(&RENEW);
    first.wait_for("run ");
    first.signal(Signal::STOP);
    let run = first.run().expect("a run");

    let bob = alice.colleague();
    let second = bob.run(&RENEW);
    assert_eq!(second.code, Some(7), "{second:?}");
    let since = minute_of(&run);
    for words in ["alice@", "is changing cp1 since ", &since, &run] {
        assert!(second.said.contains(words), "{words} is not in {second:?}");
    }
    // Whoever wants other nodes is not in the way.
    assert_eq!(bob.other(&["--ssh", "w1"]).run(&["list"]).code, Some(0));

    first.signal(Signal::CONT);
    let first = first.finish();
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(before.differences(alice).len(), 2 * 3, "{:?}", before.differences(alice));
    // And it is over: the second is the first now. Of two runs, the later one is taken back first.
    let later = bob.succeed(&RENEW);
    let later = later["run"].as_str().expect("a run");
    let refused = alice.run(&["runs", "undo", &run]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert!(refused.said.contains(later), "{refused:?}");
    for (operator, run) in [(&bob, later), (alice, &run)] {
        operator.take_back(run);
    }
    before.assert_is_back(alice);
}

/// The lock is on the nodes, and the API servers are away.
pub(crate) fn the_second_is_told_without_any_api_server(alice: &Operator<'_>) {
    let lab = alice.lab;
    let before = Snapshot::take(alice);
    for node in lab.control_planes() {
        lab.exec_ok(&node, &["systemctl", "stop", "kubelet"]);
        let name = ["--name", "kube-apiserver", "--state", "ready", "--quiet"];
        let sandbox = lab.exec_ok(&node, &[["crictl", "pods"].as_slice(), &name].concat());
        lab.exec_ok(&node, &["crictl", "stopp", sandbox.trim()]);
    }
    let away = witness::served(lab).into_iter().filter(|(endpoint, _)| endpoint.port == 6443);
    assert!(away.map(|(_, served)| served).all(|served| served.is_none()), "an API server still answers");

    let mut first = alice.start(&RENEW);
    first.wait_for("run ");
    first.signal(Signal::STOP);
    let run = first.run().expect("a run");
    let second = alice.colleague().run(&RENEW);
    assert_eq!(second.code, Some(7), "{second:?}");
    assert!(second.said.contains("alice@") && second.said.contains(&minute_of(&run)), "{second:?}");
    first.signal(Signal::CONT);
    let first = first.finish();
    assert_eq!(first.code, Some(0), "{first:?}");
    alice.take_back(&run);

    for node in lab.control_planes() {
        lab.exec_ok(&node, &["systemctl", "start", "kubelet"]);
    }
    before.assert_is_back(alice);
    for node in lab.control_planes() {
        lab.wait_for_rotation(&node, true, std::time::Duration::from_secs(90));
    }
}

/// A run is named by the time at which it began: `20261122t191500z-9f31`; the lock was taken within that minute.
fn minute_of(run: &str) -> String {
    let (date, time) = run.split_once('t').expect("a time");
    format!("{}-{}-{}T{}:{}", &date[..4], &date[4..6], &date[6..8], &time[..2], &time[2..4])
}
