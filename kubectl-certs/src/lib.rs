//! x
pub mod error;
pub mod model;
