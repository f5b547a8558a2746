//! One place that holds certificate material, and what was found there.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CertId, KeyId, Location, Managed, ObjectRef, SigningRequest, Time, Token};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub at: Location,
    pub holds: Holds,
    pub key: KeyState,
    /// Public half of the key that was found, SHA-256 of its SPKI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_public: Option<KeyId>,
    /// Where the private key lies when that is another place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_at: Option<Box<Location>>,
    pub origin: Arc<Origin>,
    /// SHA-256 of the file or value as it was read, so that a change meanwhile is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The same for the key, where it lies elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_digest: Option<String>,
    /// Other places that hold the same under the same name, and are told of here alone: copies that a controller puts
    /// into every namespace.
    #[serde(default, skip_serializing_if = "<[Location]>::is_empty")]
    pub also_in: Box<[Location]>,
}

impl Entry {
    /// The certificates here, in the order in which they are stored.
    pub fn certificates(&self) -> &[CertId] {
        match &self.holds {
            Holds::Chain(ids) | Holds::Bundle(ids) => ids,
            Holds::PublicKey(_) | Holds::Request(_) | Holds::Managed(_) | Holds::Token(_) => &[],
        }
    }

    /// The certificate that a component presents from here.
    pub fn leaf(&self) -> Option<&CertId> {
        match &self.holds {
            Holds::Chain(ids) => ids.first(),
            Holds::Bundle(_) | Holds::PublicKey(_) | Holds::Request(_) | Holds::Managed(_) | Holds::Token(_) => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Holds {
    /// An identity: the leaf first, then what is presented with it.
    Chain(Vec<CertId>),
    /// Trusted authorities, each by itself.
    Bundle(Vec<CertId>),
    /// A bare public key, such as the service-account key.
    PublicKey(KeyId),
    /// A request for a certificate that nobody has answered here.
    Request(Box<SigningRequest>),
    /// An object of cert-manager that keeps or signs certificates.
    Managed(Box<Managed>),
    Token(Box<Token>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum KeyState {
    /// No private key belongs here, or none was found.
    Absent,
    Matches,
    Differs,
    /// There is one, but it could not be read.
    Unreadable,
}

/// What put this entry where it is, and what it is called there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// Name of the layout whose table lists this place, such as `kubeadm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout: Option<String>,
    /// The layout's own name for it: `apiserver-etcd-client`, `admin.conf`, `ca`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The layout's name of the authority that signs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// Something renews it by itself at the latest when this share of its lifetime has passed, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_at_percent: Option<u8>,
    /// A copy that was put aside; nothing uses it.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub backup: bool,
    /// Why the components of Kubernetes do not see a certificate that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Box<str>>,
    /// Who keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Box<Owner>>,
}

/// An object whose controller writes an entry, so that nobody else should.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// The program: `cert-manager`, `trust-manager`.
    pub by: String,
    pub object: ObjectRef,
    /// When it is going to renew it next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Time>,
}
