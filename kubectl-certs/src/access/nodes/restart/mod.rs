//! Restarting components of this node, so that they take up what was put in place for them. Works without the API
//! server, moves nothing on the disk, and is done only when what runs anew is healthy.

mod drain;
mod hold;
mod kubelet_service;
mod leadership;
mod static_pod;
mod terminate;
mod together;
mod until_healthy;

use std::time::Duration;

use super::{Drain, LocalNode, NodeError};

/// New container after about 1.5 s, healthy after 2 to 5 s (seen on Kubernetes 1.36); busy machines take longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns what shows that it happened.
pub(super) async fn restart(node: &LocalNode, component: &str) -> Result<String, NodeError> {
    only_a_running_machine(node, component, "restarted")?;
    if component == "kubelet" {
        kubelet_service::restart(node).await
    } else {
        static_pod::restart(node, component).await
    }
}

pub(super) async fn together(
    node: &LocalNode,
    components: &[String],
    drain: Option<Drain>,
) -> Result<String, NodeError> {
    only_a_running_machine(node, &components.join(" and "), "restarted")?;
    Box::pin(together::restart(node, components, drain)).await
}

/// Could new connections to this port be turned away?
pub(super) async fn can_drain(node: &LocalNode, port: u16) -> Result<(), NodeError> {
    only_a_running_machine(node, &format!("port {port}"), "closed")?;
    drain::possible(port).await
}

pub(super) async fn hold_etcd(node: &LocalNode, milliseconds: u64) -> Result<(), NodeError> {
    only_a_running_machine(node, "the door of etcd", "held")?;
    hold::begin(node, milliseconds).await
}

pub(super) async fn release_etcd(node: &LocalNode) -> Result<(), NodeError> {
    only_a_running_machine(node, "the door of etcd", "released")?;
    hold::end().await
}

fn only_a_running_machine(node: &LocalNode, what: &str, done: &str) -> Result<(), NodeError> {
    if node.is_running_machine() {
        return Ok(());
    }
    Err(NodeError::refused(format!(
        "{what} cannot be {done}: {} is a disk in a folder, not a running machine",
        node.root.display()
    )))
}
