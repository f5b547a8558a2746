//! Restarting a static pod: its sandbox is stopped and removed, and the kubelet makes a new one.
//!
//! Stopping the container alone is not enough: the kubelet then starts it again in the same sandbox, and makes it wait
//! 10 s, 20 s and so on when that happens twice (seen on Kubernetes 1.36).

#![expect(clippy::disallowed_methods, reason = "waiting for a component is the port's own business")]

use std::time::{Duration, Instant};

use super::until_healthy::until_healthy;
use super::{PATIENCE, leadership};
use crate::access::nodes::health::{self, Probe};
use crate::access::nodes::kubelet::Kubelet;
use crate::access::nodes::runtime::{self, Container, Runtime};
use crate::access::nodes::{LocalNode, NodeError, NodeErrorKind};

const BETWEEN: Duration = Duration::from_millis(100);
/// How long removing a sandbox is tried.
const STUBBORN: Duration = Duration::from_secs(15);
/// How long a component without a probe must run to count as healthy.
const SETTLED: Duration = Duration::from_secs(2);

pub(super) async fn restart(node: &LocalNode, component: &str) -> Result<String, NodeError> {
    let pod = StaticPod::find(node, component).await?;
    let began = Instant::now();
    let noted = if component == "etcd" { leadership::hand_over(node).await } else { None };
    pod.end(grace(component)).await?;
    let mut evidence = pod.healthy_again(began + PATIENCE).await?;
    if let Some(noted) = noted {
        evidence = format!("{noted}; {evidence}");
    }
    Ok(format!("{evidence}, after {:.1} s (by {})", began.elapsed().as_secs_f64(), pod.runtime.name()))
}

/// How long it may take to leave by itself. The controller manager and the scheduler give up what they lead. An API
/// server that is told to leave waits for its watches (30 s and more) and answers 503 meanwhile, which no client may
/// repeat blindly; one that is killed resets its connections, which clients do repeat. etcd would close its door for
/// 7 s before it leaves, and its log is made for being killed.
pub(super) fn grace(component: &str) -> Option<Duration> {
    match component {
        "kube-apiserver" | "etcd" => None,
        _ => Some(Duration::from_secs(5)),
    }
}

/// A static pod as it runs before it is restarted.
pub(super) struct StaticPod {
    pub(super) component: String,
    pub(super) runtime: Box<dyn Runtime>,
    /// More than one when the kubelet has not yet cleaned up after an earlier restart.
    sandboxes: Vec<String>,
    pub(super) containers: Vec<Container>,
    probe: Option<Probe>,
}

impl StaticPod {
    /// Refuses where nobody would start it again.
    pub(super) async fn find(node: &LocalNode, component: &str) -> Result<Self, NodeError> {
        let probe = health::probe_of(node, component)?;
        if !Kubelet::of(node).running {
            return Err(NodeError::refused(format!(
                "{component} is left alone: no kubelet runs on this node that would start it again; start it first"
            )));
        }
        let runtime = runtime::of(node).await?;
        let sandboxes = runtime.sandboxes(component).await?;
        if sandboxes.is_empty() {
            return Err(NodeError::refused(format!(
                "{} knows no pod of {component} in kube-system; see whether the kubelet can start it",
                runtime.name()
            )));
        }
        let mut containers = runtime.containers(component).await?;
        containers.retain(|container| sandboxes.contains(&container.sandbox));
        Ok(Self { component: component.to_owned(), runtime, sandboxes, containers, probe })
    }

    /// Ends what runs, with `grace` gently first, and makes sure that the kubelet begins anew.
    pub(super) async fn end(&self, grace: Option<Duration>) -> Result<(), NodeError> {
        if let Some(grace) = grace {
            for container in &self.containers {
                gone_is_fine(self.runtime.stop_container(&container.id, grace).await)?;
            }
        }
        for sandbox in &self.sandboxes {
            self.end_sandbox(sandbox).await?;
        }
        Ok(())
    }

    /// A container that the kubelet is starting in it at this very moment cannot be removed (seen with containerd 2.3):
    /// it is stopped again. Nothing may remain, or the kubelet remembers that it failed and makes the next one wait.
    async fn end_sandbox(&self, sandbox: &str) -> Result<(), NodeError> {
        let deadline = Instant::now() + STUBBORN;
        loop {
            // The kubelet removes dead sandboxes too.
            gone_is_fine(self.runtime.stop_sandbox(sandbox).await)?;
            match gone_is_fine(self.runtime.remove_sandbox(sandbox).await) {
                Err(_) if Instant::now() < deadline => tokio::time::sleep(BETWEEN).await,
                outcome => return outcome,
            }
        }
    }

    /// Waits for another container in another sandbox, and for its health.
    pub(super) async fn healthy_again(&self, deadline: Instant) -> Result<String, NodeError> {
        loop {
            let container = self.another(deadline).await?;
            let health = if let Some(probe) = &self.probe {
                until_healthy(probe, deadline).await
            } else {
                tokio::time::sleep(SETTLED).await;
                Ok(format!("and is still there {} s later (it has no probe)", SETTLED.as_secs()))
            };
            let health = health.map_err(|said| {
                NodeError::failed(format!(
                    "{} was restarted as container {}, but is not healthy after {} s: {said}; see its log with 'crictl logs {0}'",
                    self.component,
                    container.short(),
                    PATIENCE.as_secs(),
                ))
            })?;
            // Who answered may have been one that has ended since: then it begins again.
            if self.new_containers().await?.contains(&container) {
                let started = self.runtime.main_process(&container.id).await?.started;
                let since = started.map(|at| format!(" since {at}")).unwrap_or_default();
                return Ok(format!("container {} runs in its place{since}, {health}", container.short()));
            }
        }
    }

    async fn another(&self, deadline: Instant) -> Result<Container, NodeError> {
        loop {
            if let Some(container) = self.new_containers().await?.into_iter().next() {
                return Ok(container);
            }
            if Instant::now() > deadline {
                return Err(NodeError::failed(format!(
                    "{} was stopped and the kubelet has not started it again within {} s; see the kubelet's log",
                    self.component,
                    PATIENCE.as_secs()
                )));
            }
            tokio::time::sleep(BETWEEN).await;
        }
    }

    async fn new_containers(&self) -> Result<Vec<Container>, NodeError> {
        let mut containers = self.runtime.containers(&self.component).await?;
        let sandboxes = self.runtime.sandboxes(&self.component).await?;
        containers
            .retain(|container| sandboxes.contains(&container.sandbox) && !self.sandboxes.contains(&container.sandbox));
        Ok(containers)
    }
}

/// The kubelet works on the same things: what is gone already is as good.
fn gone_is_fine(outcome: Result<(), NodeError>) -> Result<(), NodeError> {
    match outcome {
        Err(error) if error.kind == NodeErrorKind::NotFound => Ok(()),
        other => other,
    }
}
