//! The program against a real API server: one control plane for all cases that need one.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

#[path = "../cli/material.rs"]
mod material;
#[expect(dead_code, reason = "the tests without a cluster use the rest of it")]
#[path = "../cli/program.rs"]
mod program;

mod access;
mod connection;
mod kubectl;
mod objects;
mod scope;
mod templates;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread;

use world::World;

/// Each is independent of the others and changes nothing in the cluster.
const CASES: &[Case] = &[
    case("secrets", objects::secrets),
    case("every page of many secrets", objects::every_page),
    case("types that hold no certificates", objects::types_without_certificates),
    case("webhooks", objects::webhooks),
    case("broken values", objects::broken_values),
    case("targets", scope::targets),
    case("every printed name", scope::every_printed_name),
    case("namespace", scope::namespace),
    case("selector", scope::selector),
    case("the whole cluster", scope::the_whole_cluster),
    case("kubeconfigs", scope::kubeconfigs),
    case("one namespace only", access::one_namespace_only),
    case("act as another", access::act_as_another),
    case("credentials in flags", access::credentials_in_flags),
    case("not let in", access::not_let_in),
    case("wrong authority", access::wrong_authority),
    case("half-broken authorities", access::half_broken_authorities),
    case("merged kubeconfigs", access::merged_kubeconfigs),
    case("nothing secret", access::nothing_secret),
    case("templates as kubectl prints them", templates::as_kubectl_prints),
    case("columns as kubectl prints them", templates::columns_as_kubectl_prints),
    case("through kubectl", kubectl::through_kubectl),
];

struct Case {
    name: &'static str,
    run: fn(&World),
}

const fn case(name: &'static str, run: fn(&World)) -> Case {
    Case { name, run }
}

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
                    let Some(case) = next else { return };
                    if catch_unwind(AssertUnwindSafe(|| (case.run)(&world))).is_err() {
                        failed.lock().expect("no case panics here").push(case.name);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no case panics here");
    assert!(failed.is_empty(), "failed: {failed:?}");
}
