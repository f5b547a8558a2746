//! The three commands as an administrator uses them.

mod cluster;
mod errors;
mod module;
mod reading;
mod scopes;
mod stopping;
mod table;
mod updating;
