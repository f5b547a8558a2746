//! Where an identity (certificate and key) is kept on a node, with the paths resolved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum IdentityStore {
    Pair { certificate: String, key: String },
    Combined { path: String },
    Kubeconfig { path: String, user: String },
}

impl IdentityStore {
    /// The files it consists of, the key first: so they are written.
    pub fn paths(&self) -> Vec<String> {
        match self {
            Self::Pair { certificate, key } => vec![key.clone(), certificate.clone()],
            Self::Combined { path } | Self::Kubeconfig { path, .. } => vec![path.clone()],
        }
    }

    pub fn key_path(&self) -> &str {
        match self {
            Self::Pair { key, .. } => key,
            Self::Combined { path } | Self::Kubeconfig { path, .. } => path,
        }
    }
}
