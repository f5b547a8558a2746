//! Predicates that can be read off the world. They say whether an action is already done, and whether a phase may begin.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{World, on_node};
use crate::model::{CertId, Certificate, KeyChoice, KeyId, KeyKind, KeyState, Location, ServerName, Time};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Condition {
    /// A backup of the file is there and has this content.
    BackedUp { at: Location, digest: String },
    /// A key and a certificate that renew the old one lie ready.
    Staged { step: String, renewal: Box<Renewal> },
    /// The place holds a renewal of the old certificate with its key.
    Renewed { at: Location, renewal: Box<Renewal> },
    /// The server at this address presents what is stored there, and goes on doing so.
    Presents { address: String, at: Location },
    /// The place holds another certificate than this one, and its key.
    Remade { at: Location, old: CertId },
    /// The component's process is younger than what it reads at its start.
    Restarted { component: String, at: Location },
}

/// What makes a certificate the renewal of another one. Holds all that must be equal, since the old one will be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Renewal {
    pub old: CertId,
    pub old_key: KeyId,
    pub issuer: CertId,
    pub subject: String,
    pub names: Vec<String>,
    pub extended_key_usages: Vec<String>,
    pub not_after: Time,
    #[serde(default, skip_serializing_if = "NewKey::is_default")]
    pub key: NewKey,
}

/// What is wanted of the new certificate's key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NewKey {
    /// Not the old one.
    #[default]
    Another,
    /// Not the old one, and of this kind.
    OfKind(KeyKind),
    Old,
    /// One that exists already, and no other.
    This(KeyId),
}

impl NewKey {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How such a key is made; none for one that exists.
    pub fn choice(&self) -> Option<KeyChoice> {
        match self {
            Self::Another => Some(KeyChoice::LikeOld),
            Self::OfKind(kind) => Some(KeyChoice::Of(*kind)),
            Self::Old => Some(KeyChoice::Old),
            Self::This(_) => None,
        }
    }

    fn fault(&self, certificate: &Certificate, old: &KeyId) -> Option<&'static str> {
        let is_old = certificate.public_key == *old;
        match self {
            Self::Another | Self::OfKind(_) if is_old => Some("it has the old key"),
            Self::OfKind(kind) if *certificate.key_algorithm != *kind.name() => Some("its key is of another kind"),
            Self::This(key) if certificate.public_key != *key => Some("its key is not the one that was kept for it"),
            Self::Old if !is_old => Some("it has another key than the old one"),
            Self::Another | Self::OfKind(_) | Self::Old | Self::This(_) => None,
        }
    }
}

impl Renewal {
    pub fn of(old: &Certificate, issuer: &CertId, not_after: Time) -> Self {
        Self {
            old: old.fingerprint.clone(),
            old_key: old.public_key.clone(),
            issuer: issuer.clone(),
            subject: old.subject.clone(),
            names: names(old),
            extended_key_usages: old.extended_key_usages.to_vec(),
            not_after,
            key: NewKey::default(),
        }
    }

    /// With these names of `old` in addition.
    #[must_use]
    pub fn with_names(self, old: &Certificate, added: &[ServerName]) -> Self {
        Self { names: names(&with_names(old, added)), ..self }
    }

    /// Why `certificate` is not this renewal, or nothing.
    fn fault(&self, certificate: &Certificate, world: &World) -> Option<&'static str> {
        if certificate.fingerprint == self.old {
            Some("it is still the old certificate")
        } else if let Some(fault) = self.key.fault(certificate, &self.old_key) {
            Some(fault)
        } else if certificate.subject != self.subject {
            Some("its subject is another")
        } else if names(certificate) != self.names {
            Some("its names are others")
        } else if *certificate.extended_key_usages != *self.extended_key_usages {
            Some("its usages are others")
        } else if certificate.not_after != self.not_after {
            Some("its end is another")
        } else if !world.is_issued_by(&certificate.fingerprint, &self.issuer) {
            Some("it is not signed by the authority")
        } else {
            None
        }
    }
}

/// The certificate with more names; nothing else of it changes.
pub(super) fn with_names(old: &Certificate, added: &[ServerName]) -> Certificate {
    let mut new = old.clone();
    for name in added.iter().filter(|name| !name.is_in(&old.dns_names, &old.ip_addresses)) {
        match name {
            ServerName::Dns(name) => new.dns_names.push(name.clone()),
            ServerName::Ip(address) => new.ip_addresses.push(address.to_string()),
        }
    }
    new
}

fn names(certificate: &Certificate) -> Vec<String> {
    certificate.dns_names.iter().chain(&certificate.ip_addresses).chain(&certificate.other_names).cloned().collect()
}

impl Condition {
    /// What shows that it holds, or why it does not.
    pub fn holds(&self, world: &World) -> Result<String, String> {
        match self {
            Self::BackedUp { at, digest } => match world.backups.get(at) {
                Some(found) if found == digest => Ok(format!("{at} is backed up")),
                Some(_) => Err(format!("the backup of {at} has another content than the file had")),
                None => Err(format!("{at} is not backed up")),
            },
            Self::Staged { step, renewal } => match world.staged.get(step) {
                Some((key, Some(certificate))) if certificate.public_key == *key => {
                    match renewal.fault(certificate, world) {
                        None => Ok(format!("certificate {} is signed", short(&certificate.fingerprint))),
                        Some(fault) => Err(format!("the certificate staged for {step} is no renewal: {fault}")),
                    }
                }
                Some((_, Some(_))) => Err(format!("what is staged for {step} does not belong together")),
                Some((_, None)) => Err(format!("the certificate for {step} is not signed yet")),
                None => Err(format!("nothing is staged for {step}")),
            },
            Self::Renewed { at, renewal } => {
                let entry = world.inventory.entry(at).ok_or_else(|| format!("{at} was not found"))?;
                let certificate = world.leaf(at).ok_or_else(|| format!("{at} holds no certificate"))?;
                if let Some(fault) = renewal.fault(certificate, world) {
                    return Err(format!("{at}: {fault}"));
                }
                if entry.key != KeyState::Matches {
                    return Err(format!("{at}: the key does not belong to the certificate"));
                }
                Ok(format!(
                    "{at} holds certificate {} until {}, signed by the authority, its key beside it",
                    short(&certificate.fingerprint),
                    certificate.not_after.minute()
                ))
            }
            Self::Presents { address, at } => {
                let stored = world.leaf(at).ok_or_else(|| format!("{at} holds no certificate"))?;
                let there = on(at);
                match world.presented.get(&on_node(at, address)) {
                    Some(seen) if *seen == stored.fingerprint => {
                        Ok(format!("{address}{there} presents certificate {} (seen in a TLS handshake)", short(seen)))
                    }
                    Some(seen) => Err(format!(
                        "{address}{there} still presents {}, stored is {}",
                        short(seen),
                        short(&stored.fingerprint)
                    )),
                    None => Err(format!("{address}{there} does not answer")),
                }
            }
            Self::Remade { at, old } => {
                let entry = world.inventory.entry(at).ok_or_else(|| format!("{at} is not there yet"))?;
                match world.leaf(at) {
                    Some(found) if found.fingerprint == *old => Err(format!("{at} still holds {}", short(old))),
                    Some(found) if entry.key == KeyState::Matches => {
                        Ok(format!("{at} holds certificate {} and its key", short(&found.fingerprint)))
                    }
                    _ => Err(format!("{at} is not complete yet")),
                }
            }
            Self::Restarted { component, at } => {
                let there = on(at);
                match (world.started.get(&on_node(at, component)), world.written.get(at)) {
                    (Some(started), Some(written)) if started >= written => {
                        Ok(format!("{component}{there} started {started}, after {at} was written"))
                    }
                    (Some(started), _) => {
                        Err(format!("{component}{there} runs since {started}, before {at} was written"))
                    }
                    (None, _) => Err(format!("{component}{there} is not running")),
                }
            }
        }
    }
}

/// For sentences that would not tell otherwise which of many it is.
fn on(at: &Location) -> String {
    at.node().map_or_else(String::new, |node| format!(" on {node}"))
}

/// Of an identifier, as much as tells it from others.
pub(super) fn short(id: &impl ToString) -> String {
    id.to_string().chars().take(12).collect()
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BackedUp { at, .. } => write!(f, "{at} is backed up"),
            Self::Staged { step, .. } => write!(f, "key and certificate for {step} lie ready"),
            Self::Renewed { at, .. } => write!(f, "{at} holds the new certificate and its key"),
            Self::Presents { address, at } => write!(f, "{address}{} presents what is stored in {at}", on(at)),
            Self::Remade { at, .. } => write!(f, "{at} holds another certificate than before"),
            Self::Restarted { component, at } => write!(f, "{component}{} has read {at} again", on(at)),
        }
    }
}
