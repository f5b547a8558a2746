//! Whether a component of this node is healthy, by the probe that its own manifest gives the kubelet.

#![expect(clippy::disallowed_methods, reason = "waiting for a component is the port's own business")]

mod probe;

use std::time::{Duration, Instant};

pub(super) use probe::{Probe, manifest};

use super::kubelet::Kubelet;
use super::{Health, LocalNode, NodeError};

/// One success may be the last of a server that is on its way out.
const IN_A_ROW: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(100);
/// Longer than the kubelet's usual second: a busy machine is not an unhealthy component.
const ANSWER: Duration = Duration::from_secs(5);

/// As it is at this moment.
pub(super) async fn look(node: &LocalNode, component: &str) -> Result<Health, NodeError> {
    match probe_of(node, component)? {
        Some(probe) => Ok(probe.ask(ANSWER).await),
        None => Err(NodeError::refused(format!(
            "nothing tells whether {component} is healthy: its manifest has no HTTP or TCP probe"
        ))),
    }
}

/// Waits until it answers well several times in a row; returns the last answer.
pub(super) async fn wait(probe: &Probe, deadline: Instant) -> Result<String, String> {
    let mut row = 0;
    loop {
        let health = probe.ask(ANSWER).await;
        row = if health.healthy { row + 1 } else { 0 };
        if row == IN_A_ROW {
            return Ok(format!("{} ({IN_A_ROW} times in a row)", health.said));
        }
        if Instant::now() > deadline {
            return Err(health.said);
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

pub(super) fn probe_of(node: &LocalNode, component: &str) -> Result<Option<Probe>, NodeError> {
    if component == "kubelet" {
        return Ok(Kubelet::of(node).healthz.map(|(host, port)| Probe::http(host, port, "/healthz")));
    }
    let manifest = manifest(node, component)?;
    Ok(Probe::of(&manifest, component))
}
