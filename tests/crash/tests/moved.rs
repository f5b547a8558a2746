//! A disk that is mounted elsewhere when its run is gone on with: plans hold the paths of where it was.

use std::path::Path;

use crash::after_a_crash;
use crash::site::{End, Site};
use crash::verdict::Case;
use kubectl_certs::error::exit;
use kubectl_certs::request::RunsVerb;
use support::kubeadm::KeyAlgorithm;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crash");
const TARGETS: [&str; 1] = ["apiserver"];

#[test]
fn a_run_is_only_continued_where_it_began() {
    let mut site = Site::kubeadm("mnt", KeyAlgorithm::EcdsaP256);
    let before = site.tree();
    let End::Killed(place) = site.ask_and_die(Path::new(PROGRAM), 22, &site.renew(&TARGETS)) else {
        panic!("fewer boundaries than that");
    };
    assert!(place.contains("Install"), "{place}");
    let cut = site.tree();
    let old_place = site.root().to_string_lossy().into_owned();
    site.move_to("elsewhere");
    for verb in [RunsVerb::Resume, RunsVerb::Undo] {
        let error = site.ask(&site.runs(verb)).expect_err("the plan names files of another place");
        assert_eq!(error.kind.exit_code(), exit::REFUSED, "{verb:?}: {error}");
        assert!(error.message.contains(&old_place), "{verb:?}: {error}");
    }
    assert_eq!(cut.diff_with_times(&site.tree()), Vec::<String>::new());
    site.move_to("mnt");
    let replaced = ["crt", "key"].map(|ending| format!("etc/kubernetes/pki/apiserver.{ending}"));
    let case = Case { site: &site, before: &before, targets: &TARGETS, replaced: &replaced, witness: false };
    assert_eq!(after_a_crash::all(&case), Ok(()));
}
