//! What the tests of kubectl-certs stand on: the real programs of a control plane and of kubeadm,
//! and witnesses that share no code with the program under test.
//!
//! A missing part (Go, openssl) makes a test fail and says how to get it; nothing is ever skipped.
#![expect(
    clippy::missing_panics_doc,
    reason = "everything here panics when its part of a test fails; that is how a test reports"
)]

pub mod binaries;
pub mod control_plane;
pub mod helper;
pub mod keystores;
pub mod kubeadm;
pub mod lab;
pub mod layouts;
pub mod openssl;
pub mod pem;
pub mod ports;
pub mod processes;
pub mod proxies;
pub mod said;
pub mod sampler;
pub mod secrets;
pub mod tokens;
pub mod tree;
