//! K3s and RKE2: the same files, used in different ways.

mod files;
mod k3s_uses;
mod rke2_uses;

pub(super) use k3s_uses::K3S;
pub(super) use rke2_uses::RKE2;
