//! Objects of cert-manager: who keeps a certificate in a Secret, and who signs for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Location, Time};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ManagedKind {
    Certificate,
    CertificateRequest,
    ClusterIssuer,
    Issuer,
}

impl ManagedKind {
    pub const ALL: [Self; 4] = [Self::Certificate, Self::CertificateRequest, Self::ClusterIssuer, Self::Issuer];

    /// What its names begin with; also its kind in lower case, for tables.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::CertificateRequest => "certificaterequest",
            Self::ClusterIssuer => "clusterissuer",
            Self::Issuer => "issuer",
        }
    }

    pub fn kind(self) -> &'static str {
        match self {
            Self::Certificate => "Certificate",
            Self::CertificateRequest => "CertificateRequest",
            Self::ClusterIssuer => "ClusterIssuer",
            Self::Issuer => "Issuer",
        }
    }

    pub fn is_namespaced(self) -> bool {
        self != Self::ClusterIssuer
    }
}

/// A Certificate, Issuer or ClusterIssuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Managed {
    pub state: ManagedState,
    /// cert-manager's own words for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The Secret that it keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Location>,
    /// `Issuer NAME`, `ClusterIssuer NAME`, or another kind with its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Time>,
    /// When it is to be renewed next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Time>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ManagedState {
    Ready,
    NotReady,
    /// Nothing has said yet whether it is.
    Unknown,
}

impl ManagedState {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not-ready",
            Self::Unknown => "unknown",
        }
    }
}
