//! What stands in a kubeconfig, field by field, as client-go reads it (`tools/clientcmd/api/v1`). Unknown fields are passed
//! over, and `null` is as good as a field that is absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Kubeconfig {
    pub kind: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub clusters: Vec<NamedCluster>,
    #[serde(deserialize_with = "or_default")]
    pub users: Vec<NamedUser>,
    #[serde(deserialize_with = "or_default")]
    pub contexts: Vec<NamedContext>,
    #[serde(deserialize_with = "or_default")]
    pub current_context: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NamedCluster {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub cluster: Cluster,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Cluster {
    #[serde(deserialize_with = "none_where_empty")]
    pub server: Option<String>,
    #[serde(deserialize_with = "none_where_empty")]
    pub tls_server_name: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub insecure_skip_tls_verify: bool,
    #[serde(deserialize_with = "none_where_empty")]
    pub certificate_authority: Option<String>,
    #[serde(deserialize_with = "none_where_empty")]
    pub certificate_authority_data: Option<String>,
    /// May hold a password.
    #[serde(deserialize_with = "none_where_empty")]
    pub proxy_url: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub disable_compression: bool,
    #[serde(deserialize_with = "or_default")]
    pub extensions: Vec<Extension>,
}

/// Only those for exec plugins count: `client.authentication.k8s.io/exec`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Extension {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    pub extension: serde_json::Value,
}

impl core::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Cluster").field("server", &self.server).finish_non_exhaustive()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NamedUser {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub user: User,
}

/// No field of it is ever printed.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct User {
    #[serde(deserialize_with = "none_where_empty")]
    pub client_certificate: Option<String>,
    #[serde(deserialize_with = "none_where_empty")]
    pub client_certificate_data: Option<String>,
    #[serde(deserialize_with = "none_where_empty")]
    pub client_key: Option<String>,
    pub client_key_data: Option<Zeroizing<String>>,
    pub token: Option<Zeroizing<String>>,
    #[serde(rename = "tokenFile", deserialize_with = "none_where_empty")]
    pub token_file: Option<String>,
    #[serde(rename = "as", deserialize_with = "none_where_empty")]
    pub impersonate: Option<String>,
    #[serde(rename = "as-uid", deserialize_with = "none_where_empty")]
    pub impersonate_uid: Option<String>,
    #[serde(rename = "as-groups", deserialize_with = "or_default")]
    pub impersonate_groups: Vec<String>,
    #[serde(rename = "as-user-extra", deserialize_with = "or_default")]
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    #[serde(deserialize_with = "none_where_empty")]
    pub username: Option<String>,
    pub password: Option<Zeroizing<String>>,
    pub auth_provider: Option<AuthProvider>,
    pub exec: Option<Exec>,
}

impl core::fmt::Debug for User {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("User(…)")
    }
}

/// How people logged in before there were exec plugins; kubectl still understands `oidc`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct AuthProvider {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub config: BTreeMap<String, Zeroizing<String>>,
}

/// A program that gives credentials. Its arguments and variables may hold secrets.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Exec {
    #[serde(deserialize_with = "or_default")]
    pub api_version: String,
    #[serde(deserialize_with = "or_default")]
    pub command: String,
    #[serde(deserialize_with = "or_default")]
    pub args: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<ExecVariable>,
    #[serde(deserialize_with = "none_where_empty")]
    pub install_hint: Option<String>,
    #[serde(deserialize_with = "or_default")]
    pub provide_cluster_info: bool,
    #[serde(deserialize_with = "none_where_empty")]
    pub interactive_mode: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct ExecVariable {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub value: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct NamedContext {
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    #[serde(deserialize_with = "or_default")]
    pub context: Context,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Context {
    #[serde(deserialize_with = "or_default")]
    pub cluster: String,
    #[serde(deserialize_with = "or_default")]
    pub user: String,
    #[serde(deserialize_with = "none_where_empty")]
    pub namespace: Option<String>,
}

fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// Go knows no difference between an empty text and none.
fn none_where_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}
