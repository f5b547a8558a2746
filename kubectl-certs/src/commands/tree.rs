use super::filter::FilterArgs;
use super::scope::{OutputArgs, PRINT, ProbeArgs, ScopeArgs};
use crate::request::Look;

/// Show authorities, who trusts them and what they signed, verified by signature
///
/// Roots come first; what nothing that was read has signed comes last, with the reason. A certificate with several issuers
/// is shown in full below the first one and named below the others. With targets, only these, what hangs on them, and the
/// authorities above them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl certs tree                               the current cluster
  kubectl certs tree --root /mnt/node1 --role authority
  kubectl certs tree apiserver                     one certificate and its authorities
  kubectl certs tree -o jsonpath='{range .items[?(@.kind==\"Edge\")]}{.from} {.relation} {.to}{\"\\n\"}{end}'")]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    filter: FilterArgs,

    /// Draw with plain characters, as is done where no terminal is and where NO_COLOR is set
    #[arg(help_heading = PRINT, long)]
    pub(super) ascii: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl From<&Args> for Look {
    fn from(args: &Args) -> Self {
        Self { scope: args.probe.of(&args.scope), filter: (&args.filter).into(), sort: None }
    }
}
