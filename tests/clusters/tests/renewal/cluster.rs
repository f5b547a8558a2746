//! The cluster as it is at one moment: what lies on the disks, and what is served.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use clusters::operator::Operator;
use clusters::witness::{self, Endpoint, NodeFiles};

pub(crate) struct Snapshot {
    files: BTreeMap<String, NodeFiles>,
    pub(crate) served: BTreeMap<Endpoint, Option<String>>,
    /// By `COMPONENT on NODE`.
    pub(crate) containers: BTreeMap<String, String>,
}

impl Snapshot {
    pub(crate) fn take(operator: &Operator<'_>) -> Self {
        let lab = operator.lab;
        let files = lab.nodes().into_iter().map(|node| (node.clone(), NodeFiles::read(lab, &node))).collect();
        let containers = lab.control_planes().into_iter().flat_map(|node| {
            let there = witness::containers(lab, &node).into_iter();
            there.map(move |(component, running)| (format!("{component} on {node}"), running.id)).collect::<Vec<_>>()
        });
        Self { files, served: served(operator), containers: containers.collect() }
    }

    /// What is otherwise now, one line per path.
    pub(crate) fn differences(&self, operator: &Operator<'_>) -> Vec<String> {
        let later = |node: &str| NodeFiles::read(operator.lab, node);
        let lines = self
            .files
            .iter()
            .flat_map(|(node, files)| files.diff(&later(node)).into_iter().map(move |line| format!("{node}: {line}")));
        lines.collect()
    }

    /// All files byte for byte, and every server presents what it did.
    pub(crate) fn assert_is_back(&self, operator: &Operator<'_>) {
        assert_eq!(self.differences(operator), [""; 0]);
        let deadline = Instant::now() + Duration::from_secs(30);
        while served(operator) != self.served {
            assert!(Instant::now() < deadline, "served is {:#?}, was {:#?}", served(operator), self.served);
        }
    }
}

/// Without those of the controller manager and the scheduler, which make their own at each start.
fn served(operator: &Operator<'_>) -> BTreeMap<Endpoint, Option<String>> {
    let mut served = witness::served(operator.lab);
    served.retain(|endpoint, _| ![10257, 10259].contains(&endpoint.port));
    served
}

/// What the program calls the certificate that is served there.
pub(crate) fn leaf_at(endpoint: &Endpoint) -> &'static str {
    match endpoint.port {
        6443 => "apiserver",
        2379 => "etcd-server",
        2380 => "etcd-peer",
        10250 => "kubelet-serving",
        port => panic!("nothing of ours is at {port}"),
    }
}
