//! Runs over a control plane of three nodes whose disks are real and whose components are played: real keys, real files,
//! real journals, and processes that read them by the rules of the layout, late, slowly or not at all. What a kill, a lost
//! node or a failing restart leaves is gone on with, or taken back, and at every moment peers can talk to one another.

mod health;
mod machine;
mod planned_blind;
mod stage;
mod taken_back;

use proptest::prelude::*;

use super::change;
use super::observe::{Observer, inventory, of_inventory};
use crate::error::ErrorKind;
use crate::execute::{self, Approval, Means};
use crate::plan::rehearse::{RehearsedPlan, rehearse};
use crate::plan::{Action, Plan};
use crate::report::RunState;
use crate::request::RunsVerb;
use machine::Faults;
use stage::Stage;

proptest! {
    // Each case is a whole run or several, with keys made and files flushed.
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 20, ..ProptestConfig::default() })]

    /// Late readers, slow and failing restarts: the run ends, and all that was begun is in use.
    #[test]
    fn a_run_ends_with_everything_in_use(lag in 0_u32..4, failing in 0_u32..3, node in 0_usize..3) {
        let mut stage = Stage::new();
        stage.faults(|faults| *faults = Faults { lag, failing_restarts: (node, failing), ..Faults::default() });
        let mut outcome = stage.renew();
        for _ in 0..failing {
            let error = outcome.expect_err("a restart failed");
            prop_assert_eq!(error.kind, ErrorKind::FailedSafe, "{}", error);
            outcome = stage.runs(RunsVerb::Resume);
        }
        let state = outcome.map(|done| done.state);
        prop_assert!(matches!(state, Ok(RunState::Done)), "{:?}", state);
        stage.assert_all_new();
    }

    /// A node that does not answer from some moment on, and is there again later.
    #[test]
    fn a_lost_node_costs_nothing_but_time(from in 0_usize..90, node in 0_usize..3, back in any::<bool>()) {
        let mut stage = Stage::new();
        stage.faults(|faults| faults.lost = Some((node, from)));
        let outcome = stage.renew();
        stage.faults(|faults| faults.lost = None);
        if let Err(error) = outcome {
            prop_assert!(matches!(error.kind, ErrorKind::FailedSafe | ErrorKind::Unreadable), "{:?}", error);
            prop_assert!(error.message.contains(Stage::name(node)), "{}", error);
        }
        stage.end(if back { RunsVerb::Undo } else { RunsVerb::Resume });
    }
}

/// Before and after every line of the journal, on whichever node it is written: at each of them the operator's program is
/// gone in the next moment. In turn the run is resumed and undone.
#[test]
fn killed_at_any_line_of_the_journal() {
    let mut killed = 0;
    for cut in 0.. {
        let mut stage = Stage::new();
        stage.faults(|faults| faults.killed_at = Some(cut));
        let outcome = stage.renew();
        let was_killed = stage.faults(|faults| faults.killed);
        stage.faults(|faults| *faults = Faults::default());
        if !was_killed {
            assert!(outcome.is_ok(), "{outcome:?}");
            break;
        }
        killed += 1;
        stage.end(if cut % 2 == 0 { RunsVerb::Resume } else { RunsVerb::Undo });
    }
    assert!(killed > 20, "only {killed} points");
}

/// A way to break a plan, and what must notice it.
type Mutant = (&'static str, fn(&mut Plan) -> bool);

/// What the order of a plan is for: each rule left out once.
const MUTANTS: &[Mutant] = &[
    ("restarted before the new identity is there", |plan| {
        let Some(restarts) = plan.phases.iter().position(|phase| phase.name == "restart") else { return false };
        let phase = plan.phases.remove(restarts);
        plan.phases.insert(0, phase);
        true
    }),
    ("not restarted", |plan| {
        plan.phases.retain(|phase| phase.name != "restart");
        true
    }),
    ("restarted on one node less", |plan| {
        let Some(phase) = plan.phases.iter_mut().find(|phase| phase.name == "restart") else { return false };
        phase.steps.pop().is_some()
    }),
    ("not backed up", |plan| {
        for step in plan.phases.iter_mut().flat_map(|phase| &mut phase.steps) {
            step.actions.retain(|action| !matches!(action, Action::BackUp(_)));
        }
        true
    }),
    ("not issued", |plan| {
        for step in plan.phases.iter_mut().flat_map(|phase| &mut phase.steps) {
            step.actions.retain(|action| !matches!(action, Action::Issue(_)));
        }
        true
    }),
    ("signed by the authority of another kind of peers", |plan| {
        let authorities: Vec<_> = plan
            .steps()
            .flat_map(|step| &step.actions)
            .filter_map(|action| match action {
                Action::Issue(issue) => Some((issue.authority_certificate.clone(), issue.authority_key.clone())),
                _ => None,
            })
            .collect();
        for step in plan.phases.iter_mut().flat_map(|phase| &mut phase.steps) {
            for action in &mut step.actions {
                let Action::Issue(issue) = action else { continue };
                let own = issue.authority_certificate.path().map(str::to_owned);
                let other = authorities.iter().find(|(at, _)| at.path() != own.as_deref());
                let Some((certificate, key)) = other.cloned() else { return false };
                (issue.authority_certificate, issue.authority_key) = (certificate, key);
                return true;
            }
        }
        false
    }),
];

/// Without a rehearsal, which refuses them all (`plan::tests`): then the world must tell.
#[test]
fn a_plan_without_one_of_its_rules_is_noticed() {
    for (name, spoil) in MUTANTS {
        let mut stage = Stage::new();
        let mut plan = stage.plan();
        assert!(spoil(&mut plan), "{name}");
        let outcome = stage.do_unrehearsed(plan);
        let noticed = outcome.is_err() || stage.what_is_not_new().is_some();
        // The way back is a rule as well.
        let undone = stage.runs(RunsVerb::Undo).is_ok() && stage.changed().is_empty();
        assert!(noticed || !undone, "not noticed: {name}");
    }
}

impl Stage {
    /// What the planner makes of it.
    fn plan(&self) -> Plan {
        let request = Self::request();
        let planned = self.block_on(async {
            let fleet = change::fleet(&request.scope, self.access()).await.expect("nodes");
            let world = of_inventory(inventory(self.access(), fleet.members()).await.expect("read"));
            let asked = crate::plan::renew::Asked {
                request: &request,
                root: "/",
                nodes: fleet.members().iter().filter_map(|member| member.name.clone()).collect(),
                named: None,
                findings: &[],
                kept: &[],
            };
            let plan = crate::plan::renew::plan(&world, &asked, world.inventory.read_at).expect("a plan");
            rehearse(plan, &world).expect("a plan that can be done")
        });
        planned.plan().clone()
    }

    fn do_unrehearsed(&self, plan: Plan) -> Result<crate::report::RunDone, crate::error::Error> {
        let rehearsed = RehearsedPlan::unchecked(plan);
        let request = Self::request();
        self.block_on(async {
            let fleet = change::fleet(&request.scope, self.access()).await?;
            let observe = Observer { access: self.access(), fleet: &fleet };
            let means = Means {
                access: self.access(),
                observe: &observe,
                fleet: &fleet,
                root: "/",
                place: "",
                sink: std::sync::Arc::new(|_| {}),
                stop: std::sync::Arc::default(),
            };
            execute::apply(&rehearsed, &Approval::of(rehearsed.plan()), &means).await
        })
    }
}
