//! Turning what was found at a place into an entry, the same way for all readers.

use std::sync::Arc;

use crate::formats::{Content, certificate};
use crate::model::{CertId, Entry, Gap, GapReason, Holds, Inventory, KeyId, KeyState, Location, Origin};

/// A place and what was read there, before it is judged what kind of entry it is.
pub(super) struct Found<'a> {
    pub(super) at: Location,
    pub(super) content: &'a Content,
    /// Of the key that belongs to it, wherever it lies.
    pub(super) key: Key,
    pub(super) kind: Kind,
    pub(super) origin: Origin,
    pub(super) digest: Option<String>,
}

pub(super) enum Key {
    None,
    Public { id: KeyId, at: Option<Location>, digest: Option<String> },
    Unreadable { at: Option<Location> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bundle,
    Chain,
    /// By its first certificate: an authority makes it a bundle.
    Guess,
}

impl Key {
    /// The key inside of the content itself.
    pub(super) fn inside(content: &Content) -> Self {
        match (&content.key, &content.key_fault) {
            (Some(key), _) => Self::Public { id: key.public.clone(), at: None, digest: None },
            (None, Some(_)) => Self::Unreadable { at: None },
            (None, None) => Self::None,
        }
    }
}

/// Adds certificates, the entry, and a gap for each block that could not be read.
pub(super) fn add(inventory: &mut Inventory, found: Found<'_>) {
    let Found { at, content, key, kind, mut origin, digest } = found;
    origin.unseen = content.unseen.as_deref().map(Box::from);
    for label in &content.cut {
        inventory.gaps.push(Gap {
            at: at.clone(),
            reason: GapReason::BadPem,
            message: format!("a block '{label}' is cut off: its '-----END {label}-----' is missing"),
        });
    }
    for label in &content.broken {
        inventory.gaps.push(Gap {
            at: at.clone(),
            reason: GapReason::BadPem,
            message: format!("a block '{label}' is not valid base64"),
        });
    }
    if let Some(fault) = &content.key_fault {
        inventory.gaps.push(Gap { at: at.clone(), reason: GapReason::BadKey, message: fault.clone() });
    }
    let mut ids: Vec<CertId> = Vec::with_capacity(content.certificates.len());
    for der in &content.certificates {
        // An authority lies in thousands of places.
        let id = certificate::fingerprint(der);
        if inventory.certificates.contains_key(&id) && (inventory.without_der || inventory.der.contains_key(&id)) {
            ids.push(id);
            continue;
        }
        match certificate::parse(der) {
            Ok(parsed) => {
                let id = parsed.fingerprint.clone();
                if !inventory.without_der {
                    inventory.der.entry(id.clone()).or_insert_with(|| der.clone());
                }
                if !inventory.certificates.contains_key(&id) {
                    inventory.certificates.insert(id.clone(), parsed);
                }
                ids.push(id);
            }
            Err(error) => inventory.gaps.push(Gap {
                at: at.clone(),
                reason: GapReason::BadCertificate,
                message: error.to_string(),
            }),
        }
    }
    let first = ids.first().and_then(|id| inventory.certificates.get(id));
    let Some(first) = first else {
        if let (Some(id), []) = (content.public_keys.first(), content.certificates.as_slice()) {
            let state = key_state(&key, id);
            push(inventory, at, Holds::PublicKey(id.clone()), (key, state), origin, digest);
        }
        return;
    };
    let state = key_state(&key, &first.public_key);
    let bundle = match kind {
        Kind::Bundle => true,
        Kind::Chain => false,
        Kind::Guess => first.is_authority,
    };
    let holds = if bundle { Holds::Bundle(ids) } else { Holds::Chain(ids) };
    push(inventory, at, holds, (key, state), origin, digest);
}

fn push(
    inventory: &mut Inventory,
    at: Location,
    holds: Holds,
    key: (Key, KeyState),
    origin: Origin,
    digest: Option<String>,
) {
    let (key, state) = key;
    let (key_at, key_digest, key_public) = match key {
        Key::Public { id, at, digest } => (at, digest, Some(id)),
        Key::Unreadable { at } => (at, None, None),
        Key::None => (None, None, None),
    };
    let key_at = key_at.map(Box::new);
    // Most have nothing to say of their origin, and say it together.
    let origin = match inventory.entries.last() {
        Some(before) if *before.origin == origin => Arc::clone(&before.origin),
        _ => Arc::new(origin),
    };
    let also_in = Box::default();
    inventory.entries.push(Entry { at, holds, key: state, key_public, key_at, origin, digest, key_digest, also_in });
}

fn key_state(key: &Key, wanted: &KeyId) -> KeyState {
    match key {
        Key::None => KeyState::Absent,
        Key::Unreadable { .. } => KeyState::Unreadable,
        Key::Public { id, .. } if id == wanted => KeyState::Matches,
        Key::Public { .. } => KeyState::Differs,
    }
}

/// The usual names of the private key that belongs to a file or a key of a Secret of this name, the most usual first.
pub fn key_names(name: &str) -> Vec<String> {
    let mut names = Vec::new();
    if let Some((stem, ending)) = name.rsplit_once('.') {
        names.extend([format!("{stem}.key"), format!("{stem}-key.pem"), format!("{stem}.key.pem")]);
        // `ca-cert.pem` and `ca-key.pem`, `client.cert` and `client.key`, `cert.pem` and `key.pem`.
        names.push(format!("{}.{ending}", stem.replace("cert", "key")));
        // Istio: `cert-chain.pem` and `key.pem`.
        names.push(format!("{}.{ending}", stem.replace("cert-chain", "key")));
    } else {
        names.push(name.replace("cert", "key"));
    }
    names.retain(|other| other != name);
    names
}

/// The other way round: what may lie beside a key of this name and have it as its key.
pub(super) fn certificate_names(key: &str) -> Vec<String> {
    let Some((stem, ending)) = key.rsplit_once('.') else { return vec![key.replace("key", "cert")] };
    let stem = stem.strip_suffix("-key").or_else(|| stem.strip_suffix(".key")).unwrap_or(stem);
    let mut names: Vec<String> =
        ["crt", "pem", "cert", "cer", "cert.pem"].iter().map(|ending| format!("{stem}.{ending}")).collect();
    names.push(format!("{}.{ending}", stem.replace("key", "cert")));
    names.push(format!("{stem}-cert.{ending}"));
    names.retain(|name| name != key && key_names(name).iter().any(|own| own == key));
    names
}

#[cfg(test)]
mod tests {
    use super::{certificate_names, key_names};

    #[test]
    fn a_certificate_is_never_its_own_key() {
        for (name, wanted) in [
            ("tls.crt", "tls.key"),
            ("server.pem", "server-key.pem"),
            ("ca-cert.pem", "ca-key.pem"),
            ("cert.pem", "key.pem"),
            ("cert-chain.pem", "key.pem"),
            ("client.cert", "client.key"),
            ("cert", "key"),
        ] {
            assert!(key_names(name).contains(&wanted.to_owned()), "{name}");
            assert!(certificate_names(wanted).contains(&name.to_owned()) || name == "cert-chain.pem", "{name}");
        }
        for name in ["a", "a.key", "cert", "x.pem"] {
            assert!(!key_names(name).contains(&name.to_owned()), "{name}");
        }
    }
}
