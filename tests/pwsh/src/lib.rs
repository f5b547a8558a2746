//! What the tests of the PowerShell module stand on: the engine that runs it, the program that it starts, programs that
//! play a part, and how objects compare with JSON.
//!
//! A missing engine makes a test fail and says how to get it; nothing is ever skipped.
#![expect(
    clippy::missing_panics_doc,
    reason = "everything here panics when its part of a test fails; that is how a test reports"
)]

pub mod compare;
pub mod engine;
pub mod fake;
pub mod program;
