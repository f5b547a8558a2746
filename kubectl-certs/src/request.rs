//! Everything the program can be asked. Arguments and JSON both end here; nothing in here reads or decides.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{KeyKind, ServerName, Span, Time};

/// Version of requests, events and stored plans.
pub const API: &str = "certs/v1alpha1";

/// Of `Renew::drain`. Load balancers that need longer to notice cannot be waited for between restarts.
pub const LONGEST_DRAIN: Span = Span::minutes(10);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Request {
    /// What certificates exist.
    List(Look),
    /// One certificate in full.
    Show(Look),
    /// Authorities, what they signed, who trusts them.
    Tree(Look),
    /// What is wrong.
    Check(Check),
    /// What a finding means.
    Explain(Explain),
    /// Plan leaf renewals, and do them where `mode` says so.
    Renew(Renew),
    /// Do what a saved plan says, if a fresh plan is equal to it.
    Apply(Apply),
    /// The journal.
    Runs(Runs),
    /// A throw-away cluster PKI in a folder.
    Demo(Demo),
    Version,
    /// JSON Schema of the wire.
    Schema,
}

impl Request {
    /// It may change something, so it wants to end properly.
    pub fn changes(&self) -> bool {
        match self {
            Self::Renew(renew) => renew.mode == Mode::Apply,
            Self::Apply(_) | Self::Runs(_) => true,
            Self::List(_)
            | Self::Show(_)
            | Self::Tree(_)
            | Self::Check(_)
            | Self::Explain(_)
            | Self::Demo(_)
            | Self::Version
            | Self::Schema => false,
        }
    }

    /// A plan and a journal outlive the folder in which they were asked for.
    pub fn make_absolute(&mut self, absolute: impl Fn(&str) -> String) {
        if let Self::Demo(demo) = self {
            demo.folder = absolute(&demo.folder);
        }
        let Some(Scope { root, ssh, connection, keystore_password_file, .. }) = self.scope_mut() else { return };
        let ssh = [&mut ssh.key, &mut ssh.config, &mut ssh.helper];
        for path in [root, keystore_password_file, &mut connection.kubeconfig].into_iter().chain(ssh).flatten() {
            *path = absolute(path);
        }
    }

    /// Where it looks, where it looks somewhere.
    pub fn scope_mut(&mut self) -> Option<&mut Scope> {
        match self {
            Self::List(look) | Self::Show(look) | Self::Tree(look) => Some(&mut look.scope),
            Self::Check(check) => Some(&mut check.scope),
            Self::Renew(renew) => Some(&mut renew.scope),
            Self::Runs(runs) => Some(&mut runs.scope),
            Self::Explain(_) | Self::Apply(_) | Self::Demo(_) | Self::Version | Self::Schema => None,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Look {
    pub scope: Scope,
    #[serde(skip_serializing_if = "Filter::is_default")]
    pub filter: Filter,
    /// Absent for the order of places.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
}

/// Which of the certificates there; all of these must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Filter {
    /// Those that have expired.
    #[serde(skip_serializing_if = "is_false")]
    pub expired: bool,
    /// Those that end within this time or have ended, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Those that are good for one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<Role>,
    /// Part of the issuer's name or key id, in whatever case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
}

impl Filter {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a certificate is good for, by its usages and by who was seen to use it. One without usages is good for both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    Authority,
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Sort {
    Name,
    /// The one that ends first comes first.
    Expires,
    /// The worst first.
    State,
    Subject,
    Issuer,
    Place,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Check {
    pub scope: Scope,
    #[serde(skip_serializing_if = "Filter::is_default")]
    pub filter: Filter,
    /// Exit code 1 at or above this severity.
    pub fail_on: FailOn,
    /// `CODE` or `CODE=TARGET`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Explain {
    /// Absent for the list of all codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Renew {
    pub scope: Scope,
    /// Also what is far from its end.
    #[serde(skip_serializing_if = "is_false")]
    pub all: bool,
    /// Leaves of these names only, on every node.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub only: Vec<String>,
    /// Restart the API servers too that use what is renewed, one after the other, although they take notice by themselves.
    #[serde(skip_serializing_if = "is_false")]
    pub restart: bool,
    /// How long load balancers need to notice that a server is away, in seconds: at most 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drain: Option<Span>,
    /// On these of the nodes only; the others are still read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<String>,
    /// What ends within this time, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
    /// Lifetime of the new certificates in seconds; absent for that of the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validity: Option<Span>,
    /// Names that the certificates get beside their own: DNS names, also with `*` as their first label, or IP addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_sans: Vec<ServerName>,
    /// Keep the keys.
    #[serde(skip_serializing_if = "is_false")]
    pub reuse_key: bool,
    /// Kind of the new keys; absent for that of the old one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_algorithm: Option<KeyKind>,
    /// Only make keys and the requests for their certificates, for an authority that signs elsewhere. The keys wait on
    /// their nodes; nothing that is in use changes.
    #[serde(skip_serializing_if = "is_false")]
    pub requests: bool,
    /// The answers to such requests: these are put in place, and nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signed: Vec<SignedCertificate>,
    pub mode: Mode,
}

/// What an authority gave for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedCertificate {
    /// Of the request: `LEAF`, with `@NODE` where there are several nodes.
    pub name: String,
    /// PEM; of a chain, the leaf comes first.
    pub certificate: String,
    /// Where it was read, for messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl SignedCertificate {
    /// For sentences.
    pub fn called(&self) -> &str {
        self.file.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    #[default]
    Plan,
    Apply,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Apply {
    /// The plan as JSON, as `--dry-run -o json` printed it.
    pub plan: serde_json::Value,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Runs {
    #[serde(default)]
    pub scope: Scope,
    pub verb: RunsVerb,
    /// Absent for the only one that the verb can mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum RunsVerb {
    List,
    Show,
    Resume,
    Undo,
    Finish,
}

impl RunsVerb {
    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Show => "show",
            Self::Resume => "resume",
            Self::Undo => "undo",
            Self::Finish => "finish",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Demo {
    pub folder: String,
    /// Replace an earlier demo in that folder.
    #[serde(default)]
    pub force: bool,
}

/// Where to look.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Scope {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<String>,
    /// A node's disk in a folder: only files below it are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<String>,
    /// Nodes that are reached by SSH.
    #[serde(skip_serializing_if = "Ssh::is_default")]
    pub ssh: Ssh,
    #[serde(skip_serializing_if = "Connection::is_default")]
    pub connection: Connection,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub all_namespaces: bool,
    /// The kubeconfig entries and the API servers' certificates of every context, not of the current one alone.
    #[serde(skip_serializing_if = "is_false")]
    pub all_contexts: bool,
    /// Label selector.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// Also what is presented by the API servers, kubelets, controller managers, schedulers and etcd members, and by the
    /// Services that the API server calls.
    #[serde(skip_serializing_if = "is_false")]
    pub probe: bool,
    /// Also what is presented to whoever asks for the hosts of Ingresses and Gateways.
    #[serde(skip_serializing_if = "is_false")]
    pub probe_hosts: bool,
    /// Stored in plans so that planning again gives the same plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// The file with the password of keystores that have none beside them; never the password itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keystore_password_file: Option<String>,
    /// Also who relies on the Secrets and ConfigMaps that are found: workloads, Ingresses, Gateways, webhooks.
    #[serde(skip_serializing_if = "is_false")]
    pub consumers: bool,
    /// PEM that came with the request (the target `-`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
}

/// Machines, and how the system's OpenSSH client gets there; what is absent comes from people's `ssh_config`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ssh {
    /// `[USER@]HOST[:PORT]`, or a name of `ssh_config`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// Also all nodes that the cluster has, by the addresses in their Node objects.
    #[serde(skip_serializing_if = "is_false")]
    pub all_nodes: bool,
    /// Who logs in to those.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// File of the private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `[USER@]HOST[:PORT]` to go through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump: Option<String>,
    /// Another `ssh_config`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// `OPTION=VALUE` as for `ssh -o`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Folder of the static builds of the helper.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helper: Option<String>,
}

impl Ssh {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Scope {
    /// Which disks, without the question what of them.
    #[must_use]
    pub fn disks(&self) -> Self {
        Self { root: self.root.clone(), ssh: self.ssh.clone(), ..Self::default() }
    }

    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What a person adds to a command to mean the same disks.
    pub fn disk_arguments(&self) -> String {
        let mut text = String::new();
        let mut add = |name: &str, value: &str| text.push_str(&format!(" --{name} {}", quoted(value)));
        self.root.iter().filter(|root| *root != "/").for_each(|root| add("root", root));
        self.ssh.hosts.iter().for_each(|host| add("ssh", host));
        self.ssh.user.iter().for_each(|user| add("ssh-user", user));
        self.ssh.key.iter().for_each(|key| add("ssh-key", key));
        self.ssh.jump.iter().for_each(|jump| add("ssh-jump", jump));
        self.ssh.config.iter().for_each(|config| add("ssh-config", config));
        self.ssh.options.iter().for_each(|option| add("ssh-option", option));
        self.ssh.helper.iter().for_each(|helper| add("node-helper", helper));
        text
    }
}

/// As one word of the shell that people have here.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-:=@%+,".contains(c) || (cfg!(windows) && c == '\\');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else if cfg!(windows) {
        format!("\"{word}\"")
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// kubectl's own options.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Connection {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubeconfig: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonate: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub impersonate_groups: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impersonate_uid: Option<String>,
    /// `KEY=VALUE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub impersonate_extra: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_server_name: Option<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub insecure_skip_tls_verify: bool,
    /// Go on although the API server's certificate has expired, where everything else about it is right; its key is held
    /// to for the whole run.
    #[serde(skip_serializing_if = "is_false")]
    pub accept_expired_server: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub disable_compression: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_authority: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_key: Option<String>,
    /// Seconds; absent for no limit of a whole request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_timeout: Option<Span>,
    /// Read, never written: a plan or an output must not hold it.
    #[serde(skip_serializing)]
    pub token: Option<String>,
}

impl Connection {
    /// The limit of a request that was asked for.
    pub fn patience(&self) -> Option<core::time::Duration> {
        let seconds = self.request_timeout.and_then(|limit| u64::try_from(limit.0).ok())?;
        Some(core::time::Duration::from_secs(seconds.max(1)))
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_false(value: &bool) -> bool {
    !value
}

impl core::fmt::Debug for Connection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connection")
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FailOn {
    Info,
    #[default]
    Warning,
    Error,
    Never,
}
