//! The container runtime through `docker`, for nodes whose kubelet still speaks to Docker itself (Kubernetes before
//! 1.24). The labels are those that such a kubelet writes (dockershim, `pkg/kubelet/dockershim/naming.go`).

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;

use super::crictl::{parse, time};
use super::{CONTAINER_NAME, Container, MainProcess, NAMESPACE, PATIENCE, Runtime};
use crate::access::nodes::{NodeError, NodeErrorKind, command};

/// `podsandbox` or `container`.
const KIND: &str = "io.kubernetes.docker.type";
const SANDBOX: &str = "io.kubernetes.sandbox.id";

pub(super) struct Docker {
    program: PathBuf,
}

pub(super) async fn find() -> Result<Docker, String> {
    let program = command::find("docker").ok_or("docker: it is not in PATH")?;
    let docker = Docker { program };
    docker.call(&["version", "--format", "{{.Server.Version}}"]).await.map_err(|error| error.message)?;
    Ok(docker)
}

impl Docker {
    async fn call(&self, arguments: &[&str]) -> Result<String, NodeError> {
        command::run(&self.program, arguments, PATIENCE).await.map_err(|error| match error {
            NodeError { message, .. } if message.contains("No such container") => {
                NodeError::new(NodeErrorKind::NotFound, message)
            }
            other => other,
        })
    }

    /// Ids in full, of containers that have all these labels.
    async fn ids(&self, all: bool, labels: &[String]) -> Result<Vec<String>, NodeError> {
        let filters: Vec<String> = labels.iter().map(|label| format!("label={label}")).collect();
        let mut arguments = vec!["ps", "--quiet", "--no-trunc"];
        if all {
            arguments.push("--all");
        }
        for filter in &filters {
            arguments.extend(["--filter", filter]);
        }
        Ok(self.call(&arguments).await?.split_whitespace().map(str::to_owned).collect())
    }

    async fn inspect(&self, container: &str) -> Result<Inspected, NodeError> {
        let arguments = ["inspect", "--type", "container", container];
        let found: Vec<Inspected> = parse(&self.call(&arguments).await?, &arguments)?;
        found.into_iter().next().ok_or_else(|| NodeError::failed(format!("docker knows no container {container}")))
    }

    async fn of_sandbox(&self, all: bool, sandbox: &str) -> Result<Vec<String>, NodeError> {
        self.ids(all, &[format!("{KIND}=container"), format!("{SANDBOX}={sandbox}")]).await
    }
}

#[async_trait]
impl Runtime for Docker {
    fn name(&self) -> &'static str {
        "Docker"
    }

    async fn sandboxes(&self, component: &str) -> Result<Vec<String>, NodeError> {
        let labels = [
            format!("{KIND}=podsandbox"),
            format!("component={component}"),
            "tier=control-plane".to_owned(),
            format!("{NAMESPACE}=kube-system"),
        ];
        self.ids(true, &labels).await
    }

    async fn containers(&self, component: &str) -> Result<Vec<Container>, NodeError> {
        let labels =
            [format!("{KIND}=container"), format!("{CONTAINER_NAME}={component}"), format!("{NAMESPACE}=kube-system")];
        let mut containers = Vec::new();
        for id in self.ids(false, &labels).await? {
            let sandbox = self.inspect(&id).await?.config.labels.sandbox;
            containers.push(Container { id, sandbox: sandbox.unwrap_or_default() });
        }
        Ok(containers)
    }

    async fn main_process(&self, container: &str) -> Result<MainProcess, NodeError> {
        let state = self.inspect(container).await?.state;
        Ok(MainProcess { pid: state.pid.filter(|&pid| pid > 1), started: time(&state.started_at) })
    }

    async fn stop_container(&self, container: &str, grace: Duration) -> Result<(), NodeError> {
        let seconds = grace.as_secs().to_string();
        let arguments = ["stop", "-t", &seconds, container];
        command::run(&self.program, &arguments, grace + PATIENCE).await.map(drop)
    }

    /// A sandbox is a container like any other here: ending it does not end those that share its namespaces.
    async fn stop_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        let mut ids = self.of_sandbox(false, sandbox).await?;
        ids.push(sandbox.to_owned());
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.call(&[&["stop", "-t", "0"], &ids[..]].concat()).await.map(drop)
    }

    async fn remove_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        let mut ids = self.of_sandbox(true, sandbox).await?;
        ids.push(sandbox.to_owned());
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        self.call(&[&["rm", "--force"], &ids[..]].concat()).await.map(drop)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    state: State,
    config: Config,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    pid: Option<u32>,
    started_at: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    labels: Labels,
}

#[derive(Deserialize)]
struct Labels {
    #[serde(rename = "io.kubernetes.sandbox.id")]
    sandbox: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{Inspected, parse};

    /// The shape of Docker's interface 1.41.
    #[test]
    fn what_docker_tells_of_a_container() {
        let text = r#"[{"Id":"d304","State":{"Status":"running","Running":true,"Pid":476,
            "StartedAt":"2026-11-22T22:19:04.597534955Z"},"Name":"/k8s_etcd_etcd-cp1_kube-system_aa2a_0",
            "Config":{"Labels":{"io.kubernetes.container.name":"etcd","io.kubernetes.sandbox.id":"9e32"}}}]"#;
        let found: Vec<Inspected> = parse(text, &["inspect"]).expect("containers");
        assert_eq!(found[0].state.pid, Some(476));
        assert_eq!(found[0].config.labels.sandbox.as_deref(), Some("9e32"));
    }
}
