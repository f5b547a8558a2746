//! The container runtime through `crictl`: for runtimes whose version of the interface is older than ours, which the
//! `crictl` that came with them still speaks.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{CONTAINER_NAME, Container, MainProcess, NAMESPACE, PATIENCE, Runtime};
use crate::access::nodes::{NodeError, NodeErrorKind, command, files};
use crate::model::Time;

pub(super) struct Crictl {
    program: PathBuf,
    /// Goes before each command.
    endpoint: Option<String>,
}

/// `crictl`'s own file of settings knows better than the kubelet's, which is used where there is none.
pub(super) async fn find(endpoint: Option<&str>) -> Result<Crictl, String> {
    let program = command::find("crictl").ok_or("crictl: it is not in PATH")?;
    let endpoint = endpoint.filter(|_| !files::exists("/etc/crictl.yaml")).map(str::to_owned);
    let crictl = Crictl { program, endpoint };
    crictl.call(&["version"], PATIENCE).await.map_err(|error| error.message)?;
    Ok(crictl)
}

impl Crictl {
    async fn call(&self, arguments: &[&str], limit: Duration) -> Result<String, NodeError> {
        let mut all = Vec::new();
        if let Some(endpoint) = &self.endpoint {
            all.extend(["--runtime-endpoint", endpoint]);
        }
        all.extend(arguments);
        command::run(&self.program, &all, limit).await.map_err(|error| match error {
            NodeError { message, .. } if message.contains("code = NotFound") => {
                NodeError::new(NodeErrorKind::NotFound, message)
            }
            other => other,
        })
    }

    async fn read<T: DeserializeOwned>(&self, arguments: &[&str]) -> Result<T, NodeError> {
        parse(&self.call(arguments, PATIENCE).await?, arguments)
    }
}

#[async_trait]
impl Runtime for Crictl {
    fn name(&self) -> &'static str {
        "the container runtime that crictl is set to"
    }

    async fn sandboxes(&self, component: &str) -> Result<Vec<String>, NodeError> {
        let component = format!("component={component}");
        let namespace = format!("{NAMESPACE}=kube-system");
        let labels = ["--label", &component, "--label", "tier=control-plane", "--label", &namespace];
        let listed: Sandboxes = self.read(&[&["pods", "--output", "json"], &labels[..]].concat()).await?;
        Ok(listed.items.into_iter().map(|sandbox| sandbox.id).collect())
    }

    async fn containers(&self, component: &str) -> Result<Vec<Container>, NodeError> {
        let name = format!("{CONTAINER_NAME}={component}");
        let namespace = format!("{NAMESPACE}=kube-system");
        let what = ["ps", "--output", "json", "--state", "running", "--label", &name, "--label", &namespace];
        let listed: Containers = self.read(&what).await?;
        let containers = listed.containers.into_iter();
        Ok(containers.map(|container| Container { id: container.id, sandbox: container.pod_sandbox_id }).collect())
    }

    async fn main_process(&self, container: &str) -> Result<MainProcess, NodeError> {
        let inspected: Inspected = self.read(&["inspect", "--output", "json", container]).await?;
        Ok(MainProcess {
            pid: inspected.info.and_then(|info| info.pid).filter(|&pid| pid > 1),
            started: inspected.status.and_then(|status| time(&status.started_at?)),
        })
    }

    async fn stop_container(&self, container: &str, grace: Duration) -> Result<(), NodeError> {
        let seconds = grace.as_secs().to_string();
        // `--timeout` before the command is how long crictl itself waits for an answer.
        let wait = format!("{}s", (grace + PATIENCE).as_secs());
        let arguments = ["--timeout", &wait, "stop", "--timeout", &seconds, container];
        self.call(&arguments, grace + PATIENCE).await.map(drop)
    }

    async fn stop_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        self.call(&["stopp", sandbox], PATIENCE).await.map(drop)
    }

    async fn remove_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        self.call(&["rmp", sandbox], PATIENCE).await.map(drop)
    }
}

/// `2026-11-22T22:19:04.597534955Z`, also with an offset.
pub(super) fn time(text: &str) -> Option<Time> {
    text.parse::<jiff::Timestamp>().ok().map(|at| Time::from_unix(at.as_second())).filter(|at| at.unix() > 0)
}

pub(super) fn parse<T: DeserializeOwned>(text: &str, arguments: &[&str]) -> Result<T, NodeError> {
    serde_json::from_str(text).map_err(|error| {
        NodeError::failed(format!("the answer to '{}' is not as expected: {error}", arguments.join(" ")))
    })
}

#[derive(Deserialize)]
struct Sandboxes {
    items: Vec<Sandbox>,
}

#[derive(Deserialize)]
struct Sandbox {
    id: String,
}

#[derive(Deserialize)]
struct Containers {
    containers: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    id: String,
    pod_sandbox_id: String,
}

#[derive(Deserialize)]
struct Inspected {
    status: Option<Status>,
    /// Its own `pid` only; there are others further in.
    info: Option<Info>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    started_at: Option<String>,
}

#[derive(Deserialize)]
struct Info {
    pid: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::{Containers, Inspected, Sandboxes, parse, time};

    /// Shapes of crictl 1.36.
    #[test]
    fn answers_are_understood() {
        let pods: Sandboxes = parse(
            r#"{"items":[{"id":"9e32","metadata":{"name":"etcd-cp1"},"state":"SANDBOX_READY","createdAt":"1795385943073562593"}]}"#,
            &["pods"],
        )
        .expect("pods");
        assert_eq!(pods.items[0].id, "9e32");
        let ps: Containers = parse(r#"{"containers":[{"id":"d304","podSandboxId":"9e32"}]}"#, &["ps"]).expect("ps");
        assert_eq!(ps.containers[0].pod_sandbox_id, "9e32");
        let inspected: Inspected = parse(
            r#"{"info":{"config":{"linux":{"security_context":{"namespace_options":{"pid":1}}}},"pid":476},
                "status":{"startedAt":"2026-11-22T22:19:04.597534955Z"}}"#,
            &["inspect"],
        )
        .expect("inspect");
        assert_eq!(inspected.info.expect("info").pid, Some(476));
        assert_eq!(
            time(&inspected.status.expect("status").started_at.expect("time")).expect("time").to_string(),
            "2026-11-22T22:19:04Z"
        );
    }

    #[test]
    fn a_container_that_never_started_has_no_start() {
        assert_eq!(time("1970-01-01T00:00:00Z"), None);
    }
}
