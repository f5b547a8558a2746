//! The ports of a machine's own components, as the machine itself sees them: by the options of what runs there, and where
//! nothing of that name runs (distributions put all into one process) by the usual numbers.

use super::asked::{Asked, Group};
use crate::access::nodes::{Member, NodeOp, NodeReply, Process};
use crate::model::{Endpoint, host_and_port};
use crate::sources::Wanted;

/// A program, what its options say of its ports, and the port without them.
struct Component {
    program: &'static str,
    listens: Listens,
    usual: &'static [u16],
}

enum Listens {
    /// Options with the port and the address.
    Port(&'static str, &'static str),
    /// Options with lists of URLs.
    Urls(&'static [&'static str]),
}

const COMPONENTS: &[Component] = &[
    Component { program: "kube-apiserver", listens: Listens::Port("secure-port", "bind-address"), usual: &[6443] },
    Component {
        program: "kube-controller-manager",
        listens: Listens::Port("secure-port", "bind-address"),
        usual: &[10257],
    },
    Component { program: "kube-scheduler", listens: Listens::Port("secure-port", "bind-address"), usual: &[10259] },
    Component { program: "kubelet", listens: Listens::Port("port", "address"), usual: &[10250] },
    Component {
        program: "etcd",
        listens: Listens::Urls(&["listen-client-urls", "listen-peer-urls"]),
        usual: &[2379, 2380],
    },
];

pub(super) async fn all(wanted: &Wanted) -> Vec<Asked> {
    let mut asked = Vec::new();
    for member in wanted.members.iter().filter(|member| wanted.probe && member.is_running_machine()) {
        let processes = processes(member).await;
        let addresses = COMPONENTS.iter().flat_map(|component| component.addresses(&processes));
        asked.extend(addresses.map(|(host, port)| {
            Asked::of(Endpoint { node: member.name.clone(), ..Endpoint::tls(host, port) }, Group::OnNodes)
        }));
    }
    asked
}

/// What the node does not tell is told as a gap by who reads its files.
async fn processes(member: &Member) -> Vec<Process> {
    let programs = COMPONENTS.iter().map(|component| component.program.to_owned()).collect();
    match member.node.run(NodeOp::Processes { programs }).await {
        Ok(NodeReply::Processes(processes)) => processes,
        Ok(_) | Err(_) => Vec::new(),
    }
}

impl Component {
    fn addresses(&self, processes: &[Process]) -> Vec<(String, u16)> {
        let running = processes.iter().filter(|process| process.program == self.program);
        let mut found: Vec<(String, u16)> = running.flat_map(|process| self.of(process)).collect();
        if found.is_empty() {
            found = self.usual.iter().map(|port| ("127.0.0.1".to_owned(), *port)).collect();
        }
        found
    }

    fn of(&self, process: &Process) -> Vec<(String, u16)> {
        match self.listens {
            Listens::Port(port, address) => {
                let port = process.option(port).and_then(|port| port.parse().ok());
                let host = process.option(address).unwrap_or_default();
                port.or(self.usual.first().copied()).map(|port| (reachable(host), port)).into_iter().collect()
            }
            Listens::Urls(options) => {
                let lists = options.iter().filter_map(|option| process.option(option));
                let urls = lists.flat_map(|list| list.split(','));
                let places = urls.filter_map(|url| host_and_port(url.trim().strip_prefix("https://")?));
                places.map(|(host, port)| (reachable(&host), port)).collect()
            }
        }
    }
}

fn reachable(host: &str) -> String {
    match host {
        "" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "::1".to_owned(),
        other => other.to_owned(),
    }
}
