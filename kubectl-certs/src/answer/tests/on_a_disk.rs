//! On a folder, where nothing runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};

use super::super::observe::{Observer, inventory, of_inventory};
use super::super::{Control, change};
use super::foretold::Foretold;
use crate::access::Access;
use crate::access::state_dir::StateDir;
use crate::execute::{self, Approval, Means};
use crate::model::{IdentityStore, Location};
use crate::plan::action::{BackUp, Issue, WriteIdentity};
use crate::plan::condition::Renewal;
use crate::plan::rehearse::rehearse;
use crate::plan::{Action, Expected, Step, Undo, World};
use crate::report::Report;
use crate::request::{Renew, Scope};

const COMBINED: &str = "var/lib/kubelet/pki/kubelet-client-current.pem";

#[test]
fn an_action_makes_of_a_disk_what_its_effect_foretells() {
    let folder = tempfile::tempdir().expect("folder");
    let root = folder.path().join("node");
    Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }.write(&root);
    combined(&root);
    let access = Access { state: StateDir::at(folder.path().join("operator")), ..Access::system() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
    let seen = runtime.block_on(run(&access, root.to_str().expect("UTF-8")));
    let all = ["back up", "issue", "write a combined file", "write a kubeconfig", "write a pair"];
    assert_eq!(seen, BTreeSet::from(all));
}

/// As the kubelet keeps its client identity.
fn combined(root: &Path) {
    let read = |name: &str| fs::read_to_string(pki(root).join(name)).expect("a file of kubeadm");
    let text = read("apiserver-kubelet-client.crt") + &read("apiserver-kubelet-client.key");
    fs::create_dir_all(root.join(COMBINED).parent().expect("a folder")).expect("folder");
    fs::write(root.join(COMBINED), text).expect("written");
}

async fn run(access: &Access, root: &str) -> BTreeSet<&'static str> {
    let request =
        Renew { scope: Scope { root: Some(root.to_owned()), ..Scope::default() }, all: true, ..Renew::default() };
    let Ok(Report::Plan(planned)) = change::renew(&request, access, &Control::silent()).await else {
        panic!("no plan");
    };
    let mut plan = planned.plan;
    plan.phases[0].steps.retain(|step| ["renew-apiserver", "renew-admin.conf"].contains(&step.id.as_str()));
    let scope = Scope { root: Some(root.to_owned()), ..Scope::default() };
    let fleet = change::fleet(&scope, access).await.expect("a disk");
    let world = of_inventory(inventory(access, fleet.members()).await.expect("read"));
    // The kubelet renews this one by itself, so the planner never does; the action can.
    plan.phases[0].steps.push(combined_step(&world, root));
    let observe = Foretold::new(Observer { access, fleet: &fleet });
    let means = Means {
        access,
        observe: &observe,
        fleet: &fleet,
        root,
        place: "",
        sink: Arc::new(|_| {}),
        stop: Arc::default(),
    };
    let rehearsed = rehearse(plan, &world).expect("a plan that can be done");
    execute::apply(&rehearsed, &Approval::of(rehearsed.plan()), &means).await.expect("done");
    observe.seen()
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
