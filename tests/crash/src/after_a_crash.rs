//! What a person can do after a crash: start anew, go on, take back. Each answers with what is wrong.

use std::path::Path;

use kubectl_certs::error::exit;
use kubectl_certs::event::What;
use kubectl_certs::report::RunState;
use kubectl_certs::request::RunsVerb;
use support::tree::Tree;

use crate::verdict::{Case, no_keys_below};

/// Tries every way on copies of the disk as it is now.
pub fn all(case: &Case<'_>) -> Result<(), String> {
    let site = case.site;
    let kept = site.keep("cut");
    let cut = site.tree();
    let state = match site.list_runs().as_slice() {
        [] => return nothing_began(case, &cut),
        [run] => run.state,
        runs => return Err(format!("there are {} runs", runs.len())),
    };
    journal_is_true(case, &cut)?;
    if state != RunState::Done {
        refuses_a_fresh_one(case, &cut)?;
    }
    let resumed = site.ask(&site.runs(RunsVerb::Resume));
    match (state, resumed) {
        (RunState::Unfinished, Ok(_)) | (RunState::Done, Err(_)) => {}
        (state, resumed) => return Err(format!("resume of a run that is {state:?}: {resumed:?}")),
    }
    case.renewed(&cut, RunState::Done).map_err(|why| format!("resume: {why}"))?;
    if state == RunState::Unfinished && !site.events().iter().any(|event| matches!(event, What::Resumed)) {
        return Err("the journal does not tell that the run was resumed".to_owned());
    }
    case.can_be_finished()?;

    site.lay_out(&kept);
    site.ask(&site.runs(RunsVerb::Undo)).map_err(|error| format!("undo: {error}"))?;
    case.as_before().map_err(|why| format!("undo: {why}"))?;
    case.can_be_finished()
}

/// The journal runs behind the disk, never ahead: what it calls done is done.
fn journal_is_true(case: &Case<'_>, cut: &Tree) -> Result<(), String> {
    let plan = case.site.plan();
    let events = case.site.events();
    let done = events.iter().filter_map(|event| match event {
        What::StepSucceeded { step, .. } => plan.steps().find(|planned| planned.id == *step),
        _ => None,
    });
    for expected in done.flat_map(|step| &step.expects) {
        let path =
            Path::new(expected.at.path().expect("a file")).strip_prefix(case.site.root()).expect("a file of this disk");
        if case.before.file(path) == cut.file(path) {
            return Err(format!("the journal calls the renewal of {} done, and it is not", path.display()));
        }
    }
    Ok(())
}

/// An undo after going on finds the older truth in the backups, whatever the killed process left of them.
pub fn undone_after_resuming(case: &Case<'_>) -> Result<(), String> {
    let site = case.site;
    site.lay_out(&site.kept("cut"));
    if site.list_runs().is_empty() {
        return Ok(());
    }
    // What can go wrong here was judged already.
    site.ask(&site.runs(RunsVerb::Resume)).ok();
    site.ask(&site.runs(RunsVerb::Undo)).map_err(|error| format!("undo after resume: {error}"))?;
    case.as_before().map_err(|why| format!("undo after resume: {why}"))
}

fn refuses_a_fresh_one(case: &Case<'_>, cut: &Tree) -> Result<(), String> {
    let site = case.site;
    match site.ask(&site.renew(case.targets)) {
        Err(error) if error.kind.exit_code() == exit::REFUSED && error.message.contains("not finished") => {}
        other => return Err(format!("a fresh renew beside the unfinished run: {other:?}")),
    }
    let changes = cut.diff_with_times(&site.tree());
    if changes.is_empty() { Ok(()) } else { Err(format!("a refused renew changed:\n{}", changes.join("\n"))) }
}

/// Killed before the journal's first line: there is nothing to go on with, and that is said; a fresh run works.
fn nothing_began(case: &Case<'_>, cut: &Tree) -> Result<(), String> {
    let changes = case.before.diff(cut);
    if !changes.is_empty() {
        return Err(format!("no run is known, but something was changed:\n{}", changes.join("\n")));
    }
    for verb in [RunsVerb::Resume, RunsVerb::Undo] {
        match case.site.ask(&case.site.runs(verb)) {
            Err(error) if error.message.contains("there is no run") => {}
            other => return Err(format!("{verb:?} of nothing: {other:?}")),
        }
    }
    case.site.ask(&case.site.renew(case.targets)).map_err(|error| format!("a fresh renew: {error}"))?;
    case.renewed(cut, RunState::Done)?;
    case.can_be_finished()
}

pub fn after_a_killed_undo(case: &Case<'_>) -> Result<(), String> {
    let site = case.site;
    match site.ask(&site.runs(RunsVerb::Undo)) {
        Ok(_) => {}
        // Killed after its last line: it is undone.
        Err(error) if case.state_is(RunState::Undone).is_ok() && error.message.contains("no run") => {}
        Err(error) => return Err(format!("undo again: {error}")),
    }
    case.as_before()?;
    case.can_be_finished()
}

/// Half of the way back may be gone. An undo then does all of it or touches nothing; finishing completes the rest.
pub fn after_a_killed_finish(case: &Case<'_>) -> Result<(), String> {
    let site = case.site;
    let kept = site.keep("cut");
    let cut = site.tree();
    if site.ask(&site.runs(RunsVerb::Undo)).is_ok() {
        case.as_before().map_err(|why| format!("undo of a run that is half finished: {why}"))?;
    } else {
        let changes = cut.diff_with_times(&site.tree());
        if !changes.is_empty() {
            return Err(format!("an undo that was refused changed:\n{}", changes.join("\n")));
        }
    }
    site.lay_out(&kept);
    if case.state_is(RunState::Finished).is_err() {
        site.ask(&site.runs(RunsVerb::Finish)).map_err(|error| format!("finish again: {error}"))?;
    }
    case.renewed(&cut, RunState::Finished)?;
    no_keys_below(&site.state())
}
