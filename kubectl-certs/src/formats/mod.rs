//! Reading the odd ways in which certificates are written down: bytes in, plain data out. No I/O.
//!
//! Private keys are reduced to their public half here; nothing that leaves this room can tell a secret.

mod arguments;
pub mod bytes;
pub mod certificate;
mod content;
mod documents;
pub mod keystore;
pub mod kubeconfig;
pub mod list_stream;
pub mod name;
pub mod pem;
pub mod signing_request;
pub mod token;
pub mod yaml;

pub use arguments::Arguments;
pub use content::{Content, KeyRecord, KubeconfigCluster, KubeconfigUser, KubeconfigView, read, read_file, read_with};
pub use documents::Field;
