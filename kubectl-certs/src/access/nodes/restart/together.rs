//! Restarting several components of one node together, the API server and etcd above all. In the order of this file, and with the leader of etcd
//! elsewhere, no request to a control plane of three nodes failed (Kubernetes 1.36 behind haproxy): new connections
//! are turned away until the load balancers look elsewhere; the API server is told to leave, so that it ends what it
//! is doing; both are ended and begin anew; the door opens when both are healthy.

#![expect(clippy::disallowed_methods, reason = "waiting for a component is the port's own business")]

use std::time::{Duration, Instant};

use futures::future::join_all;

use super::drain::{Drained, RENEW_AFTER};
use super::leadership;
use super::static_pod::{StaticPod, grace};
use super::{PATIENCE, terminate};
use crate::access::nodes::{Drain, LocalNode, NodeError};

/// Between telling the API server to leave and ending it: longer, and requests on old connections are answered 503.
const FAREWELL: Duration = Duration::from_secs(1);

pub(super) async fn restart(
    node: &LocalNode,
    components: &[String],
    drain: Option<Drain>,
) -> Result<String, NodeError> {
    let mut pods = Vec::new();
    for component in components {
        pods.push(StaticPod::find(node, component).await?);
    }
    let began = Instant::now();
    let mut evidence = Vec::new();
    if components.iter().any(|component| component == "etcd") {
        evidence.extend(leadership::hand_over(node).await);
    }
    let rolled = match drain {
        None => roll(&pods).await,
        Some(drain) => {
            let door = Drained::begin(drain.port).await?;
            let settle = Duration::from_millis(drain.settle_ms);
            let rolled = Box::pin(while_closed(&door, async {
                tokio::time::sleep(settle).await;
                roll(&pods).await
            }));
            let rolled = rolled.await;
            evidence.push(match door.end().await {
                Ok(()) => format!("port {} was closed to new connections meanwhile", drain.port),
                Err(error) => format!(
                    "port {} was closed to new connections meanwhile and opens by itself within 20 s ({error})",
                    drain.port
                ),
            });
            rolled
        }
    };
    evidence.extend(rolled?);
    Ok(format!("{}; after {:.1} s", evidence.join("; "), began.elapsed().as_secs_f64()))
}

/// Keeps the door closed for as long as the work takes.
async fn while_closed<T>(door: &Drained, work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(RENEW_AFTER) => {
                // At worst the door opens too early: clients are then refused by nobody listening.
                door.renew().await.ok();
            }
        }
    }
}

async fn roll(pods: &[StaticPod]) -> Result<Vec<String>, NodeError> {
    let deadline = Instant::now() + PATIENCE;
    let mut evidence = Vec::new();
    for pod in pods.iter().filter(|pod| pod.component == "kube-apiserver") {
        evidence.extend(terminate::main_processes(pod).await);
        tokio::time::sleep(FAREWELL).await;
    }
    // All are ended, whatever happens to one of them: none may stay told to leave and not begin anew.
    let ended = join_all(pods.iter().map(|pod| pod.end(grace(&pod.component)))).await;
    ended.into_iter().collect::<Result<(), _>>()?;
    for pod in pods {
        evidence.push(format!("{}: {}", pod.component, pod.healthy_again(deadline).await?));
    }
    Ok(evidence)
}
