//! What somebody sees who looks on while a run is under way.

use std::sync::{Arc, Mutex};

use super::stage::Stage;
use crate::answer::Control;
use crate::event::{Event, What};
use crate::request::{Mode, Renew, Request};

/// Most of the time nothing seems to happen: then it is said on which node, for what, and why.
#[test]
fn whoever_waits_is_told_for_what() {
    let mut stage = Stage::usual();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = seen.clone();
    let sink = Arc::new(move |event: &Event| into.lock().expect("events").push(event.what.clone()));
    let control = Control { sink, ..Control::silent() };
    let drain = Some(crate::model::Span(3));
    let renew = Renew { restart: true, drain, mode: Mode::Apply, ..Stage::request() };
    stage.ask(&Request::Renew(renew), &control).expect("done");

    let seen = seen.lock().expect("events");
    let of_restarts = |what: &&What| what.step().is_some_and(|step| step.starts_with("restart-"));
    let begun = seen.iter().filter(|what| matches!(what, What::StepStarted { .. })).filter(of_restarts);
    let mut restarts = 0;
    for what in begun {
        let What::StepStarted { step, node: Some(node), .. } = what else { panic!("{what:?} is on no node") };
        let waits = seen.iter().find_map(|what| match what {
            What::Waiting { r#for, why } if r#for == step => Some(why),
            _ => None,
        });
        let why = waits.unwrap_or_else(|| panic!("nothing is said while {step} takes its time"));
        assert!(why.contains(&format!("on {node}")) && why.contains("healthy"), "{why}");
        assert_eq!(why.contains("away for 3 s"), step.contains("kube-apiserver"), "{why}");
        restarts += 1;
    }
    assert!(restarts >= 6, "only {restarts}");
}
