//! On a folder, where nothing runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::super::Control;
use super::super::change::{self, Seen};
use super::super::observe::Observer;
use super::foretold::Foretold;
use crate::access::Access;
use crate::access::state_dir::StateDir;
use crate::model::{IdentityStore, Location};
use crate::plan::action::{BackUp, Issue, WriteIdentity};
use crate::plan::condition::Renewal;
use crate::plan::rehearse::rehearse;
use crate::plan::renew::plan;
use crate::plan::{Action, Expected, Plan, Step, Undo, World};
use crate::report::Report;
use crate::request::{Mode, Renew, Scope, SignedCertificate};

const COMBINED: &str = "var/lib/kubelet/pki/kubelet-client-current.pem";

#[test]
fn an_action_makes_of_a_disk_what_its_effect_foretells() {
    let disk = Disk::new();
    combined(&disk.root);
    let seen = disk.block_on(async {
        let (mut plan, world) = disk.plan(Renew { all: true, ..Renew::default() }).await;
        plan.phases[0].steps.retain(|step| ["renew-apiserver", "renew-admin.conf"].contains(&step.id.as_str()));
        // The kubelet renews this one by itself, so the planner never does; the action can.
        plan.phases[0].steps.push(combined_step(&world, disk.root()));
        disk.apply(plan, &world).await
    });
    let all = ["back up", "issue", "write a combined file", "write a kubeconfig", "write a pair"];
    assert_eq!(seen, BTreeSet::from(all));
}

#[test]
fn so_does_the_answer_of_an_authority_elsewhere() {
    let disk = Disk::new();
    let wanted = Renew { only: vec!["front-proxy-client".to_owned()], ..Renew::default() };
    let seen = disk.block_on(async {
        let asked = Renew { requests: true, mode: Mode::Apply, ..wanted };
        let Ok(Report::Requests(made)) = change::renew(&disk.asked(asked), &disk.access, &Control::silent()).await
        else {
            panic!("no requests");
        };
        let signed = made.requests.iter().map(|made| SignedCertificate {
            name: made.name.clone(),
            certificate: disk.sign("front-proxy-ca", made.request.as_ref().expect("a request")),
            file: None,
        });
        let (plan, world) = disk.plan(Renew { signed: signed.collect(), ..Renew::default() }).await;
        disk.apply(plan, &world).await
    });
    assert_eq!(seen, BTreeSet::from(["back up", "import", "write a pair"]));
}

/// A node's disk in a folder, and somebody who changes it.
struct Disk {
    folder: TempDir,
    root: PathBuf,
    access: Access,
    runtime: Runtime,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let root = folder.path().join("node");
        Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }.write(&root);
        let access = Access { state: StateDir::at(folder.path().join("operator")), ..Access::system() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
        Self { folder, root, access, runtime }
    }

    fn block_on<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }

    fn root(&self) -> &str {
        self.root.to_str().expect("UTF-8")
    }

    fn scope(&self) -> Scope {
        Scope { root: Some(self.root().to_owned()), ..Scope::default() }
    }

    fn asked(&self, renew: Renew) -> Renew {
        Renew { scope: self.scope(), ..renew }
    }

    async fn plan(&self, renew: Renew) -> (Plan, World) {
        let request = self.asked(renew);
        let seen = Seen::of(&request, &self.access).await.expect("read");
        (plan(&seen.world, &seen.asked(&request), seen.now).expect("a plan"), seen.world)
    }

    /// The kinds of actions that did what was foretold.
    async fn apply(&self, plan: Plan, world: &World) -> BTreeSet<&'static str> {
        let fleet = change::fleet(&self.scope(), &self.access).await.expect("a disk");
        let observe = Foretold::new(Observer { access: &self.access, fleet: &fleet });
        let rehearsed = rehearse(plan, world).expect("a plan that can be done");
        change::apply_on(&rehearsed, &fleet, &observe, &self.access, &Control::silent()).await.expect("done");
        observe.seen()
    }

    /// As an authority elsewhere does it.
    fn sign(&self, authority: &str, request: &str) -> String {
        let [asked, given] = ["request.csr", "answer.crt"].map(|name| self.folder.path().join(name));
        fs::write(&asked, request).expect("written");
        let [certificate, key] = ["crt", "key"].map(|kind| pki(&self.root).join(format!("{authority}.{kind}")));
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-req", "-days", "90", "-copy_extensions", "copyall"]).arg("-in").arg(&asked);
        openssl.arg("-out").arg(&given).arg("-CA").arg(certificate).arg("-CAkey").arg(key);
        let output = openssl.output().expect("openssl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::read_to_string(given).expect("a certificate")
    }
}

/// As the kubelet keeps its client identity.
fn combined(root: &Path) {
    let read = |name: &str| fs::read_to_string(pki(root).join(name)).expect("a file of kubeadm");
    let text = read("apiserver-kubelet-client.crt") + &read("apiserver-kubelet-client.key");
    fs::create_dir_all(root.join(COMBINED).parent().expect("a folder")).expect("folder");
    fs::write(root.join(COMBINED), text).expect("written");
}

fn combined_step(world: &World, root: &str) -> Step {
    let path = format!("{root}/{COMBINED}");
    let at = Location::file(&path);
    let old = world.leaf(&at).expect("the kubelet's certificate");
    let digest = world.inventory.entry(&at).and_then(|entry| entry.digest.clone()).expect("a digest");
    let issuer = world.trust.issuers(&old.fingerprint).first().expect("the authority");
    let renewal = Renewal::of(old, issuer, old.not_after);
    let (step, store) = ("renew-combined".to_owned(), IdentityStore::Combined { path: path.clone() });
    Step {
        id: step.clone(),
        node: None,
        title: "a combined file".to_owned(),
        actions: vec![
            Action::BackUp(BackUp { at: at.clone(), digest: digest.clone() }),
            Action::Issue(Issue {
                step: step.clone(),
                at: at.clone(),
                store: store.clone(),
                authority_certificate: at.beside(&format!("{root}/etc/kubernetes/pki/ca.crt")),
                authority_key: at.beside(&format!("{root}/etc/kubernetes/pki/ca.key")),
                not_before: old.not_before,
                added_names: Vec::new(),
                renewal: renewal.clone(),
            }),
            Action::WriteIdentity(WriteIdentity { step, at: at.clone(), store, renewal }),
        ],
        expects: vec![Expected { at: at.clone(), digest }],
        undo: Undo::Restore(vec![at]),
        impact: String::new(),
        pending_seconds: None,
    }
}
