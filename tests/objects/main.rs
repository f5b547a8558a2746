//! All that a cluster holds, as a real API server, a real signer and cert-manager's own definitions have it: read whole, and
//! by somebody who may look into one namespace.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

#[expect(dead_code, reason = "the tests without a cluster use the rest of it")]
#[path = "../cli/material.rs"]
mod material;
#[expect(dead_code, reason = "the tests without a cluster use the rest of it")]
#[path = "../cli/program.rs"]
mod program;

mod consumers;
mod inventory;
mod server;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use world::World;

type Case = (&'static str, fn(&World));

const CASES: &[Case] = &[
    ("the servers are really called", inventory::servers_are_called),
    ("everything", inventory::everything),
    ("one namespace only", inventory::one_namespace_only),
    ("every printed name", inventory::every_printed_name),
    ("copies are targets", inventory::copies),
    ("requests in full", inventory::requests),
    ("cert-manager's word", inventory::cert_manager),
    ("who uses it", consumers::who_uses_it),
    ("counted", consumers::counted),
    ("not allowed to see pods", consumers::unseen),
];

/// One test, because a control plane takes ten seconds to start.
#[test]
fn objects() {
    let world = World::start();
    let failed = CASES.iter().filter(|(_, run)| catch_unwind(AssertUnwindSafe(|| run(&world))).is_err());
    let failed: Vec<&str> = failed.map(|(name, _)| *name).collect();
    assert!(failed.is_empty(), "failed: {failed:?}");
}
