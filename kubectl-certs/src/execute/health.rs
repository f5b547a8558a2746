//! What was restarted must be healthy before anything else happens: also where an earlier process of the program did it
//! and was cut off, or gave up waiting. A process that is young enough may be one that fails at each start.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;

use super::{Journal, Means, from_node};
use crate::access::nodes::{Health, NodeErrorKind, NodeOp, NodeReply};
use crate::error::{Error, ErrorKind};
use crate::event::What;
use crate::plan::action::{Remake, Restart};
use crate::plan::{Action, Step};

/// As a restart itself asks: one success may be the last of a server that is on its way out.
const IN_A_ROW: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 100 });
/// Who was restarted a while ago and is not healthy by then needs a person.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 60 });

/// Of a step that is done: is what it restarted healthy? Says what showed it.
pub(super) async fn of_restarted(
    step: &Step,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Option<String>, Error> {
    let Some(Action::Restart(Restart { component, .. }) | Action::Remake(Remake { component, .. })) =
        step.actions.last()
    else {
        return Ok(None);
    };
    // What the journal calls done was waited for when it was done.
    let in_a_row = if journal.has_ended(&step.id) { 1 } else { IN_A_ROW };
    require(component, step.node.as_deref(), "it was restarted", in_a_row, journal, means).await
}

/// Before clients are sent to the others of a component, these are asked whether they can take them.
pub(super) async fn of_the_others(step: &Step, journal: &Journal<'_>, means: &Means<'_>) -> Result<(), Error> {
    let Some(Action::Restart(Restart { component, drain: Some(_), .. })) = step.actions.last() else { return Ok(()) };
    let others = means.fleet.members().iter().filter(|member| member.name != step.node);
    let why = format!("its clients come from {}", step.node.as_deref().unwrap_or("this machine"));
    let asked = others.map(|member| require(component, member.name.as_deref(), &why, IN_A_ROW, journal, means));
    join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>().map(drop)
}

/// Waits until it answers well several times in a row. Where nothing can be asked, nothing is known against it.
#[expect(clippy::disallowed_methods, reason = "waiting is measured by the machine's steady clock, not by the calendar")]
async fn require(
    component: &str,
    node: Option<&str>,
    why: &str,
    in_a_row: u32,
    journal: &Journal<'_>,
    means: &Means<'_>,
) -> Result<Option<String>, Error> {
    let what = node.map_or_else(|| component.to_owned(), |node| format!("{component} on {node}"));
    let there = means.fleet.node(node).map_err(|error| from_node(&error))?;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    let mut row = 0;
    let mut told = None;
    loop {
        match there.run(NodeOp::Health { component: component.to_owned() }).await {
            Ok(NodeReply::Health(Health { healthy: true, said })) => {
                row += 1;
                if row == in_a_row {
                    return Ok(Some(format!("{what} is healthy: {said}")));
                }
            }
            Ok(NodeReply::Health(Health { said, .. })) => {
                row = 0;
                if tokio::time::Instant::now() > deadline {
                    return Err(Error::failed(format!(
                        "{what} is not healthy: {said}, after {} s of waiting; {why}, so nothing else is restarted before \
                         it is",
                        PATIENCE.as_secs()
                    ))
                    .hint("see what it says there (crictl logs, journalctl -u kubelet), mend it, then go on"));
                }
                if means.stop.load(Ordering::Relaxed) {
                    return Err(Error::new(ErrorKind::Interrupted, format!("stopped while waiting: {what}: {said}")));
                }
                if told.as_ref() != Some(&said) {
                    journal.tell(What::Waiting { r#for: what.clone(), why: said.clone() });
                    told = Some(said);
                }
            }
            Err(error) if error.kind != NodeErrorKind::Refused => return Err(from_node(&error)),
            Ok(_) | Err(_) => return Ok(None),
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
