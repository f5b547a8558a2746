//! Components of one node that have nothing to do with one another are restarted at the same time: most of a restart is
//! waiting for the kubelet. Each is a step of its own in the journal.

use super::step::read_until;
use super::{Journal, Means, from_node, perform};
use crate::error::Error;
use crate::event::What;
use crate::plan::action::Restart;
use crate::plan::{Action, Condition, Step, World};
use crate::report::StepDone;

/// On other nodes there are others of them; who else is asked while they are away, waits or asks those.
const INDEPENDENT: [&str; 2] = ["kube-controller-manager", "kube-scheduler"];

/// How many of the first steps go together; the first one alone where it starts nothing or must be alone.
pub(super) fn together(steps: &[Step]) -> usize {
    let first = steps.first().map(|step| &step.node);
    let fits = |step: &&Step| Some(&step.node) == first && component(step).is_some();
    steps.iter().take_while(fits).count().max(1)
}

fn component(step: &Step) -> Option<&String> {
    match step.actions.as_slice() {
        [Action::Restart(Restart { component, drain: None, .. })] => {
            Some(component).filter(|name| is_independent(name))
        }
        _ => None,
    }
}

pub(super) fn is_independent(component: &str) -> bool {
    INDEPENDENT.contains(&component)
}

/// Over a fresh reading, in which none of them is done.
pub(super) async fn do_together(
    steps: &[Step],
    world: &mut World,
    journal: &mut Journal<'_>,
    means: &Means<'_>,
) -> Result<Vec<StepDone>, Error> {
    for step in steps {
        journal.begin(step).await?;
    }
    match restarted(steps, world, journal, means).await {
        Ok(evidence) => {
            let mut done = Vec::new();
            for (step, evidence) in steps.iter().zip(evidence) {
                journal
                    .append(What::StepSucceeded { step: step.id.clone(), evidence: evidence.clone(), made: Vec::new() })
                    .await?;
                let (id, title) = (step.id.clone(), step.title.clone());
                done.push(StepDone { id, title, changed: true, evidence, pending_until: None });
            }
            Ok(done)
        }
        Err(error) => {
            for step in steps {
                journal.append(What::StepFailed { step: step.id.clone(), error: error.clone() }).await.ok();
            }
            Err(error)
        }
    }
}

async fn restarted(
    steps: &[Step],
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Vec<Vec<String>>, Error> {
    let [first, ..] = steps else { return Ok(Vec::new()) };
    let node = means.fleet.node(first.node.as_deref()).map_err(|error| from_node(&error))?;
    let components: Vec<String> = steps.iter().filter_map(component).cloned().collect();
    for step in steps {
        step.actions.iter().for_each(|action| journal.tell_waiting(step, action));
    }
    let said = perform::restart_together(node, &components).await.map_err(|error| from_node(&error))?;
    let actions: Vec<&Action> = steps.iter().flat_map(|step| &step.actions).collect();
    let goals: Vec<Condition> = actions.iter().flat_map(|action| action.goal()).collect();
    if let Some(action) = actions.first() {
        read_until(action, &goals, first, world, journal, means).await?;
    }
    let shown = steps.iter().map(|step| {
        let goals = step.actions.iter().flat_map(Action::goal);
        let shown = goals.map(|goal| goal.holds(world)).collect::<Result<Vec<String>, String>>();
        shown
            .map(|shown| said.iter().cloned().chain(shown).collect())
            .map_err(|why| Error::failed(format!("step {} did not reach its goal: {why}", step.id)))
    });
    shown.collect()
}
