//! kubectl's own options, which every command accepts, before and behind its name: people type them without thinking.

use clap::Args;

use super::scope::absolute;
use crate::model::Span;
use crate::request::{Connection, Scope};

pub(super) const HEADING: &str = "kubectl's own options";

#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = HEADING)]
pub(super) struct KubectlArgs {
    /// Path to the kubeconfig
    #[arg(long, value_name = "FILE", global = true)]
    kubeconfig: Option<String>,
    /// Context of the kubeconfig
    #[arg(long, value_name = "NAME", global = true)]
    context: Option<String>,
    /// Cluster of the kubeconfig
    #[arg(long, value_name = "NAME", global = true)]
    cluster: Option<String>,
    /// User of the kubeconfig
    #[arg(long, value_name = "NAME", global = true)]
    user: Option<String>,
    /// Only what is in this namespace
    #[arg(short, long, value_name = "NAMESPACE", global = true)]
    namespace: Option<String>,
    /// Address of the API server
    #[arg(short, long, value_name = "URL", global = true)]
    server: Option<String>,
    /// User to act as
    #[arg(long = "as", value_name = "NAME", global = true)]
    impersonate: Option<String>,
    /// Group to act as; may be repeated
    #[arg(long = "as-group", value_name = "NAME", global = true)]
    impersonate_groups: Vec<String>,
    /// UID to act as
    #[arg(long = "as-uid", value_name = "UID", global = true)]
    impersonate_uid: Option<String>,
    /// More about the user to act as; may be repeated
    #[arg(long = "as-user-extra", value_name = "KEY=VALUE", global = true)]
    impersonate_extra: Vec<String>,
    /// Name to expect in the API server's certificate
    #[arg(long, value_name = "NAME", global = true)]
    tls_server_name: Option<String>,
    /// Do not verify the API server's certificate
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true",
          hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    insecure_skip_tls_verify: bool,
    /// Go on although the API server's certificate has expired, where all else about it is right; its key is held to
    #[arg(long, global = true)]
    accept_expired_server: bool,
    /// Authorities to verify the API server with
    #[arg(long, value_name = "FILE", global = true)]
    certificate_authority: Option<String>,
    /// Client certificate
    #[arg(long, value_name = "FILE", global = true)]
    client_certificate: Option<String>,
    /// Key of the client certificate
    #[arg(long, value_name = "FILE", global = true)]
    client_key: Option<String>,
    /// Bearer token (prefer a kubeconfig: arguments can be seen by others on this machine)
    #[arg(long, value_name = "TOKEN", global = true)]
    token: Option<String>,
    /// How long to wait for an answer of the API server; 0 for as long as it takes
    #[arg(long, value_name = "DURATION", global = true, value_parser = go_duration)]
    request_timeout: Option<Span>,
    /// Do not ask the API server to compress its answers
    #[arg(long, global = true, num_args = 0..=1, require_equals = true, default_value_t, default_missing_value = "true",
          hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    disable_compression: bool,
    #[command(flatten)]
    without_effect: WithoutEffect,
}

/// Options of kubectl that mean nothing here (its logs, its profiler, its cache). Scripts that pass them must go on.
#[derive(Clone, Debug, Default, Args)]
struct WithoutEffect {
    #[arg(long, global = true, hide = true)]
    cache_dir: Option<String>,
    #[arg(long, global = true, hide = true)]
    kuberc: Option<String>,
    #[arg(long, global = true, hide = true)]
    log_flush_frequency: Option<String>,
    #[arg(long, global = true, hide = true, num_args = 0..=1, require_equals = true)]
    match_server_version: Vec<String>,
    #[arg(long, global = true, hide = true)]
    profile: Option<String>,
    #[arg(long, global = true, hide = true)]
    profile_output: Option<String>,
    #[arg(short = 'v', long = "v", global = true, hide = true)]
    verbosity: Option<String>,
    #[arg(long, global = true, hide = true)]
    vmodule: Option<String>,
    #[arg(long, global = true, hide = true, num_args = 0..=1, require_equals = true)]
    warnings_as_errors: Vec<String>,
}

impl KubectlArgs {
    /// Tells a request where the cluster is.
    pub(super) fn apply_to(&self, scope: &mut Scope) {
        scope.namespace.clone_from(&self.namespace);
        scope.connection = Connection {
            kubeconfig: self.kubeconfig.as_deref().map(absolute),
            context: self.context.clone(),
            cluster: self.cluster.clone(),
            user: self.user.clone(),
            server: self.server.clone(),
            impersonate: self.impersonate.clone(),
            impersonate_groups: self.impersonate_groups.clone(),
            impersonate_uid: self.impersonate_uid.clone(),
            impersonate_extra: self.impersonate_extra.clone(),
            tls_server_name: self.tls_server_name.clone(),
            insecure_skip_tls_verify: self.insecure_skip_tls_verify,
            accept_expired_server: self.accept_expired_server,
            disable_compression: self.disable_compression,
            certificate_authority: self.certificate_authority.clone(),
            client_certificate: self.client_certificate.clone(),
            client_key: self.client_key.clone(),
            request_timeout: self.request_timeout.filter(|timeout| timeout.0 > 0),
            token: self.token.clone(),
        };
    }
}

/// Durations as Go writes them (`1m30s`, `500ms`), and plain numbers for seconds. Never less than a second, but for 0.
fn go_duration(text: &str) -> Result<Span, String> {
    let wrong = || format!("'{text}' is not a duration (for example 30s, 1m30s, 2h)");
    let seconds = |number: &str, unit: f64| number.parse::<f64>().ok().filter(|n| *n >= 0.0).map(|n| n * unit);
    let mut total = 0.0;
    let mut rest = text;
    if rest.bytes().all(|byte| byte.is_ascii_digit()) {
        total = seconds(rest, 1.0).ok_or_else(wrong)?;
        rest = "";
    }
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let unit = rest[number..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| number + at);
        let factor = match &rest[number..unit] {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return Err(wrong()),
        };
        total += seconds(&rest[..number], factor).ok_or_else(wrong)?;
        rest = &rest[unit..];
    }
    if text.is_empty() || total > 1e9 {
        return Err(wrong());
    }
    #[expect(clippy::cast_possible_truncation, reason = "it is between 0 and a thousand million")]
    Ok(Span(total.ceil() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        for (text, seconds) in
            [("0", 0), ("0s", 0), ("5", 5), ("1m30s", 90), ("1.5h", 5400), ("500ms", 1), ("1h1m1s1ms", 3662)]
        {
            assert_eq!(go_duration(text), Ok(Span(seconds)), "{text}");
        }
        for text in ["", "x", "s", "1", "-1s", "1x", "1s ", "1..5s", "9999999999h"] {
            assert!(go_duration(text).is_err() || text == "1", "{text}");
        }
    }
}
