//! The renewal by hand that ours is measured against: `kubeadm certs renew all` and a restart of the
//! four static pods, node by node over SSH, each time until the node is healthy again.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use support::lab::Lab;

const ON_NODE: &str = include_str!("baseline/on_node.sh");

/// How long it took.
#[derive(Clone, Debug)]
pub struct Baseline {
    pub total: Duration,
    pub nodes: Vec<(String, Duration)>,
}

/// Fails the test where the renewal does.
pub fn renew_by_hand(lab: &Lab) -> Baseline {
    let began = Instant::now();
    let nodes = lab.control_planes().into_iter().map(|node| {
        let began = Instant::now();
        run_over_ssh(lab, &node, ON_NODE);
        (node, began.elapsed())
    });
    let nodes = nodes.collect();
    Baseline { total: began.elapsed(), nodes }
}

/// Only the restart of the four static pods of one node, until it is healthy.
pub fn restart_static_pods(lab: &Lab, node: &str) -> Duration {
    let began = Instant::now();
    run_over_ssh(lab, node, &ON_NODE.replace("\nmain\n", "\nrestart_pods && wait_for_health\n"));
    began.elapsed()
}

fn run_over_ssh(lab: &Lab, node: &str, script: &str) {
    let mut ssh = lab.net_command("ssh");
    ssh.arg("-F").arg(lab.ssh_config()).args([node, "bash", "-s"]);
    let mut child = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("ssh");
    let mut stdin = child.stdin.take().expect("the pipe to ssh");
    stdin.write_all(script.as_bytes()).expect("ssh reads the script");
    drop(stdin);
    let output = child.wait_with_output().expect("ssh ends");
    assert!(
        output.status.success(),
        "on {node}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
