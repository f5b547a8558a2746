//! The program as an operator runs it, on control-plane nodes that are reached over SSH: their disks are those of the real
//! kubeadm, their server is the real one.

mod disks;
mod elsewhere;
mod finding_the_helper;
mod interrupts;
mod kubelet;
mod named_by_the_cluster;
mod operator;
mod own_kubeconfig;
