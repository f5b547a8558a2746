//! What a request for a certificate asks for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::KeyId;

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
}
