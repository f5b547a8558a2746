//! The program against a real API server: one control plane for all cases that need one.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

#[path = "../cli/material.rs"]
mod material;
#[expect(dead_code, reason = "the tests without a cluster use the rest of it")]
#[path = "../cli/program.rs"]
mod program;

mod access;
mod certificates;
mod connection;
mod contexts;
mod endpoints;
mod keystores;
mod kubectl;
mod merging;
mod objects;
mod plugins;
mod scope;
mod templates;
mod to_the_server;
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
    case("keystores", keystores::keystores),
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
    case("half-broken authorities", certificates::half_broken_authorities),
    case("a client certificate of version 1", certificates::client_certificate_of_version_1),
    case("a leaf pinned as authority", certificates::leaf_pinned_as_authority),
    case("odd names of servers", certificates::odd_names_of_servers),
    case("an expired server", certificates::expired_server),
    case("pairs that are none", certificates::pairs_that_are_none),
    case("plugin with a token", plugins::with_a_token),
    case("plugin with a certificate", plugins::with_a_certificate),
    case("plugin that fails", plugins::failing),
    case("plugin beside a request", plugins::may_not_read_a_request),
    case("token files", plugins::token_files),
    case("acting as another in the kubeconfig", plugins::acting_as_another_in_the_kubeconfig),
    case("proxies of the kubeconfig", to_the_server::proxies_of_the_kubeconfig),
    case("proxies of the environment", to_the_server::proxies_of_the_environment),
    case("from within a pod", to_the_server::from_within_a_pod),
    case("all contexts", contexts::all_of_them),
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
