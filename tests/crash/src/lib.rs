//! kill -9 at every point of a run: what is there can be gone on with or taken back.
//!
//! `mortal` is a node that dies between two operations, `tracer` watches a process and kills it inside of one; `site` is
//! the disk it dies on, `after_a_crash` what a person can do then, `verdict` what must be true afterwards, `every` the loop over
//! all points. The program under test knows nothing of this: it has no hook for it.

#![expect(clippy::missing_panics_doc, reason = "everything here panics when a test cannot go on; that is its report")]

pub mod after_a_crash;
pub mod every;
pub mod mortal;
pub mod site;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub mod tracer;
pub mod verdict;
