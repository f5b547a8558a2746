//! Reading the odd ways in which certificates are written down: bytes in, plain data out. No I/O.
//!
//! Private keys are reduced to their public half here; nothing that leaves this room can tell a secret.

pub mod bytes;
pub mod certificate;
mod content;
pub mod kubeconfig;
pub mod name;
pub mod pem;
pub mod signing_request;
pub mod yaml;

pub use content::{Content, KeyRecord, KubeconfigCluster, KubeconfigUser, KubeconfigView, read};
