//! Everything that one reading found, and what it could not see.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AskedName, Called, CertId, Certificate, Certificates, Consumer, Entry, Handshake, Holds, Location, Rights, Time,
    Use,
};

#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub read_at: Time,
    pub layouts: Vec<FoundLayout>,
    pub certificates: Certificates,
    /// Empty where no signature is going to be verified: most of what a certificate takes.
    pub der: BTreeMap<CertId, Vec<u8>>,
    /// No DER is to be kept.
    pub without_der: bool,
    pub entries: Vec<Entry>,
    pub uses: Vec<Use>,
    /// Who relies on which bundle when it meets which identity.
    pub edges: Vec<TrustEdge>,
    /// Nodes whose kubelet does not make its serving certificate itself, and why, as a sentence.
    pub serving_given: BTreeMap<Option<String>, String>,
    /// What servers told beside their chains, by the place of the entry.
    pub handshakes: BTreeMap<Location, Handshake>,
    pub gaps: Vec<Gap>,
    /// Who relies on Secrets and ConfigMaps, where that was asked for.
    pub consumers: Vec<Consumer>,
    /// What could not be asked about them: no gap in what there is.
    pub unseen: Vec<Gap>,
    /// Whom the API server calls.
    pub calls: Vec<Called>,
    /// By which names the servers of a disk are called.
    pub asked_names: Vec<AskedName>,
    /// Of files with private keys that others than their owner may read.
    pub key_rights: BTreeMap<Location, Rights>,
}

impl Inventory {
    pub fn entry(&self, at: &Location) -> Option<&Entry> {
        // In the order of places, as a reading leaves them; what was added since is found all the same.
        let found = self.entries.binary_search_by(|entry| entry.at.cmp(at)).ok();
        found.and_then(|number| self.entries.get(number)).or_else(|| self.entries.iter().find(|entry| entry.at == *at))
    }

    /// The certificate that a component presents from `at`.
    pub fn leaf(&self, at: &Location) -> Option<&Certificate> {
        self.certificates.get(self.entry(at)?.leaf()?)
    }

    /// Each certificate of each entry, with its place in the order of listing.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.entries.iter().enumerate().flat_map(move |(number, entry)| {
            let ids = entry.certificates();
            ids.iter().enumerate().filter_map(move |(index, id)| {
                let certificate = self.certificates.get(id)?;
                Some(Row { entry, number, index, certificate, single: ids.len() == 1 })
            })
        })
    }

    /// The row at `index` of the entry at `number`.
    pub fn row(&self, number: usize, index: usize) -> Option<Row<'_>> {
        let entry = self.entries.get(number)?;
        let ids = entry.certificates();
        let certificate = self.certificates.get(ids.get(index)?)?;
        Some(Row { entry, number, index, certificate, single: ids.len() == 1 })
    }

    /// Takes over what another reading found; of one place that both reached, what was there before stays.
    pub fn merge(&mut self, part: Self) {
        self.layouts.extend(part.layouts);
        self.certificates.extend(part.certificates);
        self.der.extend(part.der);
        // The larger one is not copied: there may be a hundred thousand.
        let mut entries = part.entries;
        if entries.len() > self.entries.len() {
            entries.splice(0..0, self.entries.drain(..));
            self.entries = entries;
        } else {
            self.entries.append(&mut entries);
        }
        self.uses.extend(part.uses);
        self.edges.extend(part.edges);
        self.serving_given.extend(part.serving_given);
        self.handshakes.extend(part.handshakes);
        self.gaps.extend(part.gaps);
        self.consumers.extend(part.consumers);
        self.unseen.extend(part.unseen);
        self.calls.extend(part.calls);
        self.asked_names.extend(part.asked_names);
        self.key_rights.extend(part.key_rights);
    }

    /// In the order of places, and each place once: two readers may reach one (a kubeconfig in use that also lies in a
    /// folder that was read).
    pub fn sort(&mut self) {
        self.entries.sort_by(|a, b| a.at.cmp(&b.at));
        self.entries.dedup_by(|later, earlier| later.at == earlier.at);
        self.gaps.sort_by(|a, b| a.at.cmp(&b.at));
    }
}

impl Inventory {
    /// The layout that names this entry, as it was found on its node.
    pub fn layout_of(&self, entry: &Entry) -> Option<&FoundLayout> {
        let name = entry.origin.layout.as_ref()?;
        self.layouts.iter().find(|found| found.name == *name && found.node.as_deref() == entry.at.node())
    }

    /// Requests, tokens and objects of cert-manager: what is no certificate and has an end or a state all the same.
    pub fn others(&self) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(|entry| matches!(entry.holds, Holds::Request(_) | Holds::Managed(_) | Holds::Token(_)))
    }
}

/// Whoever has `bundle` verifies with it what is presented from `presented`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrustEdge {
    pub bundle: Location,
    pub presented: Location,
}

/// One certificate in one place.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub entry: &'a Entry,
    /// Position of the entry in the inventory.
    pub number: usize,
    /// Position in the entry, from 0.
    pub index: usize,
    pub certificate: &'a Certificate,
    /// Nothing else lies in that entry.
    pub single: bool,
}

impl Row<'_> {
    /// A name that every command accepts and that means this certificate alone.
    pub fn target(&self) -> Location {
        if self.single { self.entry.at.clone() } else { self.entry.at.clone().numbered(self.index + 1) }
    }
}

/// A layout (a distribution's way of laying out its files) that was recognised, and by what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FoundLayout {
    pub name: String,
    /// Absent for this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Where that node's disk is seen.
    pub root: String,
    /// The folder that its table is relative to.
    pub base: String,
    pub why: String,
    /// Paths of the table that lie elsewhere on this disk, because a component is told so, and where.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<String, String>,
    /// Who renews its leaves; absent where this program can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_by: Option<String>,
}

impl FoundLayout {
    /// Where a path of the layout's table lies on that disk.
    pub fn place(&self, path: &str) -> Location {
        Location::file_on(self.node.as_deref(), self.path(path))
    }

    /// The same, as that node calls it.
    pub fn path(&self, path: &str) -> String {
        let moved = self.moved.get(path).cloned();
        moved.unwrap_or_else(|| path_on_disk(&self.root, &self.base, path))
    }
}

/// Where a path of a layout's table lies: an absolute one below the root of the disk, any other below the layout's folder.
pub fn path_on_disk(root: &str, base: &str, path: &str) -> String {
    let below = match path.strip_prefix('/') {
        Some(absolute) => Path::new(root).join(absolute),
        None => Path::new(base).join(path),
    };
    below.to_string_lossy().into_owned()
}

/// Something that was asked for and could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    pub at: Location,
    pub reason: GapReason,
    pub message: String,
}

/// Stable codes; scripts match on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GapReason {
    BadCertificate,
    /// A structured document (JSON, YAML) that is none.
    BadDocument,
    /// A Java keystore that cannot be read.
    BadJks,
    BadKey,
    BadKubeconfig,
    /// The password at hand does not open it, or none is at hand.
    BadPassword,
    BadPem,
    BadPkcs12,
    BadRequest,
    BadToken,
    /// The API server's certificate has expired; nothing else is wrong with it.
    ExpiredServer,
    Forbidden,
    NoCertificateFound,
    /// An exec plugin or a token file gave none.
    NoCredentials,
    /// A folder, a FIFO or a device where a file is wanted.
    NotAFile,
    NotFound,
    PermissionDenied,
    ReadFailed,
    TooLarge,
    Unreachable,
}

impl GapReason {
    /// As printed; the same text as on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::BadCertificate => "bad-certificate",
            Self::BadDocument => "bad-document",
            Self::BadJks => "bad-jks",
            Self::BadKey => "bad-key",
            Self::BadKubeconfig => "bad-kubeconfig",
            Self::BadPassword => "bad-password",
            Self::BadPem => "bad-pem",
            Self::BadPkcs12 => "bad-pkcs12",
            Self::BadRequest => "bad-request",
            Self::BadToken => "bad-token",
            Self::ExpiredServer => "expired-server",
            Self::Forbidden => "forbidden",
            Self::NoCertificateFound => "no-certificate-found",
            Self::NoCredentials => "no-credentials",
            Self::NotAFile => "not-a-file",
            Self::NotFound => "not-found",
            Self::PermissionDenied => "permission-denied",
            Self::ReadFailed => "read-failed",
            Self::TooLarge => "too-large",
            Self::Unreachable => "unreachable",
        }
    }
}
