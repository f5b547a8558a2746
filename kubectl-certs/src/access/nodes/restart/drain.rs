//! Keeping new connections from a server that is about to restart, by a rule of this node's own firewall.
//!
//! The rule asks a set whose elements the kernel itself drops when their time is over. A program that is killed in the
//! middle thus leaves no closed port behind, only an empty set; while it lives it renews the element.

#![expect(clippy::disallowed_methods, reason = "the last chance to remove the rule is not asynchronous")]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::access::nodes::{NodeError, command};

/// How long the port stays closed after the program was killed.
const LEASE: Duration = Duration::from_secs(20);
pub(super) const RENEW_AFTER: Duration = Duration::from_secs(5);

const NFT: Duration = Duration::from_secs(10);

/// Opens the port when it is dropped.
pub(super) struct Drained {
    nft: PathBuf,
    port: u16,
    open: bool,
}

impl Drained {
    pub(super) async fn begin(port: u16) -> Result<Self, NodeError> {
        let nft = nft(port)?;
        let drained = Self { nft, port, open: false };
        drained.load(&closing(port)).await?;
        Ok(drained)
    }

    pub(super) async fn renew(&self) -> Result<(), NodeError> {
        self.load(&renewal(self.port)).await
    }

    pub(super) async fn end(mut self) -> Result<(), NodeError> {
        let outcome = self.load(OPENING).await;
        self.open = outcome.is_ok();
        outcome
    }

    async fn load(&self, script: &str) -> Result<(), NodeError> {
        command::run_with_input(&self.nft, &["-f", "-"], script, NFT).await.map(drop)
    }
}

/// Would the firewall take the rule? Asked before anything is changed, and nothing is changed by it.
pub(super) async fn possible(port: u16) -> Result<(), NodeError> {
    let checked = command::run_with_input(&nft(port)?, &["--check", "-f", "-"], &closing(port), NFT).await;
    checked.map(drop).map_err(|error| {
        NodeError::refused(format!("connections to port {port} cannot be turned away: {}", error.message))
            .hint("look at nftables on that node, or leave --restart out: API servers take notice by themselves")
    })
}

fn nft(port: u16) -> Result<PathBuf, NodeError> {
    command::find("nft").ok_or_else(|| without_nft(port))
}

fn without_nft(port: u16) -> NodeError {
    NodeError::refused(format!("connections to port {port} cannot be turned away: there is no nft"))
        .hint("install the package nftables there, or leave --restart out: API servers take notice by themselves")
}

impl Drop for Drained {
    fn drop(&mut self) {
        if !self.open {
            // If even this fails, the kernel opens the port when the lease is over.
            let mut nft = Command::new(&self.nft);
            nft.args(["delete", "table", "inet", "kubectl_certs"]);
            std::os::unix::process::CommandExt::process_group(&mut nft, 0);
            nft.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok();
        }
    }
}

/// One transaction, whatever an earlier run left. What the node sends to its own addresses comes in by `lo`. Only
/// packets that begin a connection are rejected; what is connected stays so.
fn closing(port: u16) -> String {
    let lease = LEASE.as_secs();
    format!(
        "table inet kubectl_certs\n\
         delete table inet kubectl_certs\n\
         table inet kubectl_certs {{\n\
         \tset drained {{ type inet_service; flags timeout; }}\n\
         \tchain input {{\n\
         \t\ttype filter hook input priority -10; policy accept;\n\
         \t\tiifname \"lo\" accept\n\
         \t\ttcp dport @drained tcp flags & (fin|syn|rst|ack) == syn reject with tcp reset \
         comment \"kubectl-certs restarts this server\"\n\
         \t}}\n\
         }}\n\
         add element inet kubectl_certs drained {{ {port} timeout {lease}s }}\n"
    )
}

/// An element that is there keeps its old end: it is replaced, within one transaction.
fn renewal(port: u16) -> String {
    let lease = LEASE.as_secs();
    format!(
        "flush set inet kubectl_certs drained\n\
         add element inet kubectl_certs drained {{ {port} timeout {lease}s }}\n"
    )
}

const OPENING: &str = "delete table inet kubectl_certs\n";

#[cfg(test)]
mod tests {
    use super::{closing, possible, renewal, without_nft};

    #[test]
    fn the_port_opens_by_itself() {
        for script in [closing(6443), renewal(6443)] {
            assert!(script.ends_with("add element inet kubectl_certs drained { 6443 timeout 20s }\n"), "{script}");
        }
        let script = closing(6443);
        let (own, rule) = (script.find("iifname \"lo\" accept"), script.find("reject with tcp reset"));
        assert!(own.is_some() && own < rule, "the node's own processes come in: {script}");
        assert!(script.contains("flags timeout"), "{script}");
    }

    /// Whatever this machine has: asking closes nothing, and says what is missing.
    #[tokio::test]
    async fn asking_changes_nothing() {
        let port = 64430;
        match possible(port).await {
            Ok(()) => {
                let nft = super::nft(port).expect("it was there");
                let tables = super::command::run(&nft, &["list", "tables"], super::NFT).await.expect("a list");
                assert!(!tables.contains("kubectl_certs"), "{tables}");
            }
            Err(error) => assert!(error.message.contains("port 64430 cannot be turned away"), "{error}"),
        }
        assert!(without_nft(port).hints[0].contains("package nftables"));
    }
}
