use clap::{ArgGroup, Args};

use super::scope::absolute;
use crate::request::Ssh;

const HEADING: &str = "Nodes by SSH";

/// Nodes that are reached by SSH, and how.
#[expect(clippy::doc_markdown, reason = "the comments are the help text, and that is no Markdown")]
#[derive(Clone, Debug, Args)]
#[command(group = ArgGroup::new("machines").multiple(true))]
pub(super) struct SshArgs {
    /// A node, as [USER@]HOST[:PORT] or by its name in ssh_config; may be repeated. It needs root there, or sudo without a
    /// password
    #[arg(help_heading = HEADING, long = "ssh", value_name = "HOST", group = "machines", conflicts_with = "root")]
    hosts: Vec<String>,

    /// All nodes of the cluster, by the addresses in their Node objects
    #[arg(help_heading = HEADING, long = "nodes", group = "machines", conflicts_with = "root")]
    all_nodes: bool,

    /// Who logs in to the nodes of --nodes
    #[arg(help_heading = HEADING, long = "ssh-user", value_name = "USER", requires = "all_nodes")]
    ssh_user: Option<String>,

    /// Private key to log in with
    #[arg(help_heading = HEADING, long = "ssh-key", value_name = "FILE", requires = "machines")]
    key: Option<String>,

    /// Host to go through
    #[arg(help_heading = HEADING, long = "ssh-jump", value_name = "HOST", requires = "machines")]
    jump: Option<String>,

    /// Another ssh_config than your own
    #[arg(help_heading = HEADING, long = "ssh-config", value_name = "FILE", requires = "machines")]
    config: Option<String>,

    /// Option as for ssh -o; may be repeated
    #[arg(help_heading = HEADING, long = "ssh-option", value_name = "NAME=VALUE", requires = "machines")]
    options: Vec<String>,

    /// Folder with the helpers for nodes: kubectl-certs-linux-amd64, kubectl-certs-linux-arm64
    #[arg(help_heading = HEADING, long = "node-helper", value_name = "DIR", requires = "machines")]
    helper: Option<String>,
}

impl From<&SshArgs> for Ssh {
    fn from(args: &SshArgs) -> Self {
        let path = |path: &Option<String>| path.as_deref().map(absolute);
        Self {
            hosts: args.hosts.clone(),
            all_nodes: args.all_nodes,
            user: args.ssh_user.clone(),
            key: path(&args.key),
            jump: args.jump.clone(),
            config: path(&args.config),
            options: args.options.clone(),
            helper: path(&args.helper),
        }
    }
}
