use super::Asked;
use super::scope::{OutputArgs, ScopeArgs};
use crate::model::{KeyKind, ServerName, Span};
use crate::request::{LONGEST_DRAIN, Mode, Renew};

/// Renew leaf certificates: shows the plan, asks, does it, and proves that it took effect
///
/// Renewed are the leaves and kubeconfigs of nodes (kubeadm's layout): of this machine, of machines that are reached by
/// --ssh or --nodes, or on a disk under --root; with them your own kubeconfig, where its user has a certificate of the
/// cluster in it. Everything but key, serial, dates and key ids stays as it is. Every file is backed up first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl certs renew --dry-run                    what would be renewed, and how
  kubectl certs renew                              what needs it, after a question
  kubectl certs renew apiserver admin.conf --yes   these, without a question
  kubectl certs renew --within 90d                 also what ends within 90 days
  kubectl certs renew --only apiserver --add-san api.example.org
                                                   with one name more
  kubectl certs renew --all --csr-out requests/    for an authority that signs elsewhere; afterwards:
  kubectl certs renew --signed answers/            what it gave is checked and put in place
  kubectl certs renew --all --ssh root@cp1 --ssh root@cp2 --ssh root@cp3
                                                   a control plane, from outside
  kubectl certs renew --all --nodes --ssh-user root
                                                   every node of the cluster
  kubectl certs renew --all --dry-run -o json > plan.json; kubectl certs apply plan.json")]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,

    /// Also what is far from its end
    #[arg(help_heading = "What to renew", long)]
    all: bool,

    /// Only leaves of this name (apiserver, admin.conf, …), on every node; operator-kubeconfig is your own kubeconfig; may
    /// be repeated
    #[arg(help_heading = "What to renew", long, value_name = "NAME")]
    only: Vec<String>,

    /// Only on this of the nodes; may be repeated
    #[arg(help_heading = "What to renew", long = "node", value_name = "NODE", requires = "machines")]
    nodes: Vec<String>,

    /// Also what ends within this time
    #[arg(help_heading = "What to renew", long, value_name = "DURATION")]
    within: Option<Span>,

    /// Restart the API servers too that use what is renewed, one after the other and drained first, although they take
    /// notice by themselves; it needs nft on their nodes. Those that use nothing of it are named and stay as they are
    #[arg(help_heading = "Restarting API servers", long)]
    restart: bool,

    /// How long load balancers need to notice that an API server is away, or back (their interval times their number of
    /// checks); 4s unless given
    #[arg(help_heading = "Restarting API servers", long, value_name = "DURATION", requires = "restart", value_parser = at_most_ten_minutes)]
    drain: Option<Span>,

    /// Lifetime of the new certificates, instead of that of the old ones
    #[arg(help_heading = "What is new", long, value_name = "DURATION", value_parser = at_least_ten_minutes)]
    validity: Option<Span>,

    /// Add this DNS name or IP address to the names of the certificates, which targets or --only name; may be repeated
    #[arg(help_heading = "What is new", long, value_name = "NAME")]
    add_san: Vec<ServerName>,

    /// Keep the keys instead of making new ones
    #[arg(help_heading = "What is new", long, conflicts_with = "key_algorithm")]
    reuse_key: bool,

    /// Kind of the new keys, instead of that of the old ones: RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384,
    /// ECDSA-P521 or Ed25519
    #[arg(help_heading = "What is new", long, value_name = "KIND")]
    key_algorithm: Option<KeyKind>,

    /// Only make new keys, which stay on their nodes, and write the requests for their certificates into this folder, for
    /// an authority that signs elsewhere
    #[arg(help_heading = "An authority that signs elsewhere", long, value_name = "DIR", conflicts_with_all = ["signed", "validity", "restart"])]
    csr_out: Option<String>,

    /// Put the certificates in this folder in place, which an authority gave for such requests: LEAF.crt, or LEAF@NODE.crt
    /// where there are several nodes
    #[arg(help_heading = "An authority that signs elsewhere", long, value_name = "DIR", conflicts_with_all = ["add_san", "reuse_key", "key_algorithm", "all", "within"])]
    signed: Option<String>,

    /// Only show the plan
    #[arg(help_heading = "Going ahead", long, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_missing_value = "client",
          value_parser = ["client", "server"], hide_possible_values = true)]
    dry_run: Option<String>,

    /// Do it without asking
    #[arg(help_heading = "Going ahead", short = 'y', long)]
    yes: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl Args {
    pub(super) fn asked(&self) -> Asked {
        let renew = self.into();
        match &self.csr_out {
            // Nothing that is in use changes: there is nothing to agree to.
            Some(folder) => Asked::Requests { renew, folder: folder.clone() },
            None => {
                Asked::Change { renew, signed: self.signed.clone(), dry_run: self.dry_run.is_some(), yes: self.yes }
            }
        }
    }
}

/// Shorter ones would be over before the components have noticed them.
fn at_least_ten_minutes(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    if span < Span::minutes(10) { Err("at least 10m is wanted".to_owned()) } else { Ok(span) }
}

fn at_most_ten_minutes(text: &str) -> Result<Span, String> {
    let span: Span = text.parse()?;
    if span > LONGEST_DRAIN { Err("at most 10m is wanted".to_owned()) } else { Ok(span) }
}

impl From<&Args> for Renew {
    fn from(args: &Args) -> Self {
        Self {
            scope: (&args.scope).into(),
            all: args.all,
            only: args.only.clone(),
            restart: args.restart,
            drain: args.drain,
            nodes: args.nodes.clone(),
            within: args.within,
            validity: args.validity,
            add_sans: args.add_san.clone(),
            reuse_key: args.reuse_key,
            key_algorithm: args.key_algorithm,
            requests: args.csr_out.is_some(),
            signed: Vec::new(),
            mode: if args.csr_out.is_some() && args.dry_run.is_none() { Mode::Apply } else { Mode::Plan },
        }
    }
}
