//! An operator's program that is gone at any moment: before each operation that leaves something behind, and between the
//! two files of a pair. From each of these moments on the run is resumed, and undone; and so is an undo.

use super::shape::{NodeShape, Shape};
use super::stage::Stage;
use crate::request::RunsVerb;

/// One of each kind: a pair that is watched, and on two nodes a kubeconfig that is read at the start; one of them signs.
fn small() -> Stage {
    let leaves = ["apiserver", "scheduler.conf"];
    let mut shape = Shape::kubeadm(1, &leaves, &leaves);
    shape.nodes.push(NodeShape { keys: false, leaves: vec!["scheduler.conf"] });
    Stage::new(&shape)
}

fn filmed(stage: &mut Stage, what: impl FnOnce(&mut Stage)) -> Vec<super::played::Frame> {
    stage.played.state().film = Some(Vec::new());
    what(stage);
    stage.played.state().film.take().expect("a film")
}

#[test]
fn killed_at_any_moment_of_a_run() {
    let mut stage = small();
    let frames = filmed(&mut stage, |stage| {
        stage.renew().expect("done");
        stage.is_new().expect("all new");
    });
    assert!(frames.len() > 40, "only {} moments", frames.len());
    for frame in &frames {
        for verb in [RunsVerb::Resume, RunsVerb::Undo] {
            let ended = Stage::at(frame, &stage).end(verb);
            assert_eq!(ended, Ok(()), "killed before {}, then {verb:?}", frame.before);
        }
    }
}

#[test]
fn killed_at_any_moment_of_an_undo() {
    let mut stage = small();
    stage.renew().expect("done");
    let frames = filmed(&mut stage, |stage| stage.end(RunsVerb::Undo).expect("undone"));
    assert!(frames.len() > 10, "only {} moments", frames.len());
    for frame in &frames {
        let ended = Stage::at(frame, &stage).end(RunsVerb::Undo);
        assert_eq!(ended, Ok(()), "killed before {}", frame.before);
    }
}
