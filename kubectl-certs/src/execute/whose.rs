//! Whose is what lies there now: only what a run wrote itself may it put the old files over.

use super::found::{digest_of, is_remade};
use super::journal::Journal;
use super::perform::paths;
use super::{Means, from_node};
use crate::access::nodes::NodeOp;
use crate::error::{Error, ErrorKind};
use crate::model::{KeyState, Location};
use crate::plan::{Action, Expected, Step, World, kubelet};
use crate::report::RunState;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    AsBefore,
    Ours,
    /// Somebody's, and this run never came to write there.
    Untouched,
    Foreign,
}

/// What is there now is what was there before, or what this run wrote; and what is to be put back is whole.
pub(super) fn check(step: &Step, state: RunState, journal: &Journal<'_>, world: &World) -> Result<(), Error> {
    let (run, place) = (journal.run(), journal.place());
    let lacking = lacking_backup(step, world);
    for expected in &step.expects {
        let at = &expected.at;
        match (is(step, expected, journal, world), lacking) {
            (Whose::Ours | Whose::Foreign, Some(at)) => {
                let (kind, why, verb) = match state {
                    RunState::Undoing => {
                        (ErrorKind::FailedUnsafe, "look at that file, then give up the way back", "finish")
                    }
                    RunState::Unfinished | RunState::Failed => (ErrorKind::Refused, "go forward instead", "resume"),
                    _ => (ErrorKind::Refused, "a 'runs finish' that was cut off leaves it so; complete it", "finish"),
                };
                return Err(Error::new(
                    kind,
                    format!("the backup of {at} is gone or is no longer what the file was, so it cannot be put back"),
                )
                .about(at)
                .hint(format!("{why}: kubectl certs runs {verb} {run}{place}")));
            }
            (Whose::Foreign, None) => {
                return Err(Error::refused(format!(
                    "{at} was changed by somebody after run step {}: putting the old file back would lose that",
                    step.id
                ))
                .about(at)
                .hint(format!(
                    "to have the old file all the same, put it there yourself: it is in the folder {}; then ask for the \
                     undo again",
                    journal.backups(at)
                )));
            }
            (Whose::AsBefore | Whose::Untouched, _) | (Whose::Ours, None) => {}
        }
    }
    Ok(())
}

/// Then it cannot even be told whose a file is.
pub(super) fn lacking_backup<'a>(step: &'a Step, world: &World) -> Option<&'a Location> {
    let lacks = |expected: &&Expected| world.backups.get(&expected.at) != Some(&expected.digest);
    step.expects.iter().find(lacks).map(|expected| &expected.at)
}

pub(super) fn is(step: &Step, expected: &Expected, journal: &Journal<'_>, world: &World) -> Whose {
    let at = &expected.at;
    let found = digest_of(at, world).flatten();
    if found == Some(&expected.digest) {
        return Whose::AsBefore;
    }
    let ended = journal.has_ended(&step.id);
    if is_remade(step) {
        return remade(step, expected, ended, |at| journal.made(at), world);
    }
    if found.is_some() && found == world.ours.get(at) {
        return Whose::Ours;
    }
    // Cut off or refused before the write: then none of the step's files is ours.
    let wrote = ended
        || step.expects.iter().any(|expected| {
            let found = digest_of(&expected.at, world).flatten();
            found.is_some() && found == world.ours.get(&expected.at) && found != Some(&expected.digest)
        });
    if wrote { Whose::Foreign } else { Whose::Untouched }
}

/// What was taken away for its owner to make it anew: nothing, or what the owner made. That is known by the journal, or,
/// where the step was cut off before it was written there, by its own marks.
fn remade<'a>(
    step: &Step,
    expected: &Expected,
    ended: bool,
    made: impl Fn(&Location) -> Option<&'a String>,
    world: &World,
) -> Whose {
    let at = &expected.at;
    let may_be_gone = ended || world.backups.get(at) == Some(&expected.digest);
    match (digest_of(at, world), made(at)) {
        (None, _) if may_be_gone => Whose::Ours,
        (Some(found), Some(made)) if found == Some(made) => Whose::Ours,
        (_, None) if may_be_gone && is_made_by_its_owner(step, world) => Whose::Ours,
        _ if may_be_gone => Whose::Foreign,
        _ => Whose::Untouched,
    }
}

/// Such a pair can be made again at any time.
fn is_made_by_its_owner(step: &Step, world: &World) -> bool {
    let Some(Action::Remake(remake)) = step.actions.last() else { return false };
    let whole = world.inventory.entry(&remake.at).is_some_and(|entry| entry.key == KeyState::Matches);
    whole && world.leaf(&remake.at).is_some_and(kubelet::has_names_of_a_kubelet)
}

/// Nothing of a run that was killed stays beside the files of these steps.
pub(super) async fn clear(
    steps: impl Iterator<Item = &Step> + Clone,
    run: &str,
    means: &Means<'_>,
) -> Result<(), Error> {
    for member in means.fleet.members() {
        let own = steps.clone().filter(|step| step.node == member.name);
        let files: Vec<Location> = own.flat_map(|step| &step.expects).map(|expected| expected.at.clone()).collect();
        if files.is_empty() {
            continue;
        }
        let op = NodeOp::ClearDrafts { run: run.to_owned(), paths: paths(&files) };
        member.node.run(op).await.map_err(|error| from_node(&error))?;
    }
    Ok(())
}
