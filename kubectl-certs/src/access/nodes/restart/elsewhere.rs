//! Systems without control planes of their own restart nothing.

use super::{LocalNode, NodeError};

pub(super) async fn restart(node: &LocalNode, component: &str) -> Result<String, NodeError> {
    let _ = node;
    Err(NodeError::refused(format!(
        "{component} cannot be restarted: nodes of a control plane run Linux, this machine does not"
    )))
}
