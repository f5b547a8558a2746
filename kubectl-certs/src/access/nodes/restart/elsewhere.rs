//! Systems other than Unix have no nodes of a control plane: nothing is restarted there.

#![expect(clippy::unused_async, reason = "as where there is something to wait for")]

use super::{Drain, LocalNode, NodeError};

pub(super) async fn restart(_: &LocalNode, component: &str) -> Result<String, NodeError> {
    Err(refusal(component))
}

pub(super) async fn together(_: &LocalNode, components: &[String], _: Option<Drain>) -> Result<String, NodeError> {
    Err(refusal(&components.join(" and ")))
}

pub(super) async fn can_drain(_: &LocalNode, port: u16) -> Result<(), NodeError> {
    Err(refusal(&format!("port {port}")))
}

pub(super) async fn hold_etcd(_: &LocalNode, _: u64) -> Result<(), NodeError> {
    Err(refusal("the door of etcd"))
}

pub(super) async fn release_etcd(_: &LocalNode) -> Result<(), NodeError> {
    Err(refusal("the door of etcd"))
}

fn refusal(what: &str) -> NodeError {
    NodeError::refused(format!("{what} cannot be touched: this machine runs no node of a control plane, run it on one"))
}
