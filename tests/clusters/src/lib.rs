//! What tests on real clusters stand on: a prober that tells whether a cluster kept answering,
//! witnesses of what it serves and holds, and the renewal by hand that ours is measured against.
//!
//! The clusters themselves are `support::lab`.
#![expect(
    clippy::missing_panics_doc,
    reason = "everything here panics when its part of a test fails; that is how a test reports"
)]

pub mod baseline;
pub mod operator;
pub mod prober;
pub mod witness;
