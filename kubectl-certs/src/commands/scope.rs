//! Arguments that several commands share: where to look, kubectl's own options, how to print.

use clap::Args;

use crate::model::Span;
use crate::output::Format;
use crate::request::{Connection, Scope};

#[expect(clippy::doc_markdown, reason = "the comments are the help text, and that is no Markdown")]
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Where to look")]
pub(super) struct ScopeArgs {
    /// What to look at: file:PATH, secret/NAMESPACE/NAME, kubeconfig:PATH, webhook/validating/NAME, tls://HOST:PORT, a name
    /// such as apiserver or admin.conf, or - for PEM on standard input. Without any: the cluster of the current context,
    /// and this machine's own files where it is a node.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,

    /// The disk of a node in this folder (that in which etc/kubernetes lies); then only files are read
    #[arg(long, value_name = "DIR")]
    root: Option<String>,

    #[command(flatten)]
    connection: ConnectionArgs,

    /// Only this namespace
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// All namespaces, which is the default
    #[arg(short = 'A', long)]
    all_namespaces: bool,

    /// Only objects with these labels
    #[arg(short = 'l', long, value_name = "SELECTOR")]
    selector: Option<String>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "kubectl's own options")]
pub(super) struct ConnectionArgs {
    /// Path to the kubeconfig
    #[arg(long, value_name = "FILE")]
    kubeconfig: Option<String>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME")]
    context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Address of the API server
    #[arg(short, long, value_name = "URL")]
    server: Option<String>,
    /// User to act as
    #[arg(long = "as", value_name = "NAME")]
    impersonate: Option<String>,
    /// Group to act as; may be repeated
    #[arg(long = "as-group", value_name = "NAME")]
    impersonate_groups: Vec<String>,
    /// Name to expect in the API server's certificate
    #[arg(long, value_name = "NAME")]
    tls_server_name: Option<String>,
    /// Do not verify the API server's certificate
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Authorities to verify the API server with
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<String>,
    /// Client certificate
    #[arg(long, value_name = "FILE")]
    client_certificate: Option<String>,
    /// Key of the client certificate
    #[arg(long, value_name = "FILE")]
    client_key: Option<String>,
    /// Bearer token (prefer a kubeconfig: arguments can be seen by others on this machine)
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// How long to wait for an answer of the API server
    #[arg(long, value_name = "DURATION")]
    request_timeout: Option<Span>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "How to print")]
pub(super) struct OutputArgs {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,

    /// Leave out the first line of tables
    #[arg(long)]
    pub(super) no_headers: bool,
}

impl OutputArgs {
    pub(super) fn format(&self) -> Format {
        self.output
    }
}

impl From<&ScopeArgs> for Scope {
    fn from(args: &ScopeArgs) -> Self {
        Self {
            targets: args.targets.clone(),
            root: args.root.as_deref().map(absolute),
            connection: (&args.connection).into(),
            namespace: args.namespace.clone(),
            all_namespaces: args.all_namespaces,
            selector: args.selector.clone(),
            at: None,
            input: None,
        }
    }
}

impl From<&ConnectionArgs> for Connection {
    fn from(args: &ConnectionArgs) -> Self {
        Self {
            kubeconfig: args.kubeconfig.clone(),
            context: args.context.clone(),
            cluster: args.cluster.clone(),
            user: args.user.clone(),
            server: args.server.clone(),
            impersonate: args.impersonate.clone(),
            impersonate_groups: args.impersonate_groups.clone(),
            tls_server_name: args.tls_server_name.clone(),
            insecure_skip_tls_verify: args.insecure_skip_tls_verify,
            certificate_authority: args.certificate_authority.clone(),
            client_certificate: args.client_certificate.clone(),
            client_key: args.client_key.clone(),
            request_timeout: args.request_timeout,
            token: args.token.clone(),
        }
    }
}

/// A plan and a journal outlive the folder in which the command was typed. An empty path stays wrong.
pub(super) fn absolute(path: &str) -> String {
    std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned())
}
