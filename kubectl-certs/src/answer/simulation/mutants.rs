//! What the order of a plan, and the care of its nodes, is for: each rule left out once. Without a rehearsal, which refuses
//! most of these plans (`plan::tests`), the world must tell, by the invariant or by what there is at the end.

use super::faults::{Faults, Vice};
use super::shape::Shape;
use super::stage::Stage;
use crate::answer::observe::Observer;
use crate::answer::{Control, change};
use crate::error::Error;
use crate::plan::action::Restart;
use crate::plan::{Action, Plan, RehearsedPlan, Step};
use crate::report::RunDone;
use crate::request::RunsVerb;

struct Mutant {
    rule: &'static str,
    left_out: LeftOut,
    scene: Scene,
    noticed: Noticed,
}

enum LeftOut {
    OfPlan(fn(&mut Plan) -> bool),
    OfNode(Vice),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Noticed {
    /// Somebody could not talk to a peer, or was away with its like.
    Invariant,
    /// The run does not come to its end.
    NotDone,
    /// It does, and something is not new.
    NotNew,
    /// What it did is not taken back.
    NotUndone,
    /// What somebody else wrote is lost.
    Lost,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        rule: "restart after the new identity is there",
        left_out: LeftOut::OfPlan(|plan| {
            let Some(restarts) = plan.phases.iter().position(|phase| phase.name == "restart") else { return false };
            let phase = plan.phases.remove(restarts);
            plan.phases.insert(0, phase);
            true
        }),
        scene: QUIET,
        noticed: Noticed::NotNew,
    },
    Mutant {
        rule: "restart",
        left_out: LeftOut::OfPlan(|plan| leave_out_phase(plan, "restart")),
        scene: QUIET,
        noticed: Noticed::NotNew,
    },
    Mutant {
        rule: "restart on each node",
        left_out: LeftOut::OfPlan(|plan| {
            let Some(phase) = plan.phases.iter_mut().find(|phase| phase.name == "restart") else { return false };
            phase.steps.pop().is_some()
        }),
        scene: QUIET,
        noticed: Noticed::NotNew,
    },
    Mutant {
        rule: "one node at a time",
        left_out: LeftOut::OfNode(Vice::Hasty),
        scene: SLOW,
        noticed: Noticed::Invariant,
    },
    Mutant {
        rule: "drain before the stop",
        left_out: LeftOut::OfPlan(|plan| drains(plan, |restart| restart.drain = None)),
        scene: BEHIND_A_BALANCER,
        noticed: Noticed::Invariant,
    },
    Mutant {
        rule: "drain until load balancers have noticed",
        left_out: LeftOut::OfPlan(|plan| {
            drains(plan, |restart| restart.drain.iter_mut().for_each(|drain| drain.seconds = 0))
        }),
        scene: BEHIND_A_BALANCER,
        noticed: Noticed::Invariant,
    },
    Mutant {
        rule: "a pair is written as one, its key first",
        left_out: LeftOut::OfNode(Vice::Halves),
        scene: QUIET,
        noticed: Noticed::Invariant,
    },
    Mutant {
        rule: "prove that servers present what was written",
        left_out: LeftOut::OfPlan(|plan| leave_out_phase(plan, "prove")),
        scene: LATE,
        noticed: Noticed::NotNew,
    },
    Mutant {
        rule: "expect what was there when it was planned",
        left_out: LeftOut::OfPlan(|plan| {
            for step in steps(plan) {
                step.expects.clear();
                // Its digest is the same rule once more.
                step.actions.retain(|action| !matches!(action, Action::BackUp(_)));
            }
            true
        }),
        scene: WITH_SOMEBODY_ELSE,
        noticed: Noticed::Lost,
    },
    Mutant {
        rule: "back up",
        left_out: LeftOut::OfPlan(|plan| {
            steps(plan).for_each(|step| step.actions.retain(|action| !matches!(action, Action::BackUp(_))));
            true
        }),
        scene: QUIET,
        noticed: Noticed::NotUndone,
    },
    Mutant {
        rule: "issue before writing",
        left_out: LeftOut::OfPlan(|plan| {
            steps(plan).for_each(|step| step.actions.retain(|action| !matches!(action, Action::Issue(_))));
            true
        }),
        scene: QUIET,
        noticed: Noticed::NotDone,
    },
    Mutant {
        rule: "signed by the authority that its peers trust",
        left_out: LeftOut::OfPlan(signed_by_another),
        scene: QUIET,
        noticed: Noticed::Invariant,
    },
];

struct Scene {
    leaves: &'static [&'static str],
    only: &'static [&'static str],
    faults: Faults,
    restart: bool,
    /// Writes too, between planning and doing.
    somebody_else: bool,
}

const NO_FAULTS: Faults = Faults { lag: 0, slow: 0, stale: 0, failing: None, ill: None, without_nft: None, lost: None };
/// One of each kind: watched, read for each handshake, read at the start; and somebody who knows the others.
const QUIET: Scene = Scene {
    leaves: &["apiserver", "etcd-server", "scheduler.conf", "apiserver-etcd-client"],
    only: &["apiserver", "etcd-server", "scheduler.conf"],
    faults: NO_FAULTS,
    restart: false,
    somebody_else: false,
};
const SLOW: Scene = Scene { faults: Faults { slow: 10_000, ..NO_FAULTS }, ..STARTED };
const LATE: Scene = Scene { faults: Faults { lag: 30_000, ..NO_FAULTS }, ..WATCHED };
const BEHIND_A_BALANCER: Scene = Scene { faults: Faults { slow: 5000, ..NO_FAULTS }, restart: true, ..WATCHED };
const WITH_SOMEBODY_ELSE: Scene = Scene { somebody_else: true, ..STARTED };
const WATCHED: Scene = Scene { leaves: &["apiserver"], only: &["apiserver"], ..QUIET };
const STARTED: Scene = Scene { leaves: &["scheduler.conf"], only: &["scheduler.conf"], ..QUIET };

#[test]
fn a_plan_without_one_of_its_rules_is_noticed() {
    for mutant in MUTANTS {
        let Mutant { rule, left_out, scene, noticed } = mutant;
        let (how, what) = play(scene, Some(left_out)).unwrap_or_else(|| panic!("not noticed: {rule}"));
        assert_eq!(how, *noticed, "{rule}: {what}");
    }
}

/// None of them is noticed for another reason than the rule that it leaves out.
#[test]
fn with_all_rules_there_is_nothing_to_notice() {
    for scene in [QUIET, SLOW, LATE, BEHIND_A_BALANCER, WITH_SOMEBODY_ELSE] {
        assert_eq!(play(&scene, None), None);
    }
}

/// What is noticed first.
fn play(scene: &Scene, left_out: Option<&LeftOut>) -> Option<(Noticed, String)> {
    let mut stage = Stage::new(&Shape { restart: scene.restart, ..Shape::kubeadm(2, scene.leaves, scene.only) });
    stage.set(&scene.faults);
    let mut plan = stage.plan();
    match left_out {
        None => {}
        Some(LeftOut::OfPlan(spoil)) => assert!(spoil(&mut plan), "there is nothing to leave out"),
        Some(LeftOut::OfNode(vice)) => stage.played.state().vice = Some(*vice),
    }
    if scene.somebody_else {
        somebody_else_writes(&stage);
    }
    let outcome = stage.do_unrehearsed(plan);
    if let Err(complaint) = stage.complaint() {
        return Some((Noticed::Invariant, complaint));
    }
    if scene.somebody_else {
        stage.runs(RunsVerb::Undo).ok();
        return is_still_theirs(&stage).err().map(|lost| (Noticed::Lost, lost));
    }
    if let Err(error) = outcome {
        return Some((Noticed::NotDone, format!("{error:?}")));
    }
    if let Err(old) = stage.is_new() {
        return Some((Noticed::NotNew, old));
    }
    stage.end(RunsVerb::Undo).err().map(|left| (Noticed::NotUndone, left))
}

const THEIRS: &str = "cp2/etc/kubernetes/scheduler.conf";

fn somebody_else_writes(stage: &Stage) {
    let path = stage.played.folder().join("nodes").join(THEIRS);
    let text = std::fs::read_to_string(&path).expect("a kubeconfig") + "# written by somebody else\n";
    std::fs::write(path, text).expect("a kubeconfig");
}

fn is_still_theirs(stage: &Stage) -> Result<(), String> {
    let text = std::fs::read_to_string(stage.played.folder().join("nodes").join(THEIRS)).expect("a kubeconfig");
    let changed = stage.changed();
    if changed == [THEIRS] && text.ends_with("somebody else\n") { Ok(()) } else { Err(format!("changed: {changed:?}")) }
}

fn steps(plan: &mut Plan) -> impl Iterator<Item = &mut Step> {
    plan.phases.iter_mut().flat_map(|phase| &mut phase.steps)
}

fn leave_out_phase(plan: &mut Plan, name: &str) -> bool {
    let all = plan.phases.len();
    plan.phases.retain(|phase| phase.name != name);
    plan.phases.len() < all
}

fn drains(plan: &mut Plan, spoil: fn(&mut Restart)) -> bool {
    let mut any = false;
    for action in steps(plan).flat_map(|step| &mut step.actions) {
        if let Action::Restart(restart @ Restart { drain: Some(_), .. }) = action {
            spoil(restart);
            any = true;
        }
    }
    any
}

/// And the plan itself says that it shall be so: then only the peers can tell.
fn signed_by_another(plan: &mut Plan) -> bool {
    let issues = plan.steps().flat_map(|step| &step.actions).filter_map(|action| match action {
        Action::Issue(issue) => Some(issue.clone()),
        _ => None,
    });
    let issues: Vec<_> = issues.collect();
    let Some(other) = issues.iter().find(|issue| issue.renewal.issuer != issues[0].renewal.issuer) else {
        return false;
    };
    for action in steps(plan).take(1).flat_map(|step| &mut step.actions) {
        match action {
            Action::Issue(issue) => {
                issue.authority_certificate = other.authority_certificate.clone();
                issue.authority_key = other.authority_key.clone();
                issue.renewal.issuer = other.renewal.issuer.clone();
            }
            Action::WriteIdentity(write) => write.renewal.issuer = other.renewal.issuer.clone(),
            _ => {}
        }
    }
    true
}

impl Stage {
    fn do_unrehearsed(&self, plan: Plan) -> Result<RunDone, Error> {
        let rehearsed = RehearsedPlan::unchecked(plan);
        let request = self.asked();
        self.block_on(async {
            let fleet = change::fleet(&request.scope, self.access()).await?;
            let observe = Observer { access: self.access(), fleet: &fleet };
            change::apply_on(&rehearsed, &fleet, &observe, self.access(), &Control::silent()).await
        })
    }
}
