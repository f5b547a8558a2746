//! The program as people and scripts use it, on disks and files: no cluster is needed.

mod checks;
mod demo;
mod exits;
mod explain;
mod files;
mod flags;
mod formats;
mod input;
mod invocation;
mod material;
mod names;
mod program;
mod tables;
mod wire;
