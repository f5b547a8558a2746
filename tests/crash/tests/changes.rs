//! Killed after every single change of the disk, so also in the middle of an operation: a pair half written, a draft
//! beside the file it was to replace, a backup without its times. Two leaves stand for all: a pair and a kubeconfig.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::Path;

use crash::after_a_crash;
use crash::every::{self, Point};
use crash::site::{End, Site};
use crash::tracer::kill_after_change;
use crash::verdict::Case;
use kubectl_certs::request::{Request, RunsVerb};
use support::kubeadm::KeyAlgorithm;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crash");
const TARGETS: [&str; 2] = ["apiserver", "admin.conf"];
/// Names of folders are people's own: a space, letters outside ASCII.
const NAME: &str = "nœud 1";

#[test]
fn a_renewal_killed_after_any_change_can_be_resumed_and_undone() {
    at_every_change(
        "renew",
        false,
        |site| site.renew(&TARGETS),
        |case| {
            after_a_crash::all(case)?;
            after_a_crash::undone_after_resuming(case)
        },
    );
}

#[test]
fn an_undo_killed_after_any_change_is_completed_by_another() {
    at_every_change("undo", true, |site| site.runs(RunsVerb::Undo), after_a_crash::after_a_killed_undo);
}

#[test]
fn a_finish_killed_after_any_change_is_completed_by_another() {
    at_every_change("finish", true, |site| site.runs(RunsVerb::Finish), after_a_crash::after_a_killed_finish);
}

fn at_every_change(
    what: &str,
    renewed: bool,
    request: fn(&Site) -> Request,
    judge: fn(&Case<'_>) -> Result<(), String>,
) {
    let node = Site::kubeadm(NAME, KeyAlgorithm::EcdsaP256);
    let before = node.tree();
    let replaced =
        ["pki/apiserver.crt", "pki/apiserver.key", "admin.conf"].map(|path| format!("etc/kubernetes/{path}"));
    let site = || {
        let site = Site::new(NAME);
        site.lay_out(node.root());
        if renewed {
            site.ask(&site.renew(&TARGETS)).expect("renewed");
        }
        site.keep("start");
        site
    };
    every::point(&format!("{what}, every change of the disk"), site, |site, cut| {
        site.lay_out(&site.kept("start"));
        match kill_after_change(&mut site.command(Path::new(PROGRAM), 0, &request(site)), cut) {
            End::Lived(total) => Point::Beyond(total),
            End::Killed(place) => {
                let case = Case { site, before: &before, targets: &TARGETS, replaced: &replaced, witness: false };
                Point::Met(place, judge(&case))
            }
        }
    });
}
