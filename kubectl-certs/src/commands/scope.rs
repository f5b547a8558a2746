//! Arguments that several commands share: where to look, how to print.

use clap::Args;

use super::ssh::SshArgs;
use crate::output::{Format, Missing, Style};
use crate::request::Scope;

// Not by `next_help_heading`: that of a flattened struct goes on to what stands behind it.
pub(super) const WHERE: &str = "Where to look";
pub(super) const PRINT: &str = "How to print";

#[expect(clippy::doc_markdown, reason = "the comments are the help text, and that is no Markdown")]
#[derive(Clone, Debug, Args)]
pub(super) struct ScopeArgs {
    /// What to look at: file:PATH, secret/NAMESPACE/NAME, kubeconfig:PATH, webhook/validating/NAME, tls://HOST:PORT (also
    /// tls://HOST:PORT?sni=NAME, smtp://HOST, ldap://HOST, postgres://HOST), a name such as apiserver or admin.conf, or - for PEM on standard input. Without any: the cluster of the current context,
    /// and this machine's own files where it is a node.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// The disk of a node in this folder (that in which etc/kubernetes lies); then only files are read
    #[arg(help_heading = WHERE, long, value_name = "DIR")]
    root: Option<String>,

    #[command(flatten)]
    ssh: SshArgs,

    /// All namespaces, which is the default
    #[arg(help_heading = WHERE, short = 'A', long)]
    all_namespaces: bool,

    /// The password of PKCS#12 and Java keystores that have none beside them: the first line of this file
    #[arg(help_heading = WHERE, long, value_name = "FILE")]
    keystore_password_file: Option<String>,

    /// Only objects with these labels
    #[arg(help_heading = WHERE, short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
}

/// For commands that only look.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ProbeArgs {
    /// Also what API servers, kubelets, controller managers, schedulers, etcd members and the Services behind webhooks and
    /// aggregated APIs present, where they can be reached; nodes that are named with --ssh look at their own ports
    #[arg(help_heading = WHERE, long)]
    probe: bool,

    /// Also what is presented to those who ask for the hosts of Ingresses and Gateways
    #[arg(help_heading = WHERE, long)]
    probe_hosts: bool,

    /// The kubeconfig entries of every context, and what their API servers present; objects only of the current one
    #[arg(help_heading = WHERE, long)]
    all_contexts: bool,
}

impl ProbeArgs {
    pub(super) fn of(self, args: &ScopeArgs) -> Scope {
        Scope { probe: self.probe, probe_hosts: self.probe_hosts, all_contexts: self.all_contexts, ..args.into() }
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct UserArgs {
    /// Also read who relies on the Secrets and `ConfigMaps` that are found: pods, Ingresses, Gateways, webhooks
    #[arg(help_heading = WHERE, long)]
    consumers: bool,
}

impl UserArgs {
    pub(super) fn with(&self, scope: Scope) -> Scope {
        Scope { consumers: self.consumers, ..scope }
    }
}

#[derive(Clone, Debug, Args)]
pub(super) struct OutputArgs {
    /// Format: table, wide, json, yaml, name, csv, jsonpath=TEMPLATE, jsonpath-file=FILE, jsonpath-as-json=TEMPLATE,
    /// custom-columns=NAME:PATH,… or custom-columns-file=FILE, as in kubectl; paths lead into what -o json prints
    #[arg(help_heading = PRINT, short, long, default_value = "table", value_name = "FORMAT")]
    output: Format,

    /// Leave out the first line of tables
    #[arg(help_heading = PRINT, long)]
    no_headers: bool,

    /// Whether a template may ask for what is not there
    #[arg(help_heading = PRINT, long, default_value_t = true, action = clap::ArgAction::Set, num_args = 0..=1,
        require_equals = true, default_missing_value = "true", value_name = "BOOL", hide_short_help = true)]
    allow_missing_template_keys: bool,
}

impl OutputArgs {
    pub(super) fn style(&self, program: &str) -> Style {
        Style {
            format: self.output.clone(),
            headers: !self.no_headers,
            missing: if self.allow_missing_template_keys { Missing::Ignore } else { Missing::Report },
            ..plain(program)
        }
    }
}

/// Where nothing is said.
pub(super) fn plain(program: &str) -> Style {
    Style {
        format: Format::default(),
        headers: true,
        missing: Missing::Ignore,
        ascii: false,
        program: program.to_owned(),
    }
}

/// Where the cluster is comes from kubectl's own options, see there.
impl From<&ScopeArgs> for Scope {
    fn from(args: &ScopeArgs) -> Self {
        Self {
            targets: args.targets.clone(),
            root: args.root.as_deref().map(absolute),
            ssh: (&args.ssh).into(),
            all_namespaces: args.all_namespaces,
            selector: args.selector.clone(),
            keystore_password_file: args.keystore_password_file.as_deref().map(absolute),
            ..Self::default()
        }
    }
}

/// A plan and a journal outlive the folder in which the command was typed. An empty path stays wrong.
pub(super) fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned())
}
