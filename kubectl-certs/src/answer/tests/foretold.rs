//! Reads everything again after each action, and holds it beside what its effect foretold.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::super::observe::Observer;
use crate::error::Error;
use crate::execute::{Fresh, Observe};
use crate::model::{CertId, Certificate, Entry, IdentityStore, KeyId, Time};
use crate::plan::{Action, OnNode, Plan, Step, World};

/// Servers take notice of a write within a second; a busy machine may take longer to start something.
const SETTLES: Duration = Duration::from_secs(30);

pub(super) struct Foretold<'a> {
    inner: Observer<'a>,
    /// The actions still to be done.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    plan: Option<Plan>,
    before: World,
    /// Those that were seen to have come true.
    seen: BTreeSet<&'static str>,
    done: usize,
}

impl<'a> Foretold<'a> {
    pub(super) fn new(inner: Observer<'a>) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// The kinds of actions that came true; all of the plan have.
    pub(super) fn seen(self) -> BTreeSet<&'static str> {
        let state = self.state.into_inner().expect("a plan");
        let plan = state.plan.expect("a plan");
        assert_eq!(state.done, plan.steps().flat_map(|step| &step.actions).count(), "not all was done");
        state.seen
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test failed here")
    }

    /// The next action of the plan, where it is one of this step.
    fn next_of(&self, step: &Step) -> Option<Action> {
        let state = self.state();
        let mut actions =
            state.plan.iter().flat_map(Plan::steps).flat_map(|step| step.actions.iter().map(move |a| (&step.id, a)));
        actions.nth(state.done).filter(|(of, _)| **of == step.id).map(|(_, action)| action.clone())
    }

    async fn compare(&self, action: &Action, run: &str, step: &Step) -> Result<(), Error> {
        let (plan, before) = {
            let state = self.state();
            (state.plan.clone().expect("a plan"), state.before.clone())
        };
        let mut foretold = before.clone();
        action.effect(&mut foretold);
        let foretold = comparable(&foretold, &before, action);
        let deadline = Instant::now() + SETTLES;
        let after = loop {
            let after = self.inner.world(run, &plan).await?;
            let found = comparable(&after, &before, action);
            if found == foretold {
                break after;
            }
            let differing: Vec<_> = foretold.iter().zip(&found).filter(|(foretold, found)| foretold != found).collect();
            let lines = (foretold.len(), found.len());
            assert!(Instant::now() < deadline, "{}: {action:?}: {lines:?} lines, {differing:#?}", step.id);
        };
        assert!(after.inventory.gaps.is_empty(), "{:?}", after.inventory.gaps);
        let mut state = self.state();
        state.seen.insert(kind(action));
        state.done += 1;
        state.before = after;
        Ok(())
    }
}

#[async_trait]
impl Observe for Foretold<'_> {
    async fn world(&self, run: &str, plan: &Plan) -> Result<World, Error> {
        let world = self.inner.world(run, plan).await?;
        *self.state() = State { plan: Some(plan.clone()), before: world.clone(), ..State::default() };
        Ok(world)
    }

    async fn refresh(&self, world: &mut World, run: &str, step: &Step, what: Fresh<'_>) -> Result<(), Error> {
        self.inner.refresh(world, run, step, what).await?;
        if let Some(action) = self.next_of(step)
            && action.goal().iter().all(|goal| goal.holds(world).is_ok())
        {
            self.compare(&action, run, step).await?;
        }
        Ok(())
    }

    async fn presented(&self, world: &mut World, addresses: &[OnNode]) {
        self.inner.presented(world, addresses).await;
    }
}

/// Without a wildcard: whoever adds an action adds it to the plan of one of these tests.
fn kind(action: &Action) -> &'static str {
    match action {
        Action::BackUp(_) => "back up",
        Action::Issue(_) => "issue",
        Action::Import(_) => "import",
        Action::WriteIdentity(write) => match write.store {
            IdentityStore::Pair { .. } => "write a pair",
            IdentityStore::Combined { .. } => "write a combined file",
            IdentityStore::Kubeconfig { .. } => "write a kubeconfig",
        },
        Action::Remake(_) => "remake",
        Action::Restart(restart) if restart.drain.is_some() => "restart after a drain",
        Action::Restart(_) => "restart",
    }
}

/// A world in lines, without what an effect cannot know: of a new certificate its fingerprint, key, serial, first day
/// and key ids, where a component makes it also its names, which have a time in them, and its end; of a written file its
/// digest and time; of a process its new start; and keys that are made in advance.
fn comparable(world: &World, before: &World, action: &Action) -> Vec<String> {
    let mut lines = Vec::new();
    let inventory = &world.inventory;
    let stored: BTreeSet<&CertId> = before.inventory.entries.iter().flat_map(Entry::certificates).collect();
    let is_new = |id: &CertId| !stored.contains(id);
    let known = |certificate: &Certificate| {
        json(&if is_new(&certificate.fingerprint) { masked(certificate, action) } else { certificate.clone() })
    };
    let issuers = |id: &CertId| json(&world.trust.issuers(id));
    for entry in &inventory.entries {
        let mut entry = entry.clone();
        let in_this_file = inventory.entries.iter().filter(|other| other.at.path() == entry.at.path());
        if in_this_file.filter(|other| other.at.node() == entry.at.node()).filter_map(|other| other.leaf()).any(is_new)
        {
            (entry.digest, entry.key_digest) = (None, None);
        }
        lines.push(json(&entry));
        for id in entry.certificates() {
            let certificate = known(&inventory.certificates[id]);
            lines.push(format!("{certificate} signed by {}", issuers(id)));
        }
    }
    for use_ in &inventory.uses {
        let mut use_ = use_.clone();
        let same =
            before.inventory.uses.iter().find(|old| {
                (&old.component, &old.purpose, &old.place) == (&use_.component, &use_.purpose, &use_.place)
            });
        let later = same.is_some_and(|old| use_.loaded.started > old.loaded.started);
        (use_.loaded.started, use_.loaded.written) = (None, None);
        lines.push(format!("{} started later: {later}", json(&use_)));
    }
    for (step, (_, certificate)) in &world.staged {
        let Some(certificate) = certificate else { continue };
        let issuers = issuers(&certificate.fingerprint);
        lines.push(format!("{step} staged {} signed by {issuers}", known(certificate)));
    }
    lines.push(json(&(&inventory.layouts, &inventory.edges, &inventory.gaps)));
    lines.push(format!("{:?}", world.backups));
    for (component, started) in &world.started {
        lines.push(format!("{component:?} started later: {}", before.started.get(component) < Some(started)));
    }
    for (address, id) in &world.presented {
        lines.push(format!("{address:?} presents {id}"));
    }
    // Two names of one thing become one: the imagined certificate and the real one.
    let mut text = lines.join("\n");
    for (id, certificate) in inventory.certificates.iter().filter(|(id, _)| is_new(id)) {
        text = text
            .replace(&certificate.public_key.to_string(), "the new key")
            .replace(&id.to_string(), "the new certificate");
    }
    text.lines().map(str::to_owned).collect()
}

fn masked(new: &Certificate, action: &Action) -> Certificate {
    let new = Certificate {
        fingerprint: CertId([0; 32]),
        public_key: KeyId([0; 32]),
        serial: String::new(),
        not_before: Time::default(),
        subject_key_id: None,
        authority_key_id: None,
        ..new.clone()
    };
    match action {
        Action::Remake(_) => {
            Certificate { subject: String::new(), issuer: "".into(), not_after: Time::default(), ..new }
        }
        _ => new,
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("json")
}
