//! Files in which options stand as words: units and their environment, files of options (kubeadm, `MicroK8s`).

use std::path::Path;

use super::{Arguments, arguments};

pub(super) fn read(path: &Path, text: &str) -> Vec<Arguments> {
    let Some(component) = component(path) else { return Vec::new() };
    let words = text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])).flat_map(str::split_whitespace);
    let words = words.map(|word| word.trim_matches(['"', '\'', '\\']));
    let data_folder = format!("{}_DATA_DIR=", component.to_uppercase());
    let mut options = options(words.clone());
    options.extend(words.filter_map(|word| Some(("data-dir".to_owned(), word.strip_prefix(&data_folder)?.to_owned()))));
    arguments(&component, options).into_iter().collect()
}

/// Whose options these are, by the name of the file.
fn component(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let above = |count: usize| path.ancestors().nth(count)?.file_name()?.to_str();
    let unit = above(1).and_then(|folder| folder.strip_suffix(".service.d"));
    let unit = unit.or_else(|| name.strip_suffix(".service")).or_else(|| name.strip_suffix(".service.env"));
    let of_system = matches!((above(1), above(2)), (Some("default" | "sysconfig"), Some("etc")));
    let named = match (unit, above(1)) {
        (Some(unit), _) => unit,
        (None, _) if name == "kubeadm-flags.env" => "kubelet",
        (None, _) if of_system => name,
        (None, Some("args")) if name.starts_with("kube") => name,
        _ => return None,
    };
    // k3s-agent, rke2-server.
    let program = ["k3s", "rke2"]
        .into_iter()
        .find(|program| named.strip_prefix(program).is_some_and(|rest| rest.is_empty() || rest.starts_with('-')));
    Some(program.unwrap_or(named).to_owned())
}

/// `--name=value` and `--name value`; the `=` may stand behind the first word of an assignment (`ARGS="--name=value`).
pub(super) fn options<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let mut options = Vec::new();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let Some(word) = word.find("--").map(|at| &word[at..]).filter(|found| {
            let before = &word[..word.len() - found.len()];
            before.is_empty() || before.ends_with(['=', '"', '\''])
        }) else {
            continue;
        };
        let name = &word[2..];
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name, value),
            None => match words.next_if(|next| !next.starts_with('-')) {
                Some(value) => (name, value),
                None => continue,
            },
        };
        options.push((name.to_owned(), expanded(value.trim_matches(['"', '\'']))));
    }
    options
}

/// What the files of options of `MicroK8s` call the folder of the snap.
fn expanded(value: &str) -> String {
    value.replace("${SNAP_DATA}", "/var/snap/microk8s/current").replace("$SNAP_DATA", "/var/snap/microk8s/current")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Option<(String, Vec<(String, String)>)> {
        read(Path::new(path), text).pop().map(|arguments| (arguments.component, arguments.options))
    }

    #[test]
    fn files_of_options_are_told_by_their_names() {
        let (cert_dir, data_dir) = ("cert-dir".to_owned(), "data-dir".to_owned());
        for (path, text, component, option) in [
            (
                "/var/lib/kubelet/kubeadm-flags.env",
                "KUBELET_KUBEADM_ARGS=\"--cert-dir=/c --v=2\"",
                "kubelet",
                (&cert_dir, "/c"),
            ),
            (
                "/etc/systemd/system/kubelet.service.d/10-x.conf",
                "[Service]\nEnvironment=\"A=--cert-dir=/c\"",
                "kubelet",
                (&cert_dir, "/c"),
            ),
            (
                "/etc/systemd/system/k3s-agent.service",
                "ExecStart=/k3s \\\n    agent '--data-dir' '/d'",
                "k3s",
                (&data_dir, "/d"),
            ),
            ("/etc/default/rke2-server", "RKE2_DATA_DIR=/d\nRKE2_TOKEN=/secret", "rke2", (&data_dir, "/d")),
            (
                "/s/args/kubelet",
                "--cert-dir=${SNAP_DATA}/certs",
                "kubelet",
                (&cert_dir, "/var/snap/microk8s/current/certs"),
            ),
        ] {
            let wanted = (component.to_owned(), vec![(option.0.clone(), option.1.to_owned())]);
            assert_eq!(found(path, text), Some(wanted), "{path}");
        }
        assert_eq!(found("/etc/kubernetes/pki/ca.crt", "--cert-dir=/c"), None);
    }
}
