//! The container runtime of this node, as far as restarting a static pod needs it: its sandboxes, its containers, and
//! ending them. Spoken to by gRPC on its socket, else through `crictl`, else through `docker`.

mod cri;
mod crictl;
mod docker;
mod messages;
mod socket;

use std::time::Duration;

use async_trait::async_trait;

use super::kubelet::Kubelet;
use super::{LocalNode, NodeError};
use crate::model::Time;

/// A stopped sandbox is gone within half a second; a runtime that is busy with other things takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

const NAMESPACE: &str = "io.kubernetes.pod.namespace";
const CONTAINER_NAME: &str = "io.kubernetes.container.name";

#[async_trait]
pub(super) trait Runtime: Send + Sync {
    /// Which one it is and how it is reached, for sentences.
    fn name(&self) -> &str;

    /// The sandboxes of a static pod of the control plane, running or not.
    async fn sandboxes(&self, component: &str) -> Result<Vec<String>, NodeError>;

    /// The running containers of that name; whose they are tells the sandbox.
    async fn containers(&self, component: &str) -> Result<Vec<Container>, NodeError>;

    async fn main_process(&self, container: &str) -> Result<MainProcess, NodeError>;

    /// SIGTERM, and SIGKILL when `grace` is over.
    async fn stop_container(&self, container: &str, grace: Duration) -> Result<(), NodeError>;

    /// Ends its containers at once.
    async fn stop_sandbox(&self, sandbox: &str) -> Result<(), NodeError>;

    async fn remove_sandbox(&self, sandbox: &str) -> Result<(), NodeError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Container {
    pub(super) id: String,
    pub(super) sandbox: String,
}

impl Container {
    /// As `crictl ps` shows it.
    pub(super) fn short(&self) -> &str {
        self.id.get(..13).unwrap_or(&self.id)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MainProcess {
    pub(super) pid: Option<u32>,
    pub(super) started: Option<Time>,
}

/// The first that answers.
pub(super) async fn of(node: &LocalNode) -> Result<Box<dyn Runtime>, NodeError> {
    let kubelet = Kubelet::of(node);
    let mut failures = Vec::new();
    for socket in socket::candidates(&node.root, kubelet.runtime_endpoint.as_deref()) {
        match cri::connect(&socket).await {
            Ok(runtime) => return Ok(Box::new(runtime)),
            Err(why) => failures.push(format!("{}: {why}", socket.display())),
        }
    }
    match crictl::find(kubelet.runtime_endpoint.as_deref()).await {
        Ok(runtime) => return Ok(Box::new(runtime)),
        Err(why) => failures.push(why),
    }
    match docker::find().await {
        Ok(runtime) => return Ok(Box::new(runtime)),
        Err(why) => failures.push(why),
    }
    Err(NodeError::refused(format!(
        "no container runtime of this node answers ({}); run as root on the node itself, or start its container runtime",
        failures.join("; ")
    )))
}
