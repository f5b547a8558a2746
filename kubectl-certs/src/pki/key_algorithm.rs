//! The kinds of keys that can be made and used, by the names kubeadm gives them.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaSigningAlgorithm,
};
use der::oid::ObjectIdentifier;

use super::oid;

/// A kind of key. Written `RSA-2048`, `ECDSA-P256`, `Ed25519`, and read in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyAlgorithm {
    Rsa {
        /// The length of the modulus.
        bits: u16,
    },
    EcP256,
    EcP384,
    EcP521,
    Ed25519,
}

/// A name that is no key algorithm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown key algorithm {0:?}; known are RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384, ECDSA-P521, Ed25519"
)]
pub struct UnknownAlgorithm(String);

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA-{bits}"),
            Self::EcP256 => f.write_str("ECDSA-P256"),
            Self::EcP384 => f.write_str("ECDSA-P384"),
            Self::EcP521 => f.write_str("ECDSA-P521"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

impl FromStr for KeyAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        let fixed = [Self::EcP256, Self::EcP384, Self::EcP521, Self::Ed25519];
        let rsa = [2048, 3072, 4096, 8192].map(|bits| Self::Rsa { bits });
        fixed
            .into_iter()
            .chain(rsa)
            .find(|it| it.to_string().eq_ignore_ascii_case(name))
            .ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

/// A NIST curve (RFC 5480 2.1.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) fn from_oid(content: &[u8]) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521]
            .into_iter()
            .find(|it| it.oid().as_bytes() == content)
    }

    pub(super) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::P256 => oid::P256,
            Self::P384 => oid::P384,
            Self::P521 => oid::P521,
        }
    }

    pub(super) fn algorithm(self) -> KeyAlgorithm {
        match self {
            Self::P256 => KeyAlgorithm::EcP256,
            Self::P384 => KeyAlgorithm::EcP384,
            Self::P521 => KeyAlgorithm::EcP521,
        }
    }

    /// The library ties a hash to each curve; `signature` says how others are used.
    pub(super) fn signing(self) -> &'static EcdsaSigningAlgorithm {
        match self {
            Self::P256 => &ECDSA_P256_SHA256_ASN1_SIGNING,
            Self::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
            Self::P521 => &ECDSA_P521_SHA512_ASN1_SIGNING,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "RSA-2048",
            "RSA-3072",
            "RSA-4096",
            "ECDSA-P256",
            "ECDSA-P384",
            "Ed25519",
        ] {
            assert_eq!(name.parse::<KeyAlgorithm>().unwrap().to_string(), name);
            assert!(name.to_lowercase().parse::<KeyAlgorithm>().is_ok());
        }
        assert!("RSA-1024".parse::<KeyAlgorithm>().is_err());
        assert!("P-256".parse::<KeyAlgorithm>().is_err());
    }
}
