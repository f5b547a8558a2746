//! Who in the cluster relies on a Secret or ConfigMap, and whom the API server calls.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Endpoint, Location, Place};

/// An object of the cluster that is named and not read further.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObjectRef {
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    pub name: String,
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Consumer {
    /// A key of a Secret or ConfigMap; `*` for all of its keys.
    pub of: Location,
    /// A workload, an Ingress, a Gateway, or whoever has the API server call what it serves.
    pub by: ObjectRef,
    pub how: Relies,
    /// How many of its pods run.
    #[serde(default, skip_serializing_if = "is_none")]
    pub pods: usize,
    /// Of those, the ones that started before the object was last changed and see what is new only when they start again.
    #[serde(default, skip_serializing_if = "is_none")]
    pub older_pods: usize,
    /// Where it is presented to clients, as far as that is known without a connection.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<Location>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_none(count: &usize) -> bool {
    *count == 0
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Relies {
    /// Mounted; the kubelet puts what is new into running pods within about a minute, the process need not read it.
    Volume,
    /// A single file or folder of it is mounted (`subPath`): a container keeps what was there when it started.
    SubPath,
    /// In variables of the environment: a container keeps what was there when it started.
    Environment,
    /// An Ingress or Gateway names it.
    Listener,
    /// A webhook or aggregated API is served by pods that mount it.
    Called,
}

impl Consumer {
    /// Is it about what lies in this place?
    pub fn is_of(&self, place: &Place) -> bool {
        match (&self.of.place, place.whole()) {
            (
                Place::Secret { namespace, name, key },
                Place::Secret { namespace: own_namespace, name: own_name, key: own },
            ) => namespace == own_namespace && name == own_name && (&**key == "*" || key == own),
            (
                Place::ConfigMap { namespace, name, key },
                Place::ConfigMap { namespace: own_namespace, name: own_name, key: own },
            ) => namespace == own_namespace && name == own_name && (key == "*" || key == own),
            _ => false,
        }
    }
}

/// A server that the API server calls, and the bundle that it verifies it with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Called {
    pub bundle: Location,
    /// Whoever says so: a webhook's configuration, an APIService, a CustomResourceDefinition.
    pub by: ObjectRef,
    /// Absent where it is called by an address.
    pub service: Option<ServicePort>,
    /// `tls://NAME.NAMESPACE.svc:PORT`, or that of the address. A certificate must be for this name.
    pub endpoint: Location,
    /// The object has a bundle; otherwise the authorities of the API server's machine count.
    pub has_bundle: bool,
}

/// A name by which clients call a server, so that its certificate must be for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedName {
    /// Where the server has its certificate.
    pub presented: Location,
    pub name: String,
    /// Who calls it so, for sentences.
    pub by: String,
    /// Nobody works without; other names may be for nobody here.
    pub is_needed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServicePort {
    pub namespace: String,
    pub name: String,
    pub port: u16,
}

impl ServicePort {
    pub fn endpoint(&self) -> Location {
        Location::from(Place::Endpoint(Endpoint::tls(format!("{}.{}.svc", self.name, self.namespace), self.port)))
    }
}
