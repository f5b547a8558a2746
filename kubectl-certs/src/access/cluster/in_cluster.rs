//! What a pod finds in itself where there is no kubeconfig: the service account's folder and two variables
//! (client-go: `rest.InClusterConfig`).

#![expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]

use std::path::Path;

use super::Chosen;
use crate::formats::kubeconfig::{Cluster, User};

const FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// None outside of a pod.
pub(super) fn chosen() -> Option<Chosen> {
    let variable = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let (host, port) = (variable("KUBERNETES_SERVICE_HOST")?, variable("KUBERNETES_SERVICE_PORT")?);
    let in_folder = |name: &str| Path::new(FOLDER).join(name);
    let there = |name: &str| {
        let path = in_folder(name);
        path.is_file().then(|| path.to_string_lossy().into_owned())
    };
    let token = there("token")?;
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    let server = Cluster {
        server: Some(format!("https://{host}:{port}")),
        certificate_authority: there("ca.crt"),
        ..Cluster::default()
    };
    let namespace = variable("POD_NAMESPACE")
        .or_else(|| std::fs::read_to_string(in_folder("namespace")).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty());
    Some(Chosen::without_files(server, User { token_file: Some(token), ..User::default() }, namespace))
}
