//! What lets somebody in by being shown, with an end like a certificate's. The token itself is never here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Time;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    pub kind: TokenKind,
    /// Whom it lets in, as far as it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Who gave it, as far as it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<Time>,
    /// Absent where it does not end, or does not say when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// Says itself until when it is good (RFC 7519).
    Jwt,
    Opaque,
}

impl TokenKind {
    /// For tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jwt => "jwt",
            Self::Opaque => "opaque",
        }
    }
}
