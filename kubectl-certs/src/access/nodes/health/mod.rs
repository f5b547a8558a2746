//! Whether a component of this node is healthy, by the probe that its own manifest gives the kubelet.

mod probe;

use std::time::Duration;

pub(super) use probe::Probe;

use super::kubelet::Kubelet;
use super::{Health, LocalNode, NodeError};

/// Longer than the kubelet's usual second: a busy machine is not an unhealthy component.
pub(super) const ANSWER: Duration = Duration::from_secs(5);

/// As it is at this moment.
pub(super) async fn look(node: &LocalNode, component: &str) -> Result<Health, NodeError> {
    match probe_of(node, component)? {
        Some(probe) => Ok(probe.ask(ANSWER).await),
        None => Err(NodeError::refused(format!(
            "nothing tells whether {component} is healthy: it has no HTTP or TCP probe that could be asked"
        ))),
    }
}

pub(super) fn probe_of(node: &LocalNode, component: &str) -> Result<Option<Probe>, NodeError> {
    if component == "kubelet" {
        return Ok(Kubelet::of(node).healthz.map(|(host, port)| Probe::http(host, port, "/healthz")));
    }
    let manifest = probe::manifest(node, component)?;
    Ok(Probe::of(&manifest, component))
}
