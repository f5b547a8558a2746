//! kubectl's options beat what the kubeconfig says (client-go: `tools/clientcmd/client_config.go`).

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::Chosen;
use crate::error::Error;
use crate::request::Connection;

pub(super) fn apply(chosen: &mut Chosen, connection: &Connection) -> Result<(), Error> {
    let cluster = &mut chosen.server_entry;
    if connection.server.is_some() {
        cluster.server.clone_from(&connection.server);
        // The name in the kubeconfig is that of the server in the kubeconfig.
        cluster.tls_server_name.clone_from(&connection.tls_server_name);
    }
    if connection.tls_server_name.is_some() {
        cluster.tls_server_name.clone_from(&connection.tls_server_name);
    }
    if connection.insecure_skip_tls_verify || connection.certificate_authority.is_some() {
        cluster.insecure_skip_tls_verify = connection.insecure_skip_tls_verify;
        cluster.certificate_authority_data = None;
        cluster.certificate_authority.clone_from(&connection.certificate_authority);
    }
    cluster.disable_compression |= connection.disable_compression;
    let user = &mut chosen.user_entry;
    if connection.client_certificate.is_some() {
        user.client_certificate_data = None;
        user.client_certificate.clone_from(&connection.client_certificate);
    }
    if connection.client_key.is_some() {
        user.client_key_data = None;
        user.client_key.clone_from(&connection.client_key);
    }
    if let Some(token) = &connection.token {
        user.token = Some(Zeroizing::new(token.clone()));
        user.token_file = None;
    }
    if connection.impersonate.is_some() {
        user.impersonate.clone_from(&connection.impersonate);
    }
    if connection.impersonate_uid.is_some() {
        user.impersonate_uid.clone_from(&connection.impersonate_uid);
    }
    if !connection.impersonate_groups.is_empty() {
        user.impersonate_groups.clone_from(&connection.impersonate_groups);
    }
    if !connection.impersonate_extra.is_empty() {
        user.impersonate_extra = extra(&connection.impersonate_extra)?;
    }
    let acts =
        !user.impersonate_groups.is_empty() || user.impersonate_uid.is_some() || !user.impersonate_extra.is_empty();
    if user.impersonate.is_none() && acts {
        return Err(Error::usage("--as-uid, --as-group and --as-user-extra need --as"));
    }
    Ok(())
}

/// `KEY=VALUE`, a key as often as it has values.
fn extra(words: &[String]) -> Result<BTreeMap<String, Vec<String>>, Error> {
    let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for word in words {
        let (key, value) = word
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Error::usage(format!("--as-user-extra is KEY=VALUE, not '{word}'")))?;
        extra.entry(key.to_owned()).or_default().push(value.to_owned());
    }
    Ok(extra)
}
