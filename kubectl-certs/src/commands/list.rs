use super::scope::{OutputArgs, ProbeArgs, ScopeArgs, UserArgs};
use crate::request::Look;

/// List certificates: where they live, until when, who signed them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl certs list                               the current cluster
  kubectl certs list -n shop -o wide               one namespace, more columns
  kubectl certs list --root /mnt/node1             the disk of a node
  kubectl certs list --probe                       also what the cluster's servers present
  kubectl certs list smtp://mail.example.com 'tls://192.0.2.1:443?sni=shop.example.com'
  kubectl certs list tls://example.com:443 file:/etc/ssl/server.pem
  openssl s_client -connect h:443 -showcerts </dev/null | kubectl certs list -")]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,

    #[command(flatten)]
    users: UserArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl From<&Args> for Look {
    fn from(args: &Args) -> Self {
        Self { scope: args.users.with(args.probe.of(&args.scope)) }
    }
}
