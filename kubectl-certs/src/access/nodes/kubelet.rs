//! What the kubelet of this node was told: where its container runtime, its static pods and its own health are.
//!
//! An option of the running process wins over kubeadm's file of options, that one over the configuration, as in the
//! kubelet itself.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{LocalNode, files, processes};
use crate::formats::yaml;

const CONFIGURATION: &str = "var/lib/kubelet/config.yaml";
/// kubeadm keeps what belongs to this node alone here since 1.32.
const INSTANCE: &str = "var/lib/kubelet/instance-config.yaml";
const FLAGS: &str = "var/lib/kubelet/kubeadm-flags.env";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Kubelet {
    /// As it is written there, `unix:///run/containerd/containerd.sock`.
    pub(super) runtime_endpoint: Option<String>,
    pub(super) static_pods: Option<PathBuf>,
    /// Address and port; None when it is switched off.
    pub(super) healthz: Option<(String, u16)>,
    pub(super) running: bool,
    /// What makes it serve another certificate than one that it makes for itself, as a sentence.
    pub(super) serving_given: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    container_runtime_endpoint: Option<String>,
    static_pod_path: Option<PathBuf>,
    healthz_bind_address: Option<String>,
    healthz_port: Option<u16>,
    tls_cert_file: Option<String>,
    #[serde(rename = "serverTLSBootstrap")]
    server_tls_bootstrap: Option<bool>,
}

impl Configuration {
    /// What a later file says goes before, as the kubelet merges them (cmd/kubelet/app/server.go,
    /// `mergeKubeletConfigurations`); what it does not say stays.
    fn then(self, later: Self) -> Self {
        Self {
            container_runtime_endpoint: later.container_runtime_endpoint.or(self.container_runtime_endpoint),
            static_pod_path: later.static_pod_path.or(self.static_pod_path),
            healthz_bind_address: later.healthz_bind_address.or(self.healthz_bind_address),
            healthz_port: later.healthz_port.or(self.healthz_port),
            tls_cert_file: later.tls_cert_file.or(self.tls_cert_file),
            server_tls_bootstrap: later.server_tls_bootstrap.or(self.server_tls_bootstrap),
        }
    }
}

impl Kubelet {
    pub(super) fn of(node: &LocalNode) -> Self {
        let process = if node.is_running_machine() { processes::list(&["kubelet".to_owned()]).pop() } else { None };
        let flags = files::text_at(&node.root.join(FLAGS)).unwrap_or_default();
        let option = |name: &str| {
            let running = process.as_ref().and_then(|process| process.option(name));
            running.map(str::to_owned).or_else(|| flag(&flags, name))
        };
        let path = option("config").map_or_else(|| node.root.join(CONFIGURATION), |path| below(&node.root, &path));
        let files: Vec<PathBuf> = core::iter::once(path).chain(drop_ins(node, option("config-dir"))).collect();
        let mut configuration = Configuration::default();
        let mut broken = None;
        let mut serving = Vec::new();
        for path in files {
            match parsed(&path) {
                Ok(next) => {
                    serving.push((path, next.clone()));
                    configuration = configuration.then(next);
                }
                Err(why) => broken = broken.or(Some(why)),
            }
        }
        let serving_given = broken.or_else(|| serving_given(option, &serving));
        let address = option("healthz-bind-address").or(configuration.healthz_bind_address);
        let port = option("healthz-port").and_then(|port| port.parse().ok()).or(configuration.healthz_port);
        Self {
            runtime_endpoint: option("container-runtime-endpoint")
                .or(configuration.container_runtime_endpoint)
                .or_else(|| read(&node.root.join(INSTANCE)).container_runtime_endpoint)
                .filter(|endpoint| !endpoint.is_empty()),
            static_pods: option("pod-manifest-path")
                .map(PathBuf::from)
                .or(configuration.static_pod_path)
                .filter(|path| path.is_absolute())
                .map(|path| below(&node.root, &path)),
            // The kubelet's own defaults.
            healthz: Some((address.unwrap_or_else(|| "127.0.0.1".to_owned()), port.unwrap_or(10248)))
                .filter(|(_, port)| *port != 0),
            running: process.is_some(),
            serving_given,
        }
    }
}

fn serving_given(option: impl Fn(&str) -> Option<String>, files: &[(PathBuf, Configuration)]) -> Option<String> {
    let is_usual = |folder: &String| folder.trim_end_matches('/') == "/var/lib/kubelet/pki";
    // The last file that says something has the last word, also where it takes back what another one said.
    let last = |says: fn(&Configuration) -> bool| files.iter().rev().find(|(_, configuration)| says(configuration));
    let named = last(|configuration| configuration.tls_cert_file.is_some())
        .and_then(|(path, configuration)| Some((path, configuration.tls_cert_file.as_ref()?)))
        .filter(|(_, file)| !file.is_empty());
    let asks = last(|configuration| configuration.server_tls_bootstrap.is_some())
        .filter(|(_, configuration)| configuration.server_tls_bootstrap == Some(true));
    option("tls-cert-file")
        .map(|file| format!("its option --tls-cert-file names {file}"))
        .or_else(|| {
            Some("its option --rotate-server-certificates is set".to_owned())
                .filter(|_| option("rotate-server-certificates").is_some_and(|value| is_true(&value)))
        })
        .or_else(|| {
            option("cert-dir")
                .filter(|folder| !is_usual(folder))
                .map(|folder| format!("its option --cert-dir is {folder}"))
        })
        .or_else(|| named.map(|(path, file)| format!("tlsCertFile in {} names {file}", path.display())))
        .or_else(|| asks.map(|(path, _)| format!("serverTLSBootstrap is true in {}", path.display())))
}

/// Files that end in `.conf` below the folder of `--config-dir`, in the order of their names (cmd/kubelet/app/server.go,
/// `mergeKubeletConfigurations`, which walks with filepath.WalkDir).
fn drop_ins(node: &LocalNode, folder: Option<String>) -> Vec<PathBuf> {
    let Some(folder) = folder.map(|folder| below(&node.root, folder)) else { return Vec::new() };
    files::below(&folder, "conf")
}

fn below(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    root.join(path.as_ref().strip_prefix("/").unwrap_or(path.as_ref()))
}

/// What cannot be read says nothing: the kubelet's defaults are as good a guess as any.
fn read(path: &Path) -> Configuration {
    parsed(path).unwrap_or_default()
}

/// Without a file its defaults hold.
fn parsed(path: &Path) -> Result<Configuration, String> {
    let Some(text) = files::text_at(path) else {
        let there = files::exists(&path.to_string_lossy());
        return if there { Err(format!("{} cannot be read", path.display())) } else { Ok(Configuration::default()) };
    };
    serde_saphyr::from_str(&text).map_err(|error| format!("{}: {}", path.display(), yaml::fault(&error)))
}

/// `KUBELET_KUBEADM_ARGS="--name=value --name=value"`; a name alone means that it is so.
fn flag(text: &str, name: &str) -> Option<String> {
    text.split(['"', '\'', ' ', '\n']).find_map(|word| {
        let rest = word.strip_prefix("--")?.strip_prefix(name)?;
        if rest.is_empty() { Some("true".to_owned()) } else { rest.strip_prefix('=').map(str::to_owned) }
    })
}

/// As Go reads it (`strconv.ParseBool`).
fn is_true(value: &str) -> bool {
    ["1", "t", "T", "true", "TRUE", "True"].contains(&value)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Kubelet;
    use crate::access::nodes::LocalNode;

    fn node(files: &[(&str, &str)]) -> (tempfile::TempDir, LocalNode) {
        let folder = tempfile::tempdir().expect("folder");
        fs::create_dir_all(folder.path().join("var/lib/kubelet")).expect("folder");
        for (name, text) in files {
            let path = folder.path().join("var/lib/kubelet").join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("folder");
            fs::write(path, text).expect("written");
        }
        let node = LocalNode::new(folder.path());
        (folder, node)
    }

    #[test]
    fn the_endpoint_is_found_wherever_it_is_written() {
        let config = ("config.yaml", "kind: KubeletConfiguration\ncontainerRuntimeEndpoint: unix:///run/a.sock\n");
        let flags = (
            "kubeadm-flags.env",
            "KUBELET_KUBEADM_ARGS=\"--node-ip=10.0.0.1 --container-runtime-endpoint=unix:///run/b.sock\"\n",
        );
        let instance = ("instance-config.yaml", "containerRuntimeEndpoint: \"unix:///run/c.sock\"\n");
        let empty = ("config.yaml", "containerRuntimeEndpoint: \"\"\n");
        for (files, wanted) in [
            (vec![config], Some("unix:///run/a.sock")),
            (vec![config, flags], Some("unix:///run/b.sock")),
            (vec![instance], Some("unix:///run/c.sock")),
            (vec![empty], None),
            (vec![("config.yaml", "\t: no yaml")], None),
            (vec![], None),
        ] {
            let (_folder, node) = node(&files);
            assert_eq!(Kubelet::of(&node).runtime_endpoint.as_deref(), wanted, "{files:?}");
        }
    }

    #[test]
    fn who_gives_it_its_serving_certificate() {
        for (files, wanted) in [
            (vec![], None),
            (vec![("config.yaml", "kind: KubeletConfiguration\nserverTLSBootstrap: false\ntlsCertFile: \"\"\n")], None),
            (vec![("config.yaml", "serverTLSBootstrap: true\n")], Some("serverTLSBootstrap is true in")),
            (vec![("config.yaml", "tlsCertFile: /etc/kubelet/a.crt\n")], Some("names /etc/kubelet/a.crt")),
            (vec![("config.yaml", "header: Bearer hunter2\n\t: no yaml")], Some("YAML is broken at line")),
            (vec![("kubeadm-flags.env", "X=\"--tls-cert-file=/b.crt\"")], Some("--tls-cert-file names /b.crt")),
            (
                vec![("kubeadm-flags.env", "X=\"--rotate-server-certificates=true\"")],
                Some("--rotate-server-certificates"),
            ),
            (
                vec![("kubeadm-flags.env", "X=\"--v=2 --rotate-server-certificates --node-ip=10.0.0.1\"")],
                Some("--rotate-server-certificates"),
            ),
            (vec![("kubeadm-flags.env", "X=\"--rotate-server-certificates=false\"")], None),
            (vec![("kubeadm-flags.env", "X=\"--cert-dir=/c\"")], Some("--cert-dir is /c")),
        ] {
            let (_folder, node) = node(&files);
            let given = Kubelet::of(&node).serving_given;
            match wanted {
                Some(wanted) => {
                    assert!(given.as_ref().is_some_and(|given| given.contains(wanted)), "{files:?}: {given:?}");
                    assert!(!given.is_some_and(|given| given.contains("hunter2")), "{files:?}");
                }
                None => assert_eq!(given, None, "{files:?}"),
            }
        }
    }

    /// The kubelet takes the last word of all files, in the order of their names.
    #[test]
    fn drop_ins_go_before_the_configuration() {
        let config = (
            "config.yaml",
            "serverTLSBootstrap: false\nhealthzPort: 1\ncontainerRuntimeEndpoint: unix:///run/a.sock\n",
        );
        let flags = ("kubeadm-flags.env", "X=\"--config-dir=/var/lib/kubelet/more\"");
        let first = ("more/10-a.conf", "serverTLSBootstrap: true\nhealthzPort: 2\n");
        let second = ("more/20/b.conf", "healthzPort: 3\n");
        let no_drop_in = ("more/30-c.yaml", "healthzPort: 4\n");
        let taken_back = ("more/40-d.conf", "serverTLSBootstrap: false\n");
        let (_folder, told) = node(&[config, flags, first, second, no_drop_in]);
        let kubelet = Kubelet::of(&told);
        assert_eq!(kubelet.healthz, Some(("127.0.0.1".to_owned(), 3)));
        assert_eq!(kubelet.runtime_endpoint.as_deref(), Some("unix:///run/a.sock"));
        assert!(kubelet.serving_given.is_some_and(|given| given.contains("more/10-a.conf")));
        let (_folder, told) = node(&[config, flags, first, second, taken_back]);
        assert_eq!(Kubelet::of(&told).serving_given, None);
        // What cannot be read may say anything.
        let (_folder, told) = node(&[config, flags, ("more/50.conf", "\t: no yaml")]);
        assert!(Kubelet::of(&told).serving_given.is_some_and(|given| given.contains("YAML is broken")));
        // Without the option there is no such folder.
        let (_folder, told) = node(&[config, first]);
        assert_eq!(Kubelet::of(&told).healthz, Some(("127.0.0.1".to_owned(), 1)));
    }

    #[test]
    fn health_and_static_pods_have_the_kubelets_defaults() {
        let (_folder, plain) = node(&[]);
        assert_eq!(Kubelet::of(&plain).healthz, Some(("127.0.0.1".to_owned(), 10248)));
        assert_eq!(Kubelet::of(&plain).static_pods, None);
        let (folder, told) = node(&[("config.yaml", "healthzPort: 0\nstaticPodPath: /etc/kubernetes/manifests\n")]);
        assert_eq!(Kubelet::of(&told).healthz, None);
        assert_eq!(Kubelet::of(&told).static_pods, Some(folder.path().join("etc/kubernetes/manifests")));
    }
}
