//! Who uses the material of an entry, for what, and what that process has loaded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CertId, Location, Time};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Use {
    pub component: String,
    pub purpose: Purpose,
    pub place: Location,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<CertId>,
    pub loaded: Loaded,
    pub takes_effect: TakesEffect,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Purpose {
    /// Presents it to clients; `address` is `HOST:PORT` where the process was seen to listen.
    Serve { address: Option<String> },
    /// Presents it as a client of this server.
    ClientOf { server: String },
    /// Accepts peers of this kind because of it.
    Trust { peers: String },
    /// Issues certificates with it.
    Sign { what: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Loaded {
    /// What the process works with, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertId>,
    pub evidence: Evidence,
    /// When the process started, where one was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Time>,
    /// When the file was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Time>,
}

/// How it is known what a process has loaded, the strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Evidence {
    /// Seen in a TLS handshake.
    Handshake,
    /// The component reads it again for each connection it opens or accepts.
    ReadOnEachUse,
    /// The process started after the material was last written.
    ProcessYounger,
    /// The process started before the material was last written, and reads it at its start only.
    ProcessOlder,
    /// No process on this machine uses it: it is loaded at the next start.
    NotRunning,
    /// Nothing observed; what usually holds.
    Assumed,
}

impl Evidence {
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Handshake => "seen in a TLS handshake",
            Self::ReadOnEachUse => "the component reads it for each connection",
            Self::ProcessYounger => "the process started after it was written",
            Self::ProcessOlder => "the process started before it was written",
            Self::NotRunning => "no process here uses it; loaded at the next start",
            Self::Assumed => "assumed, not observed",
        }
    }
}

/// When a component takes notice of new material (sources: facts of Kubernetes 1.36 and etcd 3.6, see the layouts).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum TakesEffect {
    EachHandshake,
    /// The component watches the file; new connections get it within seconds.
    Watch,
    /// The component looks again after this many seconds.
    Timer {
        seconds: u32,
    },
    Restart,
}
