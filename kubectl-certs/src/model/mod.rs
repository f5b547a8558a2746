//! What exists, as plain data: certificates, where they live, who uses them.
//!
//! Nothing here reads, decides or prints; every other room speaks in these types.

mod certificate;
mod certificates;
mod consumer;
mod digest;
mod endpoint;
mod entry;
mod inventory;
mod location;
mod managed;
mod rights;
mod signing_request;
mod store;
mod time;
mod token;
mod use_;
mod wish;

pub use certificate::Certificate;
pub use certificates::Certificates;
pub use consumer::{AskedName, Called, Consumer, ObjectRef, Relies, ServicePort};
pub use digest::{CertId, KeyId, NameKey, NotADigest};
pub use endpoint::{Endpoint, Handshake, Protocol};
pub use entry::{Entry, Holds, KeyState, Origin, Owner};
pub use inventory::{FoundLayout, Gap, GapReason, Inventory, Row, TrustEdge, path_on_disk};
pub use location::{BundleKind, KubeconfigField, Location, LocationError, Place, Pointer, host_and_port, steers};
pub use managed::{Managed, ManagedKind, ManagedState};
pub use rights::Rights;
pub use signing_request::{Filed, RequestState, SigningRequest};
pub use store::IdentityStore;
pub use time::{Span, Time, TimeError};
pub use token::{Token, TokenKind};
pub use use_::{Evidence, Loaded, Purpose, TakesEffect, Use};
pub use wish::{KeyChoice, KeyKind, NoServerName, ServerName};
