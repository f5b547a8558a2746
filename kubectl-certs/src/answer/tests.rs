//! What an action is said to make of the world is what it makes of a real disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};

use super::observe::{Observer, inventory, of_inventory};
use super::{Control, change};
use crate::access::Access;
use crate::access::state_dir::StateDir;
use crate::error::Error;
use crate::execute::{self, Approval, Fresh, Means, Observe};
use crate::model::{CertId, Certificate, IdentityStore, KeyId, Location, Time};
use crate::plan::action::{BackUp, Issue, WriteIdentity};
use crate::plan::condition::Renewal;
use crate::plan::rehearse::rehearse;
use crate::plan::{Action, Expected, OnNode, Plan, Step, Undo, World};
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
    let (plan, worlds) = runtime.block_on(run(&access, root.to_str().expect("UTF-8")));

    let mut worlds = worlds.iter();
    let mut seen = BTreeSet::new();
    // One reading before the first action, and one after each.
    let mut before = worlds.next().expect("a reading");
    for step in plan.steps() {
        for action in &step.actions {
            let after = worlds.next().expect("a reading");
            let mut foretold = before.clone();
            action.effect(&mut foretold);
            let (foretold, after_lines) = (comparable(&foretold), comparable(after));
            let differing = foretold.iter().zip(&after_lines).find(|(foretold, found)| foretold != found);
            assert_eq!(differing, None, "{}: {action:?}", step.id);
            assert_eq!(foretold.len(), after_lines.len(), "{}: {action:?}", step.id);
            assert!(after.inventory.gaps.is_empty(), "{:?}", after.inventory.gaps);
            seen.insert(kind(action));
            before = after;
        }
    }
    assert!(worlds.next().is_none(), "more readings than actions");
    let all = ["back up", "issue", "write a combined file", "write a kubeconfig", "write a pair"];
    assert_eq!(seen, BTreeSet::from(all));
}

/// Without a wildcard: whoever adds an action adds it to the plan of this test, or says why it cannot be.
fn kind(action: &Action) -> &'static str {
    match action {
        Action::BackUp(_) => "back up",
        Action::Issue(_) => "issue",
        Action::Import(_) => {
            panic!("it needs the answer of an authority elsewhere: it is tried with the whole program")
        }
        Action::WriteIdentity(write) => match write.store {
            IdentityStore::Pair { .. } => "write a pair",
            IdentityStore::Combined { .. } => "write a combined file",
            IdentityStore::Kubeconfig { .. } => "write a kubeconfig",
        },
        Action::Remake(_) | Action::Restart(_) => {
            panic!("a restart needs a container runtime: it is tried on clusters")
        }
    }
}

/// As the kubelet keeps its client identity.
fn combined(root: &Path) {
    let read = |name: &str| fs::read_to_string(pki(root).join(name)).expect("a file of kubeadm");
    let text = read("apiserver-kubelet-client.crt") + &read("apiserver-kubelet-client.key");
    fs::create_dir_all(root.join(COMBINED).parent().expect("a folder")).expect("folder");
    fs::write(root.join(COMBINED), text).expect("written");
}

async fn run(access: &Access, root: &str) -> (Plan, Vec<World>) {
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
    let observe = Recorder { inner: Observer { access, fleet: &fleet }, worlds: Mutex::default() };
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
    (rehearsed.plan().clone(), observe.worlds.into_inner().expect("worlds"))
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

/// Keeps every reading that execution makes.
struct Recorder<'a> {
    inner: Observer<'a>,
    worlds: Mutex<Vec<World>>,
}

#[async_trait]
impl Observe for Recorder<'_> {
    async fn world(&self, run: &str, plan: &Plan) -> Result<World, Error> {
        let world = self.inner.world(run, plan).await?;
        self.worlds.lock().expect("worlds").push(world.clone());
        Ok(world)
    }

    async fn refresh(&self, world: &mut World, run: &str, step: &Step, what: Fresh<'_>) -> Result<(), Error> {
        self.inner.refresh(world, run, step, what).await?;
        self.worlds.lock().expect("worlds").push(world.clone());
        Ok(())
    }

    async fn presented(&self, world: &mut World, addresses: &[OnNode]) {
        self.inner.presented(world, addresses).await;
    }
}

/// A world in lines, without what an effect cannot know: of a new certificate its fingerprint, key, serial, first day
/// and key ids; of a written file its digest and time.
fn comparable(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    let inventory = &world.inventory;
    for entry in &inventory.entries {
        let mut entry = entry.clone();
        let in_this_file = inventory.entries.iter().filter(|other| other.at.path() == entry.at.path());
        if in_this_file.filter_map(|other| other.leaf()).any(|leaf| is_new(world, leaf)) {
            (entry.digest, entry.key_digest) = (None, None);
        }
        lines.push(json(&entry));
        for id in entry.certificates() {
            lines.push(format!("{} signed by {:?}", json(&known(world, id)), world.trust.issuers(id)));
        }
    }
    for use_ in &inventory.uses {
        let mut use_ = use_.clone();
        use_.loaded.written = None;
        lines.push(json(&use_));
    }
    for (step, (_, certificate)) in &world.staged {
        let certificate = certificate.as_ref().map(|certificate| masked(certificate.clone()));
        let issuers = world.staged[step].1.as_ref().map(|new| world.trust.issuers(&new.fingerprint));
        lines.push(format!("{step} staged {} signed by {issuers:?}", json(&certificate)));
    }
    lines.push(json(&(&inventory.layouts, &inventory.edges, &inventory.gaps)));
    lines.push(format!("{:?} {:?}", world.backups, world.started));
    lines.push(format!("{:?}", world.presented));
    // Two names of one thing become one: the imagined certificate and the real one.
    let mut text = lines.join("\n");
    for (step, (key, certificate)) in &world.staged {
        text = text.replace(&key.0, &format!("key for {step}"));
        if let Some(certificate) = certificate {
            text = text.replace(&certificate.fingerprint.0, &format!("certificate for {step}"));
        }
    }
    text.lines().map(str::to_owned).collect()
}

fn is_new(world: &World, id: &CertId) -> bool {
    world.staged.values().any(|(_, certificate)| certificate.as_ref().is_some_and(|new| new.fingerprint == *id))
}

fn known(world: &World, id: &CertId) -> Certificate {
    let certificate = world.inventory.certificates[id].clone();
    if is_new(world, id) { masked(certificate) } else { certificate }
}

fn masked(new: Certificate) -> Certificate {
    Certificate {
        fingerprint: CertId(String::new()),
        public_key: KeyId(String::new()),
        serial: String::new(),
        not_before: Time::default(),
        subject_key_id: None,
        authority_key_id: None,
        ..new
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("json")
}
