//! A list of certificates: the inventory, and which rows of it in which order. The rows are made when they are written, so
//! that fifty thousand of them take no memory of their own.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::findings;
use crate::model::{Certificate, Entry, Gap, Inventory, Location, NameKey, Row, Time};

#[derive(Debug)]
pub struct Listing {
    /// Without DER.
    pub inventory: Inventory,
    pub rows: Vec<RowAt>,
    /// A layout's own name means the same in the next command.
    pub named: bool,
    /// The only one that was looked at.
    pub namespace: Option<String>,
    pub gaps: Vec<Gap>,
    pub now: Time,
    /// Names that several authorities have: these are told apart by their keys.
    pub shared_names: BTreeSet<NameKey>,
}

/// Position of an entry in the inventory, and of a certificate in it.
#[derive(Clone, Copy, Debug)]
pub struct RowAt {
    pub entry: usize,
    pub index: usize,
}

impl Listing {
    pub fn rows(&self) -> impl Iterator<Item = Listed> {
        self.rows.iter().filter_map(|at| {
            let row = self.inventory.row(self.inventory.entries.get(at.entry)?, at.index)?;
            Some(Listed::of(&row, self.now))
        })
    }

    /// Names of authorities that stand for more than one key.
    pub fn shared_names(inventory: &Inventory) -> BTreeSet<NameKey> {
        let mut keys = BTreeMap::new();
        let mut shared = BTreeSet::new();
        for authority in inventory.certificates.values().filter(|certificate| certificate.is_authority) {
            let first = keys.entry(&authority.subject_key).or_insert(&authority.public_key);
            if *first != &authority.public_key {
                shared.insert(authority.subject_key.clone());
            }
        }
        shared
    }

    /// The subject's short name, with what tells it from others of that name.
    pub fn subject(&self, certificate: &Certificate) -> String {
        let name = certificate.short_name();
        if certificate.is_authority && self.shared_names.contains(&certificate.subject_key) {
            format!("{name}({})", certificate.key_mark())
        } else {
            name.to_owned()
        }
    }

    /// Who signed it, as it says itself: signatures are not verified for a list.
    pub fn signer(&self, certificate: &Certificate) -> String {
        if certificate.names_itself_as_issuer() {
            return "itself".to_owned();
        }
        let issuer = &certificate.issuer;
        let name = issuer.split(',').find_map(|part| part.strip_prefix("CN=")).unwrap_or(issuer);
        if self.shared_names.contains(&certificate.issuer_key) {
            format!("{name}({})", certificate.issuer_key_mark().unwrap_or("?"))
        } else {
            name.to_owned()
        }
    }
}

/// One certificate in one place.
#[derive(Debug)]
pub struct Listed {
    pub target: Location,
    pub entry: Entry,
    pub certificate: Certificate,
    pub state: State,
}

impl Listed {
    pub fn of(row: &Row<'_>, now: Time) -> Self {
        Self {
            target: row.target(),
            entry: row.entry.clone(),
            certificate: row.certificate.clone(),
            state: State::of(row, now),
        }
    }

    /// A name for people that the same command takes as a target. The layout's name is that of the first certificate.
    pub fn label(&self, named: bool) -> String {
        let first = self.target.number.is_none_or(|number| number == 1);
        let name = self.entry.origin.name.clone().filter(|_| first && named);
        name.unwrap_or_else(|| self.target.to_string())
    }
}

/// In the order of `--sort state`: the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Expired,
    NotYetValid,
    Expiring,
    Valid,
}

impl State {
    pub fn of(row: &Row<'_>, now: Time) -> Self {
        if row.certificate.is_expired(now) {
            Self::Expired
        } else if row.certificate.not_before > now {
            Self::NotYetValid
        } else if findings::expiring_severity(row.certificate, row.entry, now).is_some() {
            Self::Expiring
        } else {
            Self::Valid
        }
    }

    /// As printed, and as on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Expiring => "expiring",
            Self::Valid => "valid",
        }
    }
}
