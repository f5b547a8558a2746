//! Everything that one reading found, and what it could not see.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CertId, Certificate, Entry, Location, Time, Use};

#[derive(Clone, Debug, Default)]
pub struct Inventory {
    pub read_at: Time,
    pub layouts: Vec<FoundLayout>,
    pub certificates: BTreeMap<CertId, Certificate>,
    /// Kept only where signatures are going to be verified.
    pub der: BTreeMap<CertId, Vec<u8>>,
    pub entries: Vec<Entry>,
    pub uses: Vec<Use>,
    /// Who relies on which bundle when it meets which identity.
    pub edges: Vec<TrustEdge>,
    /// Nodes whose kubelet does not make its serving certificate itself, and why, as a sentence.
    pub serving_given: BTreeMap<Option<String>, String>,
    pub gaps: Vec<Gap>,
}

impl Inventory {
    pub fn entry(&self, at: &Location) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.at == *at)
    }

    /// The certificate that a component presents from `at`.
    pub fn leaf(&self, at: &Location) -> Option<&Certificate> {
        self.certificates.get(self.entry(at)?.leaf()?)
    }

    /// Each certificate of each entry, with its place in the order of listing.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.entries.iter().flat_map(|entry| self.rows_of(entry))
    }

    pub fn rows_of<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = Row<'a>> {
        (0..entry.certificates().len()).filter_map(|index| self.row(entry, index))
    }

    /// The certificate at this position of an entry, from 0.
    pub fn row<'a>(&'a self, entry: &'a Entry, index: usize) -> Option<Row<'a>> {
        let ids = entry.certificates();
        let certificate = self.certificates.get(ids.get(index)?)?;
        Some(Row { entry, index, certificate, single: ids.len() == 1 })
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
}

impl FoundLayout {
    /// Where a path of the layout's table lies on that disk.
    pub fn place(&self, path: &str) -> Location {
        Location::file_on(self.node.as_deref(), self.path(path))
    }

    /// The same, as that node calls it.
    pub fn path(&self, path: &str) -> String {
        path_on_disk(&self.root, &self.base, path)
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
    BadKey,
    BadKubeconfig,
    BadPem,
    Forbidden,
    NoCertificateFound,
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
            Self::BadKey => "bad-key",
            Self::BadKubeconfig => "bad-kubeconfig",
            Self::BadPem => "bad-pem",
            Self::Forbidden => "forbidden",
            Self::NoCertificateFound => "no-certificate-found",
            Self::NotAFile => "not-a-file",
            Self::NotFound => "not-found",
            Self::PermissionDenied => "permission-denied",
            Self::ReadFailed => "read-failed",
            Self::TooLarge => "too-large",
            Self::Unreachable => "unreachable",
        }
    }
}
