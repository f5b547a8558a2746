//! `renew --all` of a node as kubeadm makes it, killed before and after every operation that changes anything.

use std::fs;
use std::path::Path;

use crash::every::{self, Point};
use crash::site::{End, Site};
use crash::verdict::{Case, all_leaves};
use kubectl_certs::error::exit;
use kubectl_certs::report::RunState;
use kubectl_certs::request::RunsVerb;
use support::kubeadm::KeyAlgorithm;
use support::tree::Tree;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crash");
/// openssl judges every so many points, the program itself all of them.
const WITNESSED: usize = 12;

#[test]
fn killed_at_any_boundary_it_can_be_resumed_and_undone() {
    let node = Site::kubeadm("node", KeyAlgorithm::EcdsaP256);
    let before = node.tree();
    let total = every::point(
        "renew --all, ECDSA",
        || Site::new("node"),
        |site, cut| attempt(site, node.root(), &before, cut, cut % WITNESSED == 0),
    );
    // 12 leaves, each at least begun, backed up, issued in three operations, installed and ended.
    assert!(total > 12 * 7 * 2, "only {total} boundaries");
}

/// The same with the keys that most clusters have; only some points, since each costs a dozen RSA keys.
#[test]
fn killed_at_some_boundaries_with_rsa() {
    let node = Site::kubeadm("node", KeyAlgorithm::Rsa2048);
    let before = node.tree();
    every::point(
        "renew --all, RSA",
        || Site::new("node"),
        |site, number| match number {
            1..=4 => attempt(site, node.root(), &before, number * 37, true),
            _ => Point::Beyond(4),
        },
    );
}

fn attempt(site: &Site, node: &Path, before: &Tree, cut: usize, witness: bool) -> Point {
    site.lay_out(node);
    let place = match site.ask_and_die(Path::new(PROGRAM), cut, &site.renew(&[])) {
        End::Lived(total) => return Point::Beyond(total),
        End::Killed(place) => place,
    };
    let replaced = all_leaves();
    let case = Case { site, before, replaced: &replaced, witness };
    let mut outcome = both_ways(&case);
    if outcome.is_ok() && place.starts_with("after Append") {
        site.lay_out(&site.kept("cut"));
        cut_last_line(site);
        outcome = both_ways(&case).map_err(|why| format!("with a torn last line: {why}"));
    }
    Point::Met(place, outcome)
}

/// What a person can do after a crash: start anew, go on, take back.
fn both_ways(case: &Case<'_>) -> Result<(), String> {
    let site = case.site;
    let kept = site.keep("cut");
    let cut = site.tree();
    let state = match site.list_runs().as_slice() {
        [] => return nothing_began(case, &cut),
        [run] => run.state,
        runs => return Err(format!("there are {} runs", runs.len())),
    };
    if state != RunState::Done {
        refuses_a_fresh_one(site, &cut)?;
    }
    let resumed = site.ask(&site.runs(RunsVerb::Resume));
    match (state, resumed) {
        (RunState::Unfinished, Ok(_)) | (RunState::Done, Err(_)) => {}
        (state, resumed) => return Err(format!("resume of a run that is {state:?}: {resumed:?}")),
    }
    case.renewed(&cut).map_err(|why| format!("resume: {why}"))?;
    case.can_be_finished()?;

    site.lay_out(&kept);
    site.ask(&site.runs(RunsVerb::Undo)).map_err(|error| format!("undo: {error}"))?;
    case.as_before().map_err(|why| format!("undo: {why}"))?;
    case.can_be_finished()
}

fn refuses_a_fresh_one(site: &Site, cut: &Tree) -> Result<(), String> {
    match site.ask(&site.renew(&[])) {
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
    case.site.ask(&case.site.renew(&[])).map_err(|error| format!("a fresh renew: {error}"))?;
    case.renewed(cut)?;
    case.can_be_finished()
}

/// The machine went down while the line was written: half of it is on the disk.
fn cut_last_line(site: &Site) {
    let run = fs::read_dir(site.state().join("runs")).expect("runs").next().expect("a run").expect("a run").path();
    let journal = run.join("journal.jsonl");
    let text = fs::read(&journal).expect("a journal");
    let start = text[..text.len() - 1].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    fs::write(&journal, &text[..usize::midpoint(start, text.len())]).expect("half a line");
}
