use super::scope::{OutputArgs, ProbeArgs, ScopeArgs};
use crate::request::Look;

/// Show certificates in full: names, usages, chain, key, every place, who uses and who trusts them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl certs show apiserver                     a leaf of this control-plane node
  kubectl certs show admin.conf --root /mnt/node1  one on the disk of a node
  kubectl certs show secret/shop/web --probe-hosts    and whether it is what the Ingress serves
  kubectl certs show tls://example.com:443 file:/etc/ssl/server.pem
  openssl s_client -connect h:443 -showcerts </dev/null | kubectl certs show -")]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl From<&Args> for Look {
    fn from(args: &Args) -> Self {
        Self { scope: args.probe.of(&args.scope), ..Self::default() }
    }
}
