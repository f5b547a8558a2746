//! Keystores: PKCS#12 (RFC 7292) and Java's JKS and JCEKS. Certificates come out whole; of private keys only their public
//! half, and only where a password opens them. Numbers inside are not believed: no count is reserved for, and no store may
//! ask for more work than honest ones do.

mod jks;
mod pbe;
mod pkcs12;

use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Content;
use crate::model::GapReason;

/// What a store holds, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Store {
    pub identities: Vec<Identity>,
    /// Trusted by whoever uses the store. DER.
    #[serde(with = "super::bytes")]
    #[schemars(with = "Vec<String>")]
    pub trusted: Vec<Vec<u8>>,
    pub gaps: Vec<(GapReason, String)>,
}

/// A private key and its chain, the leaf first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// What the store calls it.
    pub alias: String,
    pub content: Content,
    /// There is a key, and no password at hand opens it.
    pub locked: bool,
}

/// Opens a keystore. It travels to the node that has the store, and is shown to nobody.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Deref for Password {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Where nobody says a password these are tried: none at all, and the one that Java's documentation and trust-manager use.
const USUAL: [&str; 2] = ["", "changeit"];

pub fn looks_like_one(bytes: &[u8]) -> bool {
    jks::looks_like_one(bytes) || pkcs12::looks_like_one(bytes)
}

/// Nothing where `bytes` begin as no keystore does.
pub fn read(bytes: &[u8], passwords: &[Password]) -> Option<Store> {
    let usual = USUAL.iter().map(|usual| Password::new(usual));
    let candidates: Vec<Password> = passwords.iter().cloned().chain(usual).collect();
    if jks::looks_like_one(bytes) {
        Some(jks::read(bytes, &candidates, !passwords.is_empty()))
    } else if pkcs12::looks_like_one(bytes) {
        Some(pkcs12::read(bytes, &candidates, !passwords.is_empty()))
    } else {
        None
    }
}

/// Why nothing opened it, in the words of who looks for the password.
fn no_password(any_given: bool) -> String {
    if any_given {
        "the password at hand does not open it".to_owned()
    } else {
        "no password is at hand: none lies beside it (cert-manager keeps it in the Secret that the Certificate's \
         spec.keystores names); --keystore-password-file gives it"
            .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            magic in prop_oneof![
                Just(vec![0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]), Just(vec![0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2]),
                Just(vec![0x30, 0x82, 0x01, 0x00, 2, 1, 3, 0x30]), Just(vec![0x30, 0x40, 2, 1, 3, 0x30, 0x20]),
            ],
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            read(&[magic, bytes].concat(), &[]);
        }
    }
}
