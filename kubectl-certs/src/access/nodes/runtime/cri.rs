//! The container runtime interface, spoken by gRPC on the runtime's socket.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use prost::Message;
use serde::Deserialize;
use tokio::time::timeout;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};

use super::messages::{
    CONTAINER_RUNNING, ContainerFilter, ContainerStateValue, ContainerStatusRequest, ContainerStatusResponse,
    ListContainersRequest, ListContainersResponse, ListPodSandboxRequest, ListPodSandboxResponse, Nothing,
    PodSandboxFilter, PodSandboxId, StopContainerRequest, VersionRequest, VersionResponse,
};
use super::{CONTAINER_NAME, Container, MainProcess, NAMESPACE, PATIENCE, Runtime};
use crate::access::nodes::{NodeError, NodeErrorKind, grpc};
use crate::model::Time;

const CONNECT: Duration = Duration::from_secs(3);

pub(super) struct Cri {
    channel: Channel,
    name: String,
}

/// A socket that accepts connections may still speak something else: it is asked for its version.
pub(super) async fn connect(socket: &Path) -> Result<Cri, String> {
    let endpoint = Endpoint::try_from(format!("unix://{}", socket.display())).map_err(|error| grpc::chain(&error))?;
    let channel = timeout(CONNECT, endpoint.connect())
        .await
        .map_err(|_| format!("no connection within {} s", CONNECT.as_secs()))?
        .map_err(|error| grpc::chain(&error))?;
    let request = VersionRequest { version: "v1".to_owned() };
    let answer = grpc::call(&channel, "/runtime.v1.RuntimeService/Version", request, CONNECT).await;
    let version: VersionResponse = answer.map_err(|status| match status.code() {
        Code::Unimplemented => "it does not speak the container runtime interface v1".to_owned(),
        _ => grpc::said(&status),
    })?;
    let name = format!("{} {} on {}", version.runtime_name, version.runtime_version, socket.display());
    Ok(Cri { channel, name })
}

impl Cri {
    async fn call<Q, R>(&self, method: &'static str, request: Q, limit: Duration) -> Result<R, NodeError>
    where
        Q: Message + 'static,
        R: Message + Default + 'static,
    {
        grpc::call(&self.channel, method, request, limit).await.map_err(|status| {
            let name = method.rsplit('/').next().unwrap_or(method);
            let message = format!("{} failed to do {name}: {}", self.name, grpc::said(&status));
            let kind = if status.code() == Code::NotFound { NodeErrorKind::NotFound } else { NodeErrorKind::Failed };
            NodeError::new(kind, message)
        })
    }
}

#[async_trait]
impl Runtime for Cri {
    fn name(&self) -> &str {
        &self.name
    }

    async fn sandboxes(&self, component: &str) -> Result<Vec<String>, NodeError> {
        let labels = [("component", component), ("tier", "control-plane"), (NAMESPACE, "kube-system")];
        let filter = Some(PodSandboxFilter { label_selector: owned(&labels) });
        let method = "/runtime.v1.RuntimeService/ListPodSandbox";
        let listed: ListPodSandboxResponse = self.call(method, ListPodSandboxRequest { filter }, PATIENCE).await?;
        Ok(listed.items.into_iter().map(|sandbox| sandbox.id).collect())
    }

    async fn containers(&self, component: &str) -> Result<Vec<Container>, NodeError> {
        let filter = Some(ContainerFilter {
            state: Some(ContainerStateValue { state: CONTAINER_RUNNING }),
            label_selector: owned(&[(CONTAINER_NAME, component), (NAMESPACE, "kube-system")]),
        });
        let method = "/runtime.v1.RuntimeService/ListContainers";
        let listed: ListContainersResponse = self.call(method, ListContainersRequest { filter }, PATIENCE).await?;
        let containers = listed.containers.into_iter();
        Ok(containers.map(|container| Container { id: container.id, sandbox: container.pod_sandbox_id }).collect())
    }

    async fn main_process(&self, container: &str) -> Result<MainProcess, NodeError> {
        let request = ContainerStatusRequest { container_id: container.to_owned(), verbose: true };
        let method = "/runtime.v1.RuntimeService/ContainerStatus";
        let answer: ContainerStatusResponse = self.call(method, request, PATIENCE).await?;
        let started = answer.status.map(|status| status.started_at).filter(|&nanoseconds| nanoseconds > 0);
        Ok(MainProcess {
            pid: answer.info.get("info").and_then(|info| pid(info)),
            started: started.map(|nanoseconds| Time::from_unix(nanoseconds / 1_000_000_000)),
        })
    }

    async fn stop_container(&self, container: &str, grace: Duration) -> Result<(), NodeError> {
        let timeout = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
        let request = StopContainerRequest { container_id: container.to_owned(), timeout };
        let method = "/runtime.v1.RuntimeService/StopContainer";
        self.call::<_, Nothing>(method, request, grace + PATIENCE).await.map(drop)
    }

    async fn stop_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        let request = PodSandboxId { pod_sandbox_id: sandbox.to_owned() };
        self.call::<_, Nothing>("/runtime.v1.RuntimeService/StopPodSandbox", request, PATIENCE).await.map(drop)
    }

    async fn remove_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        let request = PodSandboxId { pod_sandbox_id: sandbox.to_owned() };
        self.call::<_, Nothing>("/runtime.v1.RuntimeService/RemovePodSandbox", request, PATIENCE).await.map(drop)
    }
}

fn owned(labels: &[(&str, &str)]) -> HashMap<String, String> {
    labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Only the outermost `pid`: further in there is one of the namespaces, which is 1 on every node, and a signal to
/// process 1 ends the machine.
fn pid(info: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Info {
        pid: Option<u32>,
    }
    serde_json::from_str::<Info>(info).ok()?.pid.filter(|&pid| pid > 1)
}

#[cfg(test)]
mod tests {
    use super::pid;

    #[test]
    fn the_first_pid_of_the_text_is_not_taken() {
        let info = r#"{"runtimeSpec":{"linux":{"namespace_options":{"pid":1}}},"config":{"pid":1},"pid":476}"#;
        assert_eq!(pid(info), Some(476));
        assert_eq!(pid(r#"{"config":{"pid":77}}"#), None);
        assert_eq!(pid(r#"{"pid":1}"#), None);
        assert_eq!(pid("no JSON"), None);
    }
}
