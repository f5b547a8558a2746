//! The map of the crate.
//!
//! ```text
//! arguments ─┐                    ┌──────── pure: no clock, no network, no async ─────────┐
//!            ├▶ Request ▶ sources ▶ Inventory ▶ TrustGraph ▶ findings ▶ Plan ▶ rehearsal ▶ execute ▶ Report ▶ output
//! JSON ──────┘               ▲                                                              │  ▲
//!                            └──── access: cluster · nodes · tls · clock · state_dir ◀──────┘  └ gates: read again
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make a world of their own"))]

pub mod access;
pub mod answer;
pub mod commands;
pub mod demo;
pub mod error;
pub mod event;
pub mod execute;
pub mod findings;
pub mod formats;
pub mod layouts;
pub mod model;
pub mod output;
pub mod pki;
pub mod plan;
pub mod report;
pub mod request;
pub mod session;
pub mod sources;
pub mod trust;
