//! Taking a whole renewal back, and closing it, killed before and after every operation that changes anything.

use std::path::{Path, PathBuf};

use crash::after_a_crash;
use crash::every::{self, Point};
use crash::site::{End, Site};
use crash::verdict::{Case, all_leaves};
use kubectl_certs::request::RunsVerb;
use support::kubeadm::KeyAlgorithm;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crash");

/// A disk on which everything was renewed. Plans hold absolute paths, so each thread has a run of its own.
struct Renewed {
    site: Site,
    kept: PathBuf,
}

fn renewed(node: &Site) -> Renewed {
    let site = Site::new("node");
    site.lay_out(node.root());
    site.ask(&site.renew(&[])).expect("renewed");
    let kept = site.keep("renewed");
    Renewed { site, kept }
}

#[test]
fn an_undo_killed_at_any_boundary_is_completed_by_another() {
    let node = Site::kubeadm("node", KeyAlgorithm::EcdsaP256);
    let (before, replaced) = (node.tree(), all_leaves());
    every::point(
        "undo of renew --all",
        || renewed(&node),
        |Renewed { site, kept }, cut| {
            site.lay_out(kept);
            let place = match site.ask_and_die(Path::new(PROGRAM), cut, &site.runs(RunsVerb::Undo)) {
                End::Lived(total) => return Point::Beyond(total),
                End::Killed(place) => place,
            };
            let case = Case { site, before: &before, targets: &[], replaced: &replaced, witness: false };
            Point::Met(place, after_a_crash::after_a_killed_undo(&case))
        },
    );
}

#[test]
fn a_finish_killed_at_any_boundary_is_completed_by_another() {
    let node = Site::kubeadm("node", KeyAlgorithm::EcdsaP256);
    let (before, replaced) = (node.tree(), all_leaves());
    every::point(
        "finish of renew --all",
        || renewed(&node),
        |Renewed { site, kept }, cut| {
            site.lay_out(kept);
            let place = match site.ask_and_die(Path::new(PROGRAM), cut, &site.runs(RunsVerb::Finish)) {
                End::Lived(total) => return Point::Beyond(total),
                End::Killed(place) => place,
            };
            let case = Case { site, before: &before, targets: &[], replaced: &replaced, witness: false };
            Point::Met(place, after_a_crash::after_a_killed_finish(&case))
        },
    );
}
