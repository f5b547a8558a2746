//! One certificate, reduced to what people ask about and what decisions need.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CertId, KeyId, NameKey, Time};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// SHA-256 of the DER, lower-case hex.
    pub fingerprint: CertId,
    /// RFC 4514 text, the last attribute of the DER first, as kubectl and Go print it.
    pub subject: String,
    pub issuer: Arc<str>,
    /// Hexadecimal, upper case, as openssl prints it; a leading `-` marks a negative one.
    pub serial: String,
    pub not_before: Time,
    pub not_after: Time,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_names: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ip_addresses: Vec<String>,
    /// E-mail addresses, URIs and other names, each with its kind in front.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    pub key_usages: Arc<[String]>,
    #[serde(default, skip_serializing_if = "<[String]>::is_empty")]
    pub extended_key_usages: Arc<[String]>,
    pub is_authority: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u32>,
    /// X.509 version as people count it: 1 or 3.
    pub version: u32,
    pub key_algorithm: Arc<str>,
    pub signature_algorithm: Arc<str>,
    /// SHA-256 of the public key (SPKI), lower-case hex.
    pub public_key: KeyId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_key_id: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority_key_id: Option<Arc<str>>,
    #[serde(skip, default = "no_name")]
    pub subject_key: NameKey,
    #[serde(skip, default = "no_name")]
    pub issuer_key: NameKey,
}

fn mark(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

fn no_name() -> NameKey {
    NameKey([0; 32])
}

impl Certificate {
    /// Subject and issuer are the same name. Says nothing of the signature.
    pub fn names_itself_as_issuer(&self) -> bool {
        self.subject_key == self.issuer_key
    }

    /// The common name, or the whole subject where there is none, for places with little room.
    pub fn short_name(&self) -> &str {
        self.subject
            .split(',')
            .find_map(|part| part.strip_prefix("CN="))
            .or_else(|| self.dns_names.first().map(String::as_str))
            .unwrap_or(&self.subject)
    }

    /// Tells authorities of one name apart: the beginning of the subject key id, or of the key's digest where there is none.
    pub fn key_mark(&self) -> String {
        match &self.subject_key_id {
            Some(id) => mark(id).to_owned(),
            None => mark(&self.public_key.short()).to_owned(),
        }
    }

    /// The same of its issuer, as far as the certificate tells.
    pub fn issuer_key_mark(&self) -> Option<&str> {
        self.authority_key_id.as_deref().map(mark)
    }

    pub fn is_expired(&self, now: Time) -> bool {
        self.not_after < now
    }
}
