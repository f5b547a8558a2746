//! Static pods: the arguments of their containers, with the paths that the node has for what is mounted.

use std::path::Path;

use serde::Deserialize;

use super::{Arguments, arguments, words};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pod {
    kind: String,
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Spec {
    containers: Vec<Container>,
    volumes: Vec<Volume>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Container {
    command: Vec<String>,
    args: Vec<String>,
    #[serde(rename = "volumeMounts")]
    mounts: Vec<Mount>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mount {
    name: String,
    #[serde(rename = "mountPath")]
    at: String,
    #[serde(rename = "subPath")]
    below: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Volume {
    name: String,
    host_path: Option<HostPath>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HostPath {
    path: String,
}

pub(super) fn read(_: &Path, text: &str) -> Vec<Arguments> {
    if !(text.contains("Pod") && text.contains("containers")) {
        return Vec::new();
    }
    let Ok(pod) = serde_saphyr::from_str::<Pod>(text) else { return Vec::new() };
    if pod.kind != "Pod" {
        return Vec::new();
    }
    pod.spec.containers.iter().filter_map(|container| of_container(container, &pod.spec.volumes)).collect()
}

fn of_container(container: &Container, volumes: &[Volume]) -> Option<Arguments> {
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(String::as_str).collect();
    let mut names = words.iter().map(|word| word.rsplit('/').next().unwrap_or(word));
    let component = match names.next()? {
        // One program that is all of them, until Kubernetes 1.18: `hyperkube apiserver`.
        "hyperkube" => match names.next()? {
            name if name.starts_with("kube") => name.to_owned(),
            name => format!("kube-{name}"),
        },
        name => name.to_owned(),
    };
    let options = words::options(words.iter().copied());
    arguments(&component, options.into_iter().map(|(name, path)| (name, on_node(&path, container, volumes))))
}

/// The innermost mount counts; what is not mounted is inside of the image, and no file of the node.
fn on_node(path: &str, container: &Container, volumes: &[Volume]) -> String {
    let mounts = container.mounts.iter().filter(|mount| Path::new(path).starts_with(&mount.at));
    let Some(mount) = mounts.max_by_key(|mount| mount.at.len()) else { return path.to_owned() };
    let of = volumes.iter().find(|volume| volume.name == mount.name);
    let Some(host) = of.and_then(|volume| volume.host_path.as_ref()) else { return path.to_owned() };
    let mut own = Path::new(&host.path).join(mount.below.trim_start_matches('/'));
    if let Ok(rest) = Path::new(path).strip_prefix(&mount.at)
        && !rest.as_os_str().is_empty()
    {
        own = own.join(rest);
    }
    own.to_string_lossy().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounted_paths_are_the_nodes_and_secrets_are_dropped() {
        let text = "kind: Pod\nspec:\n  containers:\n  - command: [kube-apiserver, --client-ca-file=/pki/ca.crt]\n    args: [--tls-cert-file, /one.crt, --token=secret]\n    volumeMounts:\n    - {name: a, mountPath: /pki}\n    - {name: f, mountPath: /one.crt}\n  volumes:\n  - {name: a, hostPath: {path: /srv/keys}}\n  - {name: f, hostPath: {path: /srv/leaf.pem}}\n";
        let found = read(Path::new("x"), text);
        let options: Vec<_> = found[0].options.iter().map(|(name, path)| (name.as_str(), path.as_str())).collect();
        assert_eq!(found[0].component, "kube-apiserver");
        assert_eq!(options, [("client-ca-file", "/srv/keys/ca.crt"), ("tls-cert-file", "/srv/leaf.pem")]);
        let hyperkube = "kind: Pod\nspec: {containers: [{command: [/hyperkube, apiserver, --tls-cert-file=/a]}]}";
        assert_eq!(read(Path::new("x"), hyperkube)[0].component, "kube-apiserver");
        assert!(read(Path::new("x"), "kind: Pod\nspec: {containers: 1}").is_empty());
    }
}
