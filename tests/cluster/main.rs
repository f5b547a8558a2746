//! The program against a real API server: one control plane for all cases that need one.

#[path = "../cli/material.rs"]
mod material;
#[path = "../cli/program.rs"]
mod program;

mod access;
mod connection;
mod kubectl;
mod objects;
mod scope;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use world::World;

/// Each is independent of the others and changes nothing in the cluster.
const CASES: &[(&str, fn(&World))] = &[
    ("secrets", objects::secrets),
    ("every page of many secrets", objects::every_page),
    ("types that hold no certificates", objects::types_without_certificates),
    ("webhooks", objects::webhooks),
    ("broken values", objects::broken_values),
    ("targets", scope::targets),
    ("every printed name", scope::every_printed_name),
    ("namespace", scope::namespace),
    ("selector", scope::selector),
    ("the whole cluster", scope::the_whole_cluster),
    ("kubeconfigs", scope::kubeconfigs),
    ("one namespace only", access::one_namespace_only),
    ("act as another", access::act_as_another),
    ("credentials in flags", access::credentials_in_flags),
    ("not let in", access::not_let_in),
    ("wrong authority", access::wrong_authority),
    ("merged kubeconfigs", access::merged_kubeconfigs),
    ("nothing secret", access::nothing_secret),
    ("through kubectl", kubectl::through_kubectl),
];

/// One test, because a control plane takes ten seconds to start and nothing ends a shared one at the end of the others.
#[test]
fn a_cluster() {
    let world = World::start();
    let pending = Mutex::new(CASES.iter());
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = pending.lock().expect("no case panics here").next();
                    let Some((name, case)) = next else { return };
                    if catch_unwind(AssertUnwindSafe(|| case(&world))).is_err() {
                        failed.lock().expect("no case panics here").push(*name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no case panics here");
    assert!(failed.is_empty(), "failed: {failed:?}");
}
