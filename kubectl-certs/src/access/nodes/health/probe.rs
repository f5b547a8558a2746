//! The probes of a static pod, out of its manifest.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod, Probe as Described};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::access::nodes::http::{self, Caller, Endpoint};
use crate::access::nodes::kubelet::Kubelet;
use crate::access::nodes::{Health, LocalNode, NodeError, files};
use crate::formats::yaml;

/// kubeadm's folder, and that of RKE2.
const FOLDERS: [&str; 2] = ["etc/kubernetes/manifests", "var/lib/rancher/rke2/agent/pod-manifests"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Probe {
    Http { endpoint: Endpoint, path: String, headers: Vec<(String, String)> },
    Tcp { host: String, port: u16 },
}

impl Probe {
    pub(super) fn http(host: String, port: u16, path: &str) -> Self {
        let endpoint = Endpoint { tls: false, host, port };
        Self::Http { endpoint, path: path.to_owned(), headers: Vec::new() }
    }

    /// Being ready says more than being alive. Probes that run a program in the container cannot be asked from here.
    pub(super) fn of(pod: &Pod, component: &str) -> Option<Self> {
        let containers = &pod.spec.as_ref()?.containers;
        let container = containers.iter().find(|container| container.name == component).or(containers.first())?;
        [&container.readiness_probe, &container.startup_probe, &container.liveness_probe]
            .into_iter()
            .flatten()
            .find_map(|described| Self::described(described, container))
    }

    fn described(described: &Described, container: &Container) -> Option<Self> {
        // Static pods of a control plane use the node's own network: without a host, the loopback is theirs too.
        let host = |host: &Option<String>| host.clone().unwrap_or_else(|| "127.0.0.1".to_owned());
        if let Some(http) = &described.http_get {
            let endpoint = Endpoint {
                tls: http.scheme.as_deref() == Some("HTTPS"),
                host: host(&http.host),
                port: port(&http.port, container)?,
            };
            let headers = http.http_headers.iter().flatten();
            return Some(Self::Http {
                endpoint,
                path: http.path.clone().unwrap_or_else(|| "/".to_owned()),
                headers: headers.map(|header| (header.name.clone(), header.value.clone())).collect(),
            });
        }
        let tcp = described.tcp_socket.as_ref()?;
        Some(Self::Tcp { host: host(&tcp.host), port: port(&tcp.port, container)? })
    }

    pub(in super::super) async fn ask(&self, limit: Duration) -> Health {
        match self {
            Self::Http { endpoint, path, headers } => {
                match http::get(endpoint, path, headers, &Caller::default(), limit).await {
                    // The kubelet's own rule (k8s.io/kubernetes/pkg/probe/http).
                    Ok((status @ 200..=399, _)) => {
                        Health { healthy: true, said: format!("{endpoint}{path} answers {status}") }
                    }
                    Ok((status, body)) => {
                        Health { healthy: false, said: format!("{endpoint}{path} answers {status}{}", failing(&body)) }
                    }
                    Err(why) => Health { healthy: false, said: format!("{endpoint}{path} does not answer: {why}") },
                }
            }
            Self::Tcp { host, port } => match http::connects(host, *port, limit).await {
                Ok(()) => Health { healthy: true, said: format!("{host}:{port} accepts connections") },
                Err(why) => Health { healthy: false, said: format!("{host}:{port} accepts no connections: {why}") },
            },
        }
    }
}

/// The manifest that the kubelet keeps a component running by.
pub(in super::super) fn manifest(node: &LocalNode, component: &str) -> Result<Pod, NodeError> {
    if component.contains(['/', '\\']) {
        return Err(NodeError::refused(format!("'{component}' is not the name of a component")));
    }
    let folders = folders(node);
    let mut paths = folders.iter().map(|folder| folder.join(format!("{component}.yaml")));
    let Some(path) = paths.find(|path| files::exists(&path.to_string_lossy())) else {
        let places: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
        return Err(NodeError::refused(format!(
            "there is no static pod {component} on this node: no {component}.yaml in {}",
            places.join(" nor in ")
        )));
    };
    let text = files::read(&path)?;
    serde_saphyr::from_slice(&text).map_err(|error| {
        NodeError::refused(format!("{} is no manifest of a pod: {}", path.display(), yaml::fault(&error)))
    })
}

fn folders(node: &LocalNode) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Kubelet::of(node).static_pods.into_iter().collect();
    folders.extend(FOLDERS.map(|folder| node.root.join(folder)));
    folders.dedup();
    folders
}

/// kubeadm names the port since 1.33.
fn port(port: &IntOrString, container: &Container) -> Option<u16> {
    match port {
        IntOrString::Int(number) => u16::try_from(*number).ok(),
        IntOrString::String(name) => {
            let named = container.ports.iter().flatten().find(|port| port.name.as_ref() == Some(name))?;
            u16::try_from(named.container_port).ok()
        }
    }
}

/// The API server lists its checks, one a line; those that failed begin so.
fn failing(body: &str) -> String {
    let failed: Vec<&str> = body.lines().filter(|line| line.starts_with("[-]")).collect();
    let said = if failed.is_empty() { body.lines().next().unwrap_or_default().to_owned() } else { failed.join(", ") };
    if said.is_empty() { said } else { format!(": {}", said.chars().take(300).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Pod;

    use super::{Endpoint, Probe, failing};

    fn probe(probes: &str) -> Option<Probe> {
        let head = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: kube-apiserver\n    \
                    ports: [{containerPort: 6443, name: probe-port}]\n";
        let pod: Pod = serde_saphyr::from_str(&format!("{head}{probes}")).expect("a pod");
        Probe::of(&pod, "kube-apiserver")
    }

    fn http(tls: bool, host: &str, port: u16, path: &str) -> Probe {
        let endpoint = Endpoint { tls, host: host.to_owned(), port };
        Probe::Http { endpoint, path: path.to_owned(), headers: Vec::new() }
    }

    /// As kubeadm 1.36 and kubeadm 1.20 write them.
    #[test]
    fn the_best_probe_is_taken() {
        let live = "    livenessProbe: {httpGet: {host: 10.89.0.11, path: /livez, port: probe-port, scheme: HTTPS}}\n";
        let ready =
            "    readinessProbe: {httpGet: {host: 10.89.0.11, path: /readyz, port: probe-port, scheme: HTTPS}}\n";
        assert_eq!(probe(&format!("{live}{ready}")), Some(http(true, "10.89.0.11", 6443, "/readyz")));
        assert_eq!(probe(live), Some(http(true, "10.89.0.11", 6443, "/livez")));
        let plain = "    livenessProbe: {httpGet: {path: /health, port: 2381}}\n";
        assert_eq!(probe(plain), Some(http(false, "127.0.0.1", 2381, "/health")));
    }

    #[test]
    fn what_cannot_be_asked_is_passed_over() {
        let program = "    readinessProbe: {exec: {command: [etcdctl]}}\n";
        let socket = "    livenessProbe: {tcpSocket: {port: 6443}}\n";
        assert_eq!(probe(program), None);
        assert_eq!(probe("    image: x\n"), None);
        assert_eq!(probe(&format!("{program}{socket}")), Some(Probe::Tcp { host: "127.0.0.1".to_owned(), port: 6443 }));
        assert_eq!(probe("    livenessProbe: {httpGet: {port: no-such}}\n"), None);
    }

    #[test]
    fn failed_checks_are_named() {
        assert_eq!(
            failing("[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed"),
            ": [-]etcd failed: reason withheld"
        );
        assert_eq!(failing("Unauthorized\n"), ": Unauthorized");
        assert_eq!(failing(""), "");
    }
}
