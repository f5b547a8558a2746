//! What the tests of nodes over SSH stand on: an OpenSSH server in a mount namespace of its own, whose `/var/lib`, users
//! and sudoers are not the machine's, and the helper that it is given.
//!
//! A missing program makes a test fail and says how to get it; nothing is ever skipped.
#![expect(
    clippy::missing_panics_doc,
    reason = "everything here panics when its part of a test fails; that is how a test reports"
)]

pub mod processes;
pub mod server;

pub use support::helper;
