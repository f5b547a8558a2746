//! Restarting the kubelet by whatever keeps it running. Its pods go on.

#![expect(clippy::disallowed_methods, reason = "waiting for a component is the port's own business")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::PATIENCE;
use super::until_healthy::until_healthy;
use crate::access::nodes::{LocalNode, NodeError, Process, command, health, processes};

/// A service manager waits for the old process to leave (systemd: 90 s).
const COMMAND: Duration = Duration::from_secs(100);

pub(super) async fn restart(node: &LocalNode) -> Result<String, NodeError> {
    let before = running();
    let (program, arguments) = service()?;
    let probe = health::probe_of(node, "kubelet")?;
    let began = Instant::now();
    command::run(&program, &arguments, COMMAND).await?;
    let deadline = began + PATIENCE;
    let process = loop {
        if let Some(new) = running().into_iter().find(|process| !before.contains(process)) {
            break new;
        }
        if Instant::now() > deadline {
            return Err(NodeError::failed(format!(
                "the kubelet was restarted by {}, but no new process of it was seen within {} s; see its log",
                program.display(),
                PATIENCE.as_secs()
            )));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let health = match probe {
        Some(probe) => until_healthy(&probe, deadline).await.map_err(|said| {
            NodeError::failed(format!(
                "the kubelet was restarted as process {}, but is not healthy after {} s: {said}; see its log",
                process.pid,
                PATIENCE.as_secs()
            ))
        })?,
        None => "its own health is switched off".to_owned(),
    };
    if !running().contains(&process) {
        return Err(NodeError::failed(format!(
            "the kubelet was restarted as process {}, which has ended since; see its log",
            process.pid
        )));
    }
    let took = began.elapsed().as_secs_f64();
    Ok(format!("process {} runs in its place since {}, {health}, after {took:.1} s", process.pid, process.started))
}

fn running() -> Vec<Process> {
    processes::list(&["kubelet".to_owned()])
}

fn service() -> Result<(PathBuf, [&'static str; 2]), NodeError> {
    // `service` last: where systemd or OpenRC rules, it only passes the wish on.
    let ways = [
        ("systemctl", ["restart", "kubelet"]),
        ("rc-service", ["kubelet", "restart"]),
        ("service", ["kubelet", "restart"]),
    ];
    ways.into_iter().find_map(|(program, arguments)| Some((command::find(program)?, arguments))).ok_or_else(|| {
        NodeError::refused(
            "the kubelet cannot be restarted: none of systemctl, rc-service and service is on this node; restart it by hand",
        )
    })
}
