//! One test for each code, on material that has exactly that trouble: the finding is there, at its place and as bad as it
//! is, and beside it at most what cannot be had without it.

mod api;
mod authorities;
mod cluster;
mod files;
mod identities;
mod made;
mod plain;
mod requests;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};

use crate::explain::CODES;
use crate::material::Pair;
use crate::program::{Program, Ran};

/// What is to be found.
struct Row {
    code: &'static str,
    severity: &'static str,
    /// The end of the place that it is told of.
    at: &'static str,
    /// Other codes that come with it, always.
    beside: &'static [&'static str],
}

/// Those that take running processes or several nodes are tested beside their code.
const ELSEWHERE: [&str; 2] = ["stored-not-loaded", "nodes-differ"];

#[test]
fn every_code_has_a_test() {
    let sources = [
        include_str!("authorities.rs"),
        include_str!("cluster.rs"),
        include_str!("files.rs"),
        include_str!("identities.rs"),
        include_str!("plain.rs"),
        include_str!("requests.rs"),
    ]
    .concat();
    for code in CODES {
        let is_here = sources.contains(&format!("code: \"{code}\""));
        assert_eq!(is_here, !ELSEWHERE.contains(&code), "{code}");
    }
}

/// A folder with files in it, of no layout.
fn in_a_folder(row: &Row, make: impl FnOnce(&Path)) {
    let program = Program::new();
    let folder = program.work();
    make(&folder);
    row.is_found(&program.run(["check", &folder.display().to_string(), "-o", "json", "--fail-on", "never"]));
}

/// The disk of a control-plane node as the real kubeadm writes it, and then this.
fn on_a_node(row: &Row, make: impl FnOnce(&Path)) {
    let program = Program::new();
    let root = program.work();
    Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }.write(&root);
    make(&root);
    row.is_found(&program.run(["check", "--root", &root.display().to_string(), "-o", "json", "--fail-on", "never"]));
}

impl Row {
    #[track_caller]
    fn is_found(&self, ran: &Ran) {
        let text = |item: &serde_json::Value, key: &str| item[key].as_str().expect("a text").to_owned();
        let (mut own, mut others) = (Vec::new(), Vec::new());
        for item in ran.items() {
            if item["code"] == self.code {
                own.push((text(&item, "target"), text(&item, "severity")));
            } else {
                others.push(text(&item, "code"));
            }
        }
        others.sort();
        others.dedup();
        assert!(self.beside.len() <= 2 && self.beside == others, "{ran:#?}");
        let [(target, severity)] = own.as_slice() else { panic!("{} finding(s): {ran:#?}", own.len()) };
        assert!(target.ends_with(self.at) && severity == self.severity, "{target} {severity}: {ran:#?}");
    }
}

/// Another certificate of the cluster's authority for this leaf.
fn replace(root: &Path, leaf: &str, subject: &str, extensions: &[&str]) {
    let more: Vec<&str> = extensions.iter().flat_map(|extension| ["-addext", extension]).collect();
    put(root, leaf, &Pair::signed_by(&authority(root), subject, &more));
}

/// In the place of a leaf of kubeadm's; the key's file keeps its rights.
fn put(root: &Path, leaf: &str, pair: &Pair) {
    fs::write(pki(root).join(format!("{leaf}.crt")), &pair.certificate).expect("written");
    fs::write(pki(root).join(format!("{leaf}.key")), &pair.key).expect("written");
}

/// As programs write private keys.
fn for_root_alone(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("rights");
}

fn authority(root: &Path) -> Pair {
    let at = |name: &str| fs::read_to_string(pki(root).join(name)).expect("a file of kubeadm");
    Pair { certificate: at("ca.crt"), key: at("ca.key") }
}

fn write(folder: &Path, pairs: &[(&str, &Pair)]) {
    for (name, pair) in pairs {
        let path: PathBuf = folder.join(name);
        fs::write(&path, &pair.certificate).expect("written");
        fs::write(path.with_extension("key"), &pair.key).expect("written");
    }
}
