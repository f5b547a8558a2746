//! On which sockets a container runtime may listen.

use std::path::{Path, PathBuf};

/// Where the packages of the runtimes put them. Docker brings a containerd of its own that does not speak for
/// Kubernetes: whoever answers is asked.
const USUAL: [&str; 5] = [
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/var/run/cri-dockerd.sock",
    "/run/k3s/containerd/containerd.sock",
    "/var/snap/microk8s/common/run/containerd.sock",
];

/// The kubelet's own, where it is known: another runtime beside it has none of its pods.
pub(super) fn candidates(root: &Path, endpoint: Option<&str>) -> Vec<PathBuf> {
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    match endpoint.and_then(path) {
        Some(path) => vec![below(path)],
        None => USUAL.into_iter().map(below).filter(|path| path.exists()).collect(),
    }
}

/// The kubelet takes `unix:///run/x.sock`, `unix:/run/x.sock` and, with a warning, the bare path.
fn path(endpoint: &str) -> Option<&str> {
    let path = endpoint.strip_prefix("unix://").or_else(|| endpoint.strip_prefix("unix:")).unwrap_or(endpoint);
    path.starts_with('/').then_some(path)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::candidates;

    #[test]
    fn the_kubelets_own_socket_is_the_only_one() {
        for endpoint in ["unix:///run/x.sock", "unix:/run/x.sock", "/run/x.sock"] {
            assert_eq!(candidates(Path::new("/"), Some(endpoint)), [PathBuf::from("/run/x.sock")]);
        }
    }

    #[test]
    fn else_those_that_are_there() {
        let folder = tempfile::tempdir().expect("folder");
        let crio = folder.path().join("run/crio/crio.sock");
        fs::create_dir_all(crio.parent().expect("folder")).expect("folder");
        fs::write(&crio, "").expect("written");
        for unclear in [None, Some("npipe:////./pipe/containerd-containerd")] {
            assert_eq!(candidates(folder.path(), unclear), std::slice::from_ref(&crio));
        }
    }
}
