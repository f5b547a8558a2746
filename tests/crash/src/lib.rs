//! kill -9 at every point of a run: what is there can be gone on with or taken back.
//!
//! `mortal` is a node that dies, `site` the disk it dies on, `verdict` what must be true afterwards, `every` the loop
//! over all points. The program under test knows nothing of this: its node port is wrapped from outside.

#![expect(clippy::missing_panics_doc, reason = "everything here panics when a test cannot go on; that is its report")]

pub mod every;
pub mod mortal;
pub mod site;
pub mod verdict;
