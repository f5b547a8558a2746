use super::filter::FilterArgs;
use super::scope::{OutputArgs, PRINT, ProbeArgs, ScopeArgs, UserArgs};
use crate::request::{Look, Sort};

/// List certificates: where they live, until when, who signed them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl certs list                               the current cluster
  kubectl certs list -n shop -o wide               one namespace, more columns
  kubectl certs list --root /mnt/node1             the disk of a node
  kubectl certs list --within 30d --sort expires   what ends in the next month, the first one first
  kubectl certs list -o custom-columns=NAME:.label,UNTIL:.notAfter
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
    filter: FilterArgs,

    /// Order; without it, by place
    #[arg(help_heading = PRINT, long, visible_alias = "sort-by", value_enum, value_name = "KEY")]
    sort: Option<SortArg>,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl From<&Args> for Look {
    fn from(args: &Args) -> Self {
        Self {
            scope: args.users.with(args.probe.of(&args.scope)),
            filter: (&args.filter).into(),
            sort: args.sort.map(|key| match key {
                SortArg::Name => Sort::Name,
                SortArg::Expires => Sort::Expires,
                SortArg::State => Sort::State,
                SortArg::Subject => Sort::Subject,
                SortArg::Issuer => Sort::Issuer,
                SortArg::Place => Sort::Place,
            }),
        }
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum SortArg {
    Name,
    /// The one that ends first comes first
    Expires,
    /// The worst first
    State,
    Subject,
    Issuer,
    Place,
}
