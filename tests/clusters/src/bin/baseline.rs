//! How long a renewal of everything takes on a lab of three control-plane nodes and a worker: by hand with kubeadm, and
//! by kubectl-certs as it is released, in turns in one run. Prints the times and the ratio of the best of each, as a busy
//! machine only ever adds to a time. Ends with 1 where ours is not the shorter one.
//!
//! By hand four certificates fewer are renewed: kubeadm leaves those of the kubelets alone. Ours ends with the proof that
//! every server presents what was written, and the upload of the helper to the nodes counts in the first round.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clusters::operator::Operator;
use clusters::{baseline, witness};
use support::helper;
use support::lab::Lab;

const ROUNDS: usize = 2;

fn main() -> ExitCode {
    let folder = helper::released_folder();
    let lab = Lab::up(3, 1);
    witness::wait_until_ready(&lab, Duration::from_secs(60));
    let operator = Operator::new(&lab, folder);
    let [mut by_hand, mut ours] = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        by_hand = by_hand.min(renew_by_hand(&lab));
        settle(&lab);
        ours = ours.min(renew(&operator));
        settle(&lab);
    }
    let ratio = ours.as_secs_f64() / by_hand.as_secs_f64();
    told(&format!("best of each: {:.1} s by hand, {:.1} s ours", by_hand.as_secs_f64(), ours.as_secs_f64()));
    told(&format!("ratio:        {ratio:.2}"));
    if ratio < 1.0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn renew_by_hand(lab: &Lab) -> Duration {
    let by_hand = baseline::renew_by_hand(lab);
    for (node, took) in &by_hand.nodes {
        told(&format!("by hand, {node}: {:5.1} s", took.as_secs_f64()));
    }
    told(&format!("by hand:      {:5.1} s", by_hand.total.as_secs_f64()));
    by_hand.total
}

/// Wipes its backups afterwards, which nobody waits for.
fn renew(operator: &Operator<'_>) -> Duration {
    let began = Instant::now();
    let done = operator.succeed(&["renew", "--all", "--yes"]);
    let took = began.elapsed();
    assert_eq!(done["state"], "done");
    let steps = done["steps"].as_array().map_or(0, Vec::len);
    told(&format!("kubectl-certs:{:5.1} s ({steps} steps)", took.as_secs_f64()));
    operator.succeed(&["runs", "finish", done["run"].as_str().expect("a run")]);
    took
}

/// The servers that were just restarted have other things to do for a while.
fn settle(lab: &Lab) {
    for node in lab.control_planes() {
        lab.wait_for_rotation(&node, true, Duration::from_secs(60));
    }
    witness::wait_until_ready(lab, Duration::from_secs(60));
}

#[expect(clippy::print_stdout, reason = "its output is its purpose")]
fn told(line: &str) {
    println!("{line}");
}
