//! Letting the requests of etcd's clients wait for a moment, while the leadership moves: a proposal that arrives just
//! then is dropped by the old leader, and its client waits seven seconds for an error (seen with etcd 3.6, one write in
//! eight moves, two in one move under more load).
//!
//! The packets of clients are dropped, and their kernel sends them again a fifth of a second later: nothing is refused,
//! nobody notices more than a delay. Our own requests come from a port below 1024, which no kernel chooses by itself,
//! and pass. The kernel itself ends it, as with a drained port.

use std::time::Duration;

use crate::access::nodes::{LocalNode, NodeError, command, etcd};

/// Load balancers ask API servers whether they are ready, and these ask etcd: longer, and all servers seem to be gone.
const LONGEST: u64 = 1000;

const NFT: Duration = Duration::from_secs(5);

pub(super) async fn begin(node: &LocalNode, milliseconds: u64) -> Result<(), NodeError> {
    if milliseconds > LONGEST {
        return Err(NodeError::refused(format!(
            "the door of etcd is not held for {milliseconds} ms: after {LONGEST} ms every API server would seem unready"
        )));
    }
    load(&holding(etcd::client_port(node), milliseconds)).await
}

pub(super) async fn end() -> Result<(), NodeError> {
    load(RELEASING).await
}

async fn load(script: &str) -> Result<(), NodeError> {
    let nft = command::find("nft").ok_or_else(|| {
        NodeError::refused(
            "the door of etcd cannot be held: nft is not in PATH; install nftables, or move the leadership without",
        )
    })?;
    command::run_with_input(&nft, &["-f", "-"], script, NFT).await.map(drop)
}

fn holding(port: u16, milliseconds: u64) -> String {
    format!(
        "{RELEASING}\
         table inet kubectl_certs_hold {{\n\
         \tset held {{ type inet_service; flags timeout; }}\n\
         \tchain input {{\n\
         \t\ttype filter hook input priority -10; policy accept;\n\
         \t\ttcp dport @held tcp sport >= 1024 drop comment \"kubectl-certs moves the leadership of etcd\"\n\
         \t}}\n\
         }}\n\
         add element inet kubectl_certs_hold held {{ {port} timeout {milliseconds}ms }}\n"
    )
}

/// No failure where nothing is held.
const RELEASING: &str = "table inet kubectl_certs_hold\ndelete table inet kubectl_certs_hold\n";

#[cfg(test)]
mod tests {
    use super::holding;

    #[test]
    fn the_hold_ends_by_itself_and_lets_us_pass() {
        let script = holding(2379, 600);
        assert!(script.ends_with("held { 2379 timeout 600ms }\n"), "{script}");
        assert!(script.contains("sport >= 1024 drop"), "{script}");
    }
}
