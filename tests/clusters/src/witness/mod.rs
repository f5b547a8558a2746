//! What a cluster serves, runs and holds, as other programs see it: openssl, kubectl, etcdctl, crictl,
//! kubeadm, the disks.

mod expirations;
mod files;
mod health;
mod kubelet_clients;
mod running;
mod served;

pub use expirations::{Expiration, Expirations, expirations};
pub use files::NodeFiles;
pub use health::{etcd_leader, not_ready, wait_until_ready};
pub use kubelet_clients::KubeletClients;
pub use running::{Container, containers};
pub use served::{Endpoint, served, served_by};
