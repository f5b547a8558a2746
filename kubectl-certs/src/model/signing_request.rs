//! What a request for a certificate asks for, and what became of it where it was filed with a cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{KeyId, Time};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SigningRequest {
    /// RFC 4514 text, as of certificates.
    pub subject: String,
    pub public_key: KeyId,
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub other_names: Vec<String>,
    /// Empty where it says nothing of them.
    pub key_usages: Vec<String>,
    pub extended_key_usages: Vec<String>,
    /// Present where it is an object of a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filed: Option<Filed>,
}

/// What the cluster says of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filed {
    /// The signer's name, or cert-manager's issuer.
    pub signer: String,
    /// Who asked, as the API server knew them.
    pub requester: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Time>,
    pub state: RequestState,
    /// Why it is in that state, as whoever decided wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What the certificate is to be used for, in Kubernetes' words. Signers go by these, not by those of the request itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usages: Vec<String>,
    /// The lifetime that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration_seconds: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RequestState {
    Pending,
    /// Somebody said yes, and no certificate is there yet.
    Approved,
    Denied,
    /// Approved, and the signer could not sign it.
    Failed,
    Issued,
}

impl RequestState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Issued => "issued",
        }
    }
}
