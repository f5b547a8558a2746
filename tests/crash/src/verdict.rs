//! What must be true of a disk after a run was gone on with, taken back, or closed. Each answers with what is wrong.

use std::fs;
use std::path::Path;

use kubectl_certs::report::{Report, RunState};
use kubectl_certs::request::RunsVerb;
use support::tree::{Kind, Tree};
use support::{openssl, pem};

use crate::site::{STATE, Site};

/// Certificate, key and the authority's certificate below etc/kubernetes, as kubeadm lays them out.
pub const PAIRS: [(&str, &str); 7] = [
    ("pki/apiserver", "pki/ca.crt"),
    ("pki/apiserver-etcd-client", "pki/etcd/ca.crt"),
    ("pki/apiserver-kubelet-client", "pki/ca.crt"),
    ("pki/etcd/healthcheck-client", "pki/etcd/ca.crt"),
    ("pki/etcd/peer", "pki/etcd/ca.crt"),
    ("pki/etcd/server", "pki/etcd/ca.crt"),
    ("pki/front-proxy-client", "pki/front-proxy-ca.crt"),
];
pub const KUBECONFIGS: [&str; 5] =
    ["admin.conf", "super-admin.conf", "kubelet.conf", "controller-manager.conf", "scheduler.conf"];

/// All that one cut is judged by.
pub struct Case<'a> {
    pub site: &'a Site,
    pub before: &'a Tree,
    /// What was to be renewed; all where none is named.
    pub targets: &'a [&'a str],
    /// The files that the run is to replace, relative to the root.
    pub replaced: &'a [String],
    /// openssl is asked too; it takes a process for every answer.
    pub witness: bool,
}

impl Case<'_> {
    /// `cut` is the disk as the killed process left it: what was new there already stays, or a leaf was renewed twice.
    pub fn renewed(&self, cut: &Tree, state: RunState) -> Result<(), String> {
        let after = self.site.tree();
        for path in self.replaced {
            let (old, at_cut, new) = (self.before.file(path), cut.file(path), after.file(path));
            if old == new {
                return Err(format!("{path} was not renewed"));
            }
            if at_cut != old && at_cut != new {
                return Err(format!("{path} was renewed twice"));
            }
        }
        let other = self.other_changes(&after);
        if !other.is_empty() {
            return Err(format!("beside what was to be renewed:\n{}", other.join("\n")));
        }
        self.sound()?;
        self.state_is(state)?;
        if self.witness { self.openssl_agrees() } else { Ok(()) }
    }

    pub fn as_before(&self) -> Result<(), String> {
        let after = self.site.tree();
        let mut differences = self.before.diff(&after);
        // An undo that only looks like one is noticed by tools that watch times.
        for (path, entry) in &self.before.entries {
            let later = after.entries.get(path);
            if matches!(entry.kind, Kind::File(_)) && later.is_some_and(|later| later.modified != entry.modified) {
                differences.push(format!("{}: another time of change", path.display()));
            }
        }
        if !differences.is_empty() {
            return Err(format!("not as before:\n{}", differences.join("\n")));
        }
        self.state_is(RunState::Undone)
    }

    /// Closes the run; afterwards no key is left below the state folder.
    pub fn can_be_finished(&self) -> Result<(), String> {
        self.site.ask(&self.site.runs(RunsVerb::Finish)).map_err(|error| format!("finish: {error}"))?;
        self.state_is(RunState::Finished)?;
        no_keys_below(&self.site.state())
    }

    /// The program's own judgement: signatures, pairs, dates, bundles.
    pub fn sound(&self) -> Result<(), String> {
        match self.site.ask(&self.site.check()) {
            Ok(Report::Check(checked)) if checked.findings.is_empty() && checked.gaps.is_empty() => Ok(()),
            other => Err(format!("check says {other:?}")),
        }
    }

    pub fn state_is(&self, wanted: RunState) -> Result<(), String> {
        let states: Vec<RunState> = self.site.list_runs().iter().map(|run| run.state).collect();
        if states == [wanted] { Ok(()) } else { Err(format!("the runs are {states:?}, wanted is one, {wanted:?}")) }
    }

    fn other_changes(&self, after: &Tree) -> Vec<String> {
        let (mut expected, mut after) = (self.before.clone(), after.clone());
        for path in self.replaced {
            for tree in [&mut expected, &mut after] {
                if let Some(entry) = tree.entries.get_mut(Path::new(path)) {
                    entry.kind = Kind::File(Vec::new());
                }
            }
        }
        expected.diff(&after)
    }

    fn openssl_agrees(&self) -> Result<(), String> {
        let folder = self.site.root().join("etc/kubernetes");
        let read = |path: &str| fs::read(folder.join(path)).expect("a file of the node");
        for (name, authority) in PAIRS {
            let (certificate, key) = (read(&format!("{name}.crt")), read(&format!("{name}.key")));
            openssl::verify(&certificate, &folder.join(authority), None).map_err(|why| format!("{name}: {why}"))?;
            if openssl::x509(&certificate).public_key != openssl::public_key_of(&key) {
                return Err(format!("{name}: openssl says that key and certificate are no pair"));
            }
        }
        for name in KUBECONFIGS {
            let blocks = pem::blocks(&read(name));
            let certificate = blocks.iter().rfind(|block| block.label == "CERTIFICATE").expect("a certificate");
            let key = blocks.iter().find(|block| block.label.ends_with("PRIVATE KEY")).expect("a key");
            openssl::verify(&certificate.text, &folder.join("pki/ca.crt"), None)
                .map_err(|why| format!("{name}: {why}"))?;
            if openssl::x509(&certificate.text).public_key != openssl::public_key_of(&key.text) {
                return Err(format!("{name}: openssl says that key and certificate are no pair"));
            }
        }
        Ok(())
    }
}

/// The files of all leaves that `renew --all` replaces.
pub fn all_leaves() -> Vec<String> {
    let pairs = PAIRS.iter().flat_map(|(name, _)| [format!("{name}.crt"), format!("{name}.key")]);
    let below = pairs.chain(KUBECONFIGS.map(str::to_owned));
    below.map(|path| format!("etc/kubernetes/{path}")).collect()
}

/// By what every form of a key in a file has: PEM's label, a kubeconfig's field, or base64 of PEM.
pub fn no_keys_below(folder: &Path) -> Result<(), String> {
    let tree = Tree::read(folder);
    for (path, entry) in &tree.entries {
        let Kind::File(bytes) = &entry.kind else { continue };
        for mark in ["PRIVATE KEY", "client-key-data", "LS0tLS1CRUdJTiB"] {
            if bytes.windows(mark.len()).any(|window| window == mark.as_bytes()) {
                return Err(format!("{STATE}/{} holds a key", path.display()));
            }
        }
        let name = path.to_string_lossy();
        if name.contains("/backup") || name.contains("/staged") {
            return Err(format!("{STATE}/{name} is left"));
        }
    }
    Ok(())
}
