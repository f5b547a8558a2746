//! How long a renewal of everything takes on a lab of three control-plane nodes and a worker: by hand with kubeadm, and
//! by kubectl-certs as it is released, one after the other in one run. Prints both times and their ratio.
//!
//! By hand four certificates fewer are renewed: kubeadm leaves those of the kubelets alone. Ours ends with the proof that
//! every server presents what was written, and the upload of the helper to the nodes counts.

use std::time::{Duration, Instant};

use clusters::operator::Operator;
use clusters::{baseline, witness};
use support::helper;
use support::lab::Lab;

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn main() {
    let folder = helper::released_folder();
    let lab = Lab::up(3, 1);
    witness::wait_until_ready(&lab, Duration::from_secs(60));
    let by_hand = baseline::renew_by_hand(&lab);
    for (node, took) in &by_hand.nodes {
        println!("by hand, {node}:  {:6.1} s", took.as_secs_f64());
    }
    settle(&lab);
    let operator = Operator::new(&lab, folder);
    let began = Instant::now();
    let done = operator.succeed(&["renew", "--all", "--yes"]);
    let ours = began.elapsed();
    assert_eq!(done["state"], "done");
    let steps = done["steps"].as_array().map_or(0, Vec::len);
    println!("by hand:       {:6.1} s", by_hand.total.as_secs_f64());
    println!("kubectl-certs: {:6.1} s ({steps} steps)", ours.as_secs_f64());
    println!("ratio:         {:6.2}", ours.as_secs_f64() / by_hand.total.as_secs_f64());
}

/// The servers that were just restarted have other things to do for a while.
fn settle(lab: &Lab) {
    for node in lab.control_planes() {
        lab.wait_for_rotation(&node, true, Duration::from_secs(60));
    }
    witness::wait_until_ready(lab, Duration::from_secs(60));
}
