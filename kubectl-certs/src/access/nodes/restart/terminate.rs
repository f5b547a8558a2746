//! Telling the main process of a container to leave, and never another one.

use rustix::process::{Pid, Signal, kill_process};

use super::static_pod::StaticPod;
use crate::access::nodes::files;

/// Returns what should be known about it: nothing when all went well. Not to find the process is no failure, since its
/// sandbox is ended next.
pub(super) async fn main_processes(pod: &StaticPod) -> Option<String> {
    let mut troubles = Vec::new();
    for container in &pod.containers {
        let told = match pod.runtime.main_process(&container.id).await {
            Ok(process) => process.pid.ok_or_else(|| "the container runtime does not tell its process".to_owned()),
            Err(error) => Err(error.message),
        };
        if let Err(why) = told.and_then(|pid| tell(pid, &pod.component, &container.id)) {
            troubles.push(format!("{} was not told to leave before it was ended: {why}", pod.component));
        }
    }
    if troubles.is_empty() { None } else { Some(troubles.join("; ")) }
}

fn tell(pid: u32, component: &str, container: &str) -> Result<(), String> {
    // A signal to process 1 ends the machine.
    let process = i32::try_from(pid).ok().filter(|&pid| pid > 1).and_then(Pid::from_raw);
    let process = process.ok_or_else(|| format!("{pid} is not the id of its process"))?;
    let comm = files::text(&format!("/proc/{pid}/comm")).unwrap_or_default();
    // The kernel keeps fifteen characters of the name.
    if comm != component.get(..15).unwrap_or(component) {
        return Err(format!("process {pid} is '{comm}', not {component}"));
    }
    let cgroup = files::text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    if !cgroup.contains(container) {
        return Err(format!("process {pid} does not belong to container {container}"));
    }
    kill_process(process, Signal::TERM).map_err(|error| format!("no signal could be sent to process {pid}: {error}"))
}
