//! Every layout in the shape in which the real program writes it: complete, nothing twice, the right roles; and what lies
//! about in such folders neither blocks nor loops.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

mod healthy;
mod listed;
mod renewal;
mod rows;
mod traps;
