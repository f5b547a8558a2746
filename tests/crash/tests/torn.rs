//! A journal whose last line is only partly on the disk, cut at each of its bytes: also inside of a letter.

use std::fs;
use std::path::Path;

use crash::after_a_crash;
use crash::every::{self, Point};
use crash::site::{End, Site};
use crash::verdict::Case;
use support::kubeadm::KeyAlgorithm;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crash");
const TARGETS: [&str; 1] = ["admin.conf"];
/// Evidence names files, so the journal has this folder's name in it.
const NAME: &str = "nœud";

#[test]
fn a_line_torn_anywhere_counts_as_not_written() {
    let node = Site::kubeadm(NAME, KeyAlgorithm::EcdsaP256);
    let before = node.tree();
    let replaced = ["etc/kubernetes/admin.conf".to_owned()];
    every::point(
        "journals torn at every byte, boundaries",
        || Site::new(NAME),
        |site, cut| {
            site.lay_out(node.root());
            let place = match site.ask_and_die(Path::new(PROGRAM), cut, &site.renew(&TARGETS)) {
                End::Lived(total) => return Point::Beyond(total),
                End::Killed(place) => place,
            };
            let case = Case { site, before: &before, targets: &TARGETS, replaced: &replaced, witness: false };
            let outcome = if place.starts_with("after Append") { torn_anywhere(&case) } else { Ok(()) };
            Point::Met(place, outcome)
        },
    );
}

fn torn_anywhere(case: &Case<'_>) -> Result<(), String> {
    let site = case.site;
    let journal = site.journal();
    let text = fs::read(&journal).expect("a journal");
    let start = text[..text.len() - 1].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let events = text[..start].split(|&byte| byte == b'\n').count() - 1;
    let mut letters_cut = 0;
    for end in start..text.len() - 1 {
        fs::write(&journal, &text[..end]).expect("part of a line");
        let runs = site.list_runs().len();
        if runs != usize::from(events > 0) {
            return Err(format!("{} bytes of the line: {runs} runs", end - start));
        }
        let inside_a_letter = str::from_utf8(&text[start..end]).is_err();
        if inside_a_letter && letters_cut == 0 {
            letters_cut += 1;
            let whole = site.keep("torn");
            after_a_crash::all(case).map_err(|why| format!("{} bytes of the line: {why}", end - start))?;
            site.lay_out(&whole);
        }
    }
    Ok(())
}
