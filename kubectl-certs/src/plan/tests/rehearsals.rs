//! The rehearsal accepts what the planner makes of a healthy world, and refuses it once it is spoilt anywhere.

use proptest::prelude::*;

use super::worlds::shapes;
use crate::model::{CertId, Span};
use crate::plan::rehearse::rehearse;
use crate::plan::{Action, Plan, World};

proptest! {
    #[test]
    fn what_the_planner_makes_of_a_healthy_world_is_accepted(shape in shapes()) {
        let world = shape.world();
        if let Some(plan) = shape.plan(&world) {
            let outcome = rehearse(plan, &world);
            prop_assert!(outcome.is_ok(), "{:?}", outcome.err());
        }
    }

    #[test]
    fn a_spoilt_plan_is_refused(shape in shapes(), which in any::<prop::sample::Index>()) {
        let world = shape.world();
        let Some(plan) = shape.plan(&world) else { return Ok(()) };
        if plan.is_empty() {
            return Ok(());
        }
        for (name, spoil) in SPOILERS {
            let mut spoilt = plan.clone();
            if spoil(&mut spoilt, which.index(plan.phases[0].steps.len()), &world) {
                prop_assert!(rehearse(spoilt, &world).is_err(), "accepted: {name}");
            }
        }
    }
}

/// Spoils the step with that number of the phase that writes; false where that is not possible in this plan.
type Spoil = fn(&mut Plan, usize, &World) -> bool;

const SPOILERS: &[(&str, Spoil)] = &[
    ("nothing is issued", |plan, step, _| retain(plan, step, |action| !matches!(action, Action::Issue(_)))),
    ("nothing is backed up", |plan, step, _| retain(plan, step, |action| !matches!(action, Action::BackUp(_)))),
    ("written before it is issued", |plan, step, _| {
        let actions = &mut plan.phases[0].steps[step].actions;
        let last = actions.len() - 1;
        actions.swap(last - 1, last);
        true
    }),
    ("written before it is backed up", |plan, step, _| {
        plan.phases[0].steps[step].actions.rotate_left(1);
        true
    }),
    ("the backup is of something else", |plan, step, _| {
        for action in &mut plan.phases[0].steps[step].actions {
            if let Action::BackUp(back_up) = action {
                back_up.digest = "something else".to_owned();
            }
        }
        true
    }),
    ("issued for another step", |plan, step, _| {
        on_issue(plan, step, |issue| issue.step.push('x'));
        true
    }),
    ("signed by an authority that its peers do not know", |plan, step, world| {
        let Some(other) = another_authority(plan, step, world) else { return false };
        on_issue(plan, step, |issue| issue.renewal.issuer = other.clone());
        on_write(plan, step, |write| write.renewal.issuer = other.clone());
        true
    }),
    ("signed by another authority than is wanted", |plan, step, world| {
        let Some(other) = another_authority(plan, step, world) else { return false };
        on_issue(plan, step, |issue| issue.renewal.issuer = other.clone());
        true
    }),
    ("wanted until another time", |plan, step, _| {
        on_write(plan, step, |write| write.renewal.not_after = write.renewal.not_after.plus(Span(1)));
        true
    }),
    ("wanted for another subject", |plan, step, _| {
        on_issue(plan, step, |issue| issue.renewal.subject.push('x'));
        on_write(plan, step, |write| write.renewal.subject.push('x'));
        true
    }),
    ("wanted with another name", |plan, step, _| {
        on_write(plan, step, |write| write.renewal.names.push("x".to_owned()));
        true
    }),
    ("wanted for another usage", |plan, step, _| {
        on_write(plan, step, |write| write.renewal.extended_key_usages.clear());
        true
    }),
    ("renews what is not there", |plan, step, _| {
        on_write(plan, step, |write| write.renewal.old = CertId([7; 32]));
        true
    }),
    ("written to the place of another leaf", |plan, step, world| {
        let own = place(plan, step);
        let others = world.inventory.entries.iter().filter(|entry| entry.leaf().is_some());
        let Some(other) = others.map(|entry| &entry.at).find(|at| **at != own) else { return false };
        on_write(plan, step, |write| write.at = other.clone());
        true
    }),
    ("written to other files than are looked at", |plan, step, _| {
        let own = place(plan, step);
        let other = plan.steps().flat_map(|step| &step.actions).find_map(|action| match action {
            Action::WriteIdentity(write) if write.at != own => Some(write.store.clone()),
            _ => None,
        });
        let Some(other) = other else { return false };
        on_write(plan, step, |write| write.store = other.clone());
        true
    }),
    ("restarted before it is written", |plan, _, _| {
        let Some(restarts) = plan.phases.iter().position(|phase| phase.name == "restart") else { return false };
        plan.phases.swap(0, restarts);
        true
    }),
];

fn retain(plan: &mut Plan, step: usize, keep: fn(&Action) -> bool) -> bool {
    plan.phases[0].steps[step].actions.retain(keep);
    true
}

fn on_issue(plan: &mut Plan, step: usize, mut spoil: impl FnMut(&mut crate::plan::action::Issue)) {
    for action in &mut plan.phases[0].steps[step].actions {
        if let Action::Issue(issue) = action {
            spoil(issue);
        }
    }
}

fn on_write(plan: &mut Plan, step: usize, mut spoil: impl FnMut(&mut crate::plan::action::WriteIdentity)) {
    for action in &mut plan.phases[0].steps[step].actions {
        if let Action::WriteIdentity(write) = action {
            spoil(write);
        }
    }
}

fn place(plan: &Plan, step: usize) -> crate::model::Location {
    let actions = &plan.phases[0].steps[step].actions;
    let place = actions.iter().find_map(|action| match action {
        Action::WriteIdentity(write) => Some(write.at.clone()),
        _ => None,
    });
    place.expect("every step of this phase writes")
}

fn another_authority(plan: &Plan, step: usize, world: &World) -> Option<CertId> {
    let own = world.trust.issuers(&world.leaf(&place(plan, step))?.fingerprint).first()?;
    let authorities = world.inventory.entries.iter().filter(|entry| entry.leaf().is_none());
    authorities.filter_map(|entry| entry.certificates().first()).find(|id| *id != own).cloned()
}
