//! The graph against the openssl program: more than a thousand small PKIs, made from seeds, with what goes wrong in real ones.
//!
//! `planted` puts one fault into an otherwise sound PKI and asks that the graph names it; `muddle` makes PKIs at random
//! and asks only that both say the same of each leaf. Where they differ by policy, `verdict` says which and why.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

mod crowd;
mod dice;
mod made;
mod muddle;
mod planted;
mod verdict;
mod witness;
