//! The program as people and scripts use it, on disks and files: no cluster is needed.

#![expect(clippy::disallowed_methods, reason = "tests make a world of their own")]

mod broken_lists;
mod checks;
mod codes;
mod corpus;
mod demo;
mod endpoints;
mod exits;
mod explain;
mod files;
mod filters;
mod flags;
mod formats;
mod formats_of_others;
mod input;
mod invocation;
mod keystores;
mod material;
mod names;
mod node;
mod program;
mod tables;
mod templates;
mod tree;
mod wire;
