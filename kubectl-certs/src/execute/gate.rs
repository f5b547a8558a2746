//! A gate between phases: prove, do not sleep.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Journal, Means};
use crate::error::{Error, ErrorKind};
use crate::event::What;
use crate::plan::{Condition, OnNode, Phase, World, on_node};

/// A gate is proven by so many readings in a row, as AKS Engine waits for five: one good answer may be luck.
const IN_A_ROW: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(200);
/// A server that watches its files looks at the latest every minute (kubernetes/apiserver `dynamiccertificates`).
const PATIENCE: Duration = Duration::from_secs(90);

#[expect(clippy::disallowed_methods, reason = "waiting is measured by the machine's steady clock, not by the calendar")]
/// Waits until the whole gate holds so many times in a row; says what it waits for.
pub(super) async fn pass_gate(
    phase: &Phase,
    world: &mut World,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Vec<String>, Error> {
    let addresses: Vec<OnNode> = phase
        .gate
        .iter()
        .filter_map(|condition| match condition {
            Condition::Presents { address, at } => Some(on_node(at, address)),
            _ => None,
        })
        .collect();
    means.observe.presented(world, &addresses).await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut successes = 0;
    let mut told = None;
    loop {
        let outcome: Result<Vec<String>, String> = phase.gate.iter().map(|condition| condition.holds(world)).collect();
        match outcome {
            Ok(evidence) => {
                successes += 1;
                if successes >= IN_A_ROW {
                    return Ok(evidence.into_iter().map(|line| format!("{line}, {IN_A_ROW} times in a row")).collect());
                }
            }
            Err(why) => {
                successes = 0;
                if told.as_ref() != Some(&why) {
                    journal.tell(What::Waiting { r#for: phase.name.clone(), why: why.clone() });
                    told = Some(why.clone());
                }
                if tokio::time::Instant::now() > deadline {
                    return Err(Error::failed(format!(
                        "phase '{}': {why}, after {} s of waiting",
                        phase.name,
                        PATIENCE.as_secs()
                    )));
                }
                if means.stop.load(Ordering::Relaxed) {
                    return Err(Error::new(ErrorKind::Interrupted, format!("stopped while waiting: {why}")));
                }
            }
        }
        tokio::time::sleep(BETWEEN).await;
        means.observe.presented(world, &addresses).await;
    }
}
