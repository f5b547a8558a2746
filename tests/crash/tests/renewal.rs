//! `renew --all` of a node as kubeadm makes it, killed before and after every operation that changes anything.

use std::fs;
use std::path::Path;

use crash::after_a_crash;
use crash::every::{self, Point};
use crash::site::{End, Site};
use crash::verdict::{Case, all_leaves};
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
    let case = Case { site, before, targets: &[], replaced: &replaced, witness };
    let mut outcome = after_a_crash::all(&case);
    if outcome.is_ok() && place.starts_with("after Append") {
        site.lay_out(&site.kept("cut"));
        cut_last_line(site);
        outcome = after_a_crash::all(&case).map_err(|why| format!("with a torn last line: {why}"));
    }
    Point::Met(place, outcome)
}

/// The machine went down while the line was written: half of it is on the disk.
fn cut_last_line(site: &Site) {
    let journal = site.journal();
    let text = fs::read(&journal).expect("a journal");
    let start = text[..text.len() - 1].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    fs::write(&journal, &text[..usize::midpoint(start, text.len())]).expect("half a line");
}
