//! Whether the cluster is well.

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Deserialize;
use support::lab::Lab;

/// The nodes that the cluster does not call Ready.
pub fn not_ready(lab: &Lab) -> Vec<String> {
    const READY: &str =
        r#"{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}"#;
    let table = lab.kubectl(&["get", "nodes", "-o", &format!("jsonpath={READY}")]);
    let ready = |node: &String| table.lines().any(|line| line == format!("{node} True"));
    lab.nodes().into_iter().filter(|node| !ready(node)).collect()
}

/// Fails the test, naming the nodes, if they are not all Ready in time.
pub fn wait_until_ready(lab: &Lab, limit: Duration) {
    let deadline = Instant::now() + limit;
    loop {
        let missing = not_ready(lab);
        if missing.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "not Ready after {limit:?}: {missing:?}");
        sleep(Duration::from_millis(500));
    }
}

/// The node whose etcd member leads, as the member on `asked` sees it.
pub fn etcd_leader(lab: &Lab, asked: &str) -> Option<String> {
    let status = lab.exec_ok(asked, &[ETCDCTL.as_slice(), &["endpoint", "status", "--cluster", "-w", "json"]].concat());
    let members: Vec<Member> =
        serde_json::from_str(&status).unwrap_or_else(|e| panic!("what etcdctl says: {e}\n{status}"));
    let leader = members.iter().find(|member| member.status.leader == member.status.header.member_id)?;
    let address = leader.endpoint.trim_start_matches("https://").split(':').next()?;
    lab.control_planes().into_iter().find(|node| lab.address(node).to_string() == address)
}

const ETCDCTL: [&str; 5] = [
    "etcdctl",
    "--endpoints=https://127.0.0.1:2379",
    "--cacert=/etc/kubernetes/pki/etcd/ca.crt",
    "--cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt",
    "--key=/etc/kubernetes/pki/etcd/healthcheck-client.key",
];

#[derive(Deserialize)]
struct Member {
    #[serde(rename = "Endpoint")]
    endpoint: String,
    #[serde(rename = "Status")]
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    header: Header,
    leader: u64,
}

/// Members are 64-bit numbers, which some JSON tools round.
#[derive(Deserialize)]
struct Header {
    member_id: u64,
}
