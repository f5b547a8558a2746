//! Runs over random clusters whose disks are real and whose components are played: real keys, real files, real journals,
//! and processes that read them by rules that differ from case to case, late, slowly or not at all. After each operation
//! that changes something, every pair of peers must be able to finish a handshake with what each has loaded; and at the
//! end, whichever it is, all is new or all is as it was, byte for byte.
//!
//! `PROPTEST_CASES` asks for more cases than the few that a busy machine has time for.

mod balancer;
mod clocks;
mod faults;
mod health;
mod kills;
mod kubelet;
mod machine;
mod mutants;
mod peers;
mod planned_blind;
mod played;
mod process;
mod shape;
mod stage;
mod taken_back;
mod told;
mod usual;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::error::ErrorKind;
use crate::request::RunsVerb;
use faults::{Faults, faults};
use shape::{Shape, shapes};
use stage::Stage;

/// Each case is several runs, with keys made and files flushed.
fn config(few: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let unasked = given.cases == 256;
    ProptestConfig {
        cases: if unasked { few } else { given.cases },
        max_shrink_iters: 40,
        failure_persistence: None,
        ..given
    }
}

fn verbs() -> impl Strategy<Value = RunsVerb> {
    prop_oneof![Just(RunsVerb::Resume), Just(RunsVerb::Undo)]
}

proptest! {
    #![proptest_config(config(10))]

    /// Whatever goes wrong, and goes wrong again while the run is ended: nobody is parted from a peer, and it can be ended.
    #[test]
    fn any_cluster_in_any_trouble(
        shape in shapes(),
        first in faults(),
        attempts in vec((verbs(), faults()), 0..3),
        last in verbs(),
    ) {
        let mut stage = Stage::new(&shape);
        stage.set(&first);
        let mut outcome = stage.renew();
        for (verb, faults) in &attempts {
            prop_assert_eq!(fault(&outcome), None);
            stage.set(faults);
            outcome = stage.runs(*verb);
        }
        prop_assert_eq!(fault(&outcome), None);
        prop_assert_eq!(stage.end(last), Ok(()));
    }

    /// Slowness alone is no trouble: the run ends by itself.
    #[test]
    fn any_cluster_however_slow(shape in shapes(), faults in faults()) {
        let mut stage = Stage::new(&shape);
        stage.set(&Faults { lost: None, failing: None, ..faults });
        let outcome = stage.renew();
        prop_assert!(outcome.is_ok(), "{:?}", outcome);
        prop_assert_eq!(stage.complaint(), Ok(()));
        prop_assert_eq!(stage.is_new(), Ok(()));
        prop_assert_eq!(stage.end(RunsVerb::Undo), Ok(()));
    }
}

/// A component that does not come up again is looked after before its like on another node is stopped, also where that
/// happens in the middle of an undo.
#[test]
fn what_is_away_is_brought_back_first() {
    let shape = Shape::kubeadm(2, &["scheduler.conf"], &["scheduler.conf"]);
    for node in 0..2 {
        let failing = Faults { failing: Some((node, 1)), ..Faults::default() };
        for verb in [RunsVerb::Resume, RunsVerb::Undo] {
            let mut stage = Stage::new(&shape);
            stage.set(&failing);
            stage.renew().expect_err("a restart failed");
            assert_eq!(stage.end(verb), Ok(()), "{verb:?} after a failure on {node}");
        }
        let mut stage = Stage::new(&shape);
        stage.renew().expect("done");
        stage.set(&failing);
        stage.runs(RunsVerb::Undo).expect_err("a restart failed");
        assert_eq!(stage.end(RunsVerb::Undo), Ok(()), "an undo after a failure on {node}");
    }
}

/// A run may fail, but safely, and not for a reason that needs a person.
fn fault(outcome: &Result<crate::report::RunDone, crate::error::Error>) -> Option<String> {
    match outcome {
        Err(error) if !matches!(error.kind, ErrorKind::FailedSafe | ErrorKind::Unreadable | ErrorKind::NotFound) => {
            let undoing = error.message.contains("is being undone");
            (!undoing).then(|| format!("{error:?}"))
        }
        _ => None,
    }
}
