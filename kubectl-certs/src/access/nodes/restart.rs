//! Restarting a static pod through the container runtime's own client: its sandbox is stopped and removed, and the
//! kubelet makes a new one. Works without the API server, and nothing on the disk is moved.

#![expect(clippy::disallowed_methods, reason = "this is the port to the container runtime of a node")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{LocalNode, NodeError};

/// New container after about 1.5 s, healthy after 2 to 5 s (seen on Kubernetes 1.36); busy machines take longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns what shows that it happened.
pub(super) async fn restart(node: &LocalNode, component: &str) -> Result<String, NodeError> {
    if !node.is_running_machine() {
        return Err(NodeError::refused(format!(
            "{component} cannot be restarted: {} is a disk in a folder, not a running machine",
            node.root.display()
        )));
    }
    let crictl = which::which("crictl").map_err(|_| {
        NodeError::refused(format!(
            "{component} cannot be restarted: crictl, the client of the container runtime, is not in PATH"
        ))
    })?;
    let before = containers(&crictl, component)?;
    let pods = call(&crictl, &["pods", "--quiet", "--namespace", "kube-system", "--label", &label(component)])?;
    if pods.trim().is_empty() {
        return Err(NodeError::refused(format!("no pod of {component} is known to the container runtime")));
    }
    for pod in pods.split_whitespace() {
        call(&crictl, &["stopp", pod])?;
        call(&crictl, &["rmp", pod])?;
    }
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = containers(&crictl, component)?;
        if let Some(new) = now.iter().find(|id| !before.contains(id)) {
            return Ok(format!("container {} runs in its place", new.get(..13).unwrap_or(new)));
        }
        if Instant::now() > deadline {
            return Err(NodeError::failed(format!(
                "{component} was stopped and the kubelet has not started it again within {} s; see the kubelet's log",
                PATIENCE.as_secs()
            )));
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

fn label(component: &str) -> String {
    format!("component={component}")
}

fn containers(crictl: &Path, component: &str) -> Result<Vec<String>, NodeError> {
    let ids = call(
        crictl,
        &["ps", "--quiet", "--state", "running", "--label", &format!("io.kubernetes.container.name={component}")],
    )?;
    Ok(ids.split_whitespace().map(str::to_owned).collect())
}

fn call(crictl: &Path, arguments: &[&str]) -> Result<String, NodeError> {
    let failed = |why: &str| NodeError::failed(format!("crictl {} failed: {why}", arguments.join(" ")));
    let output = Command::new(crictl)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
