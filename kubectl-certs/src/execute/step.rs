//! One step: compare, remember the intent, act, read again until it is so, remember the outcome.

use std::time::Duration;

use super::found::{check_expected, made, reached, taken_up};
use super::{Fresh, Journal, Means, from_node, health, perform, whose};
use crate::error::Error;
use crate::event::What;
use crate::model::Span;
use crate::plan::{Action, Condition, Step, World};
use crate::report::StepDone;

/// What was just written or started is seen at once; a busy machine may take a while.
const SETTLES: Duration = Duration::from_secs(10);
const BETWEEN: Duration = Duration::from_millis(200);

/// Over a fresh reading.
pub(super) async fn do_step(
    step: &Step,
    world: &mut World,
    journal: &mut Journal<'_>,
    means: &Means<'_>,
) -> Result<StepDone, Error> {
    let mut outcome = StepDone {
        id: step.id.clone(),
        title: step.title.clone(),
        changed: true,
        evidence: Vec::new(),
        pending_until: None,
    };
    if let Ok(mut evidence) = reached(step, world) {
        evidence.extend(health::of_restarted(step, journal, means).await?);
        // Cut off after the last action and before the journal heard of it, or done by somebody else.
        let what = if journal.has_begun(&step.id) {
            What::StepSucceeded { step: step.id.clone(), evidence: evidence.clone(), made: Vec::new() }
        } else {
            outcome.changed = false;
            What::StepSkipped { step: step.id.clone(), why: "it is so already".to_owned() }
        };
        if !journal.has_ended(&step.id) {
            whose::clear(core::iter::once(step), journal.run(), means).await?;
            journal.append(what).await?;
        }
        outcome.evidence = evidence;
        return Ok(outcome);
    }
    check_expected(step, world)?;
    health::of_the_others(step, journal, means).await?;
    journal.begin(step).await?;
    match perform_all(step, world, journal, means).await {
        Ok(evidence) => outcome.evidence = [evidence, taken_up(step, world)].concat(),
        Err(error) => {
            journal.append(What::StepFailed { step: step.id.clone(), error: error.clone() }).await.ok();
            return Err(error);
        }
    }
    let (evidence, made) = (outcome.evidence.clone(), made(step, world));
    journal.append(What::StepSucceeded { step: step.id.clone(), evidence, made }).await?;
    if let Some(seconds) = step.pending_seconds {
        let until = means.access.clock.now().plus(Span(i64::from(seconds)));
        outcome.pending_until = Some(until);
        journal.append(What::Pending { step: step.id.clone(), until, why: step.impact.clone() }).await?;
    }
    Ok(outcome)
}

async fn perform_all(
    step: &Step,
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Vec<String>, Error> {
    let mut evidence = Vec::new();
    for action in &step.actions {
        let goals = action.goal();
        if goals.iter().all(|goal| goal.holds(world).is_ok()) {
            continue;
        }
        journal.tell_waiting(step, action);
        let said = perform::perform(action, step, journal.run(), world, means.fleet)
            .await
            .map_err(|error| from_node(&error))?;
        evidence.extend(said);
        read_until(action, &goals, step, world, journal, means).await?;
        for goal in goals {
            let shown = goal
                .holds(world)
                .map_err(|why| Error::failed(format!("step {} did not reach its goal: {why}", step.id)))?;
            if !matches!(goal, Condition::BackedUp { .. } | Condition::Staged { .. }) {
                evidence.push(shown);
            }
        }
    }
    Ok(evidence)
}

/// Reads again until the goals hold, or for so long that they will not: a process that was just started shows late.
#[expect(clippy::disallowed_methods, reason = "waiting is measured by the machine's steady clock, not by the calendar")]
pub(super) async fn read_until(
    action: &Action,
    goals: &[Condition],
    step: &Step,
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<(), Error> {
    let what = match action {
        Action::BackUp(_) | Action::Issue(_) | Action::Import(_) => Fresh::Left(action),
        Action::WriteIdentity(_) => Fresh::Files,
        Action::Remake(_) | Action::Restart(_) => Fresh::Node,
    };
    let deadline = tokio::time::Instant::now() + SETTLES;
    loop {
        means.observe.refresh(world, journal.run(), step, what).await?;
        if goals.iter().all(|goal| goal.holds(world).is_ok()) || tokio::time::Instant::now() > deadline {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
