//! Signature algorithms, as a certificate names them (RFC 5280 4.1.1.2).

use der::Encode as _;
use der::oid::ObjectIdentifier;

use super::asn1::{AlgorithmIdentifier, Parameters};
use super::key_algorithm::KeyAlgorithm;
use super::signature::SignatureFault;
use super::tlv::{self, Reader};
use super::{Unreadable, oid};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A way to sign. The curve of ECDSA is the key's affair; any curve goes with any hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    RsaPkcs1(Hash),
    RsaPss { hash: Hash, salt: u16 },
    Ecdsa(Hash),
    Ed25519,
}

/// RFC 8017 appendix C, RFC 5758 3.2, RFC 8410 section 3. RSA-PSS is not here: its parameters say
/// the rest.
const SCHEMES: [(ObjectIdentifier, Scheme); 9] = [
    (oid::SHA1_WITH_RSA, Scheme::RsaPkcs1(Hash::Sha1)),
    (oid::SHA256_WITH_RSA, Scheme::RsaPkcs1(Hash::Sha256)),
    (oid::SHA384_WITH_RSA, Scheme::RsaPkcs1(Hash::Sha384)),
    (oid::SHA512_WITH_RSA, Scheme::RsaPkcs1(Hash::Sha512)),
    (oid::ECDSA_WITH_SHA1, Scheme::Ecdsa(Hash::Sha1)),
    (oid::ECDSA_WITH_SHA256, Scheme::Ecdsa(Hash::Sha256)),
    (oid::ECDSA_WITH_SHA384, Scheme::Ecdsa(Hash::Sha384)),
    (oid::ECDSA_WITH_SHA512, Scheme::Ecdsa(Hash::Sha512)),
    (oid::ED25519, Scheme::Ed25519),
];

impl Scheme {
    /// Reads an `AlgorithmIdentifier`. Parameters other than those of RSA-PSS are not looked at:
    /// some leave out the NULL of RSA, some add one elsewhere.
    pub(super) fn parse(algorithm: &[u8]) -> Result<Self, SignatureFault> {
        let mut algorithm = Reader::new(algorithm).field(tlv::SEQUENCE, FIELD)?.inside();
        let oid = algorithm.field(tlv::OBJECT_IDENTIFIER, FIELD)?.content;
        if oid == oid::RSA_PSS.as_bytes() {
            return pss(&mut algorithm);
        }
        SCHEMES
            .iter()
            .find(|(known, _)| known.as_bytes() == oid)
            .map(|(_, scheme)| *scheme)
            .ok_or_else(|| SignatureFault::Unsupported { oid: oid::dotted(oid) })
    }

    /// How to sign with a key in place of a signature made with `old`.
    ///
    /// The hash stays if the kind of key does: whatever checks the certificate is known to accept
    /// it, and may accept nothing else (Talos: SHA-512 with P-256). SHA-1 never stays. RSA-PSS
    /// becomes PKCS #1 v1.5 with the same hash, which whatever reads the former reads too.
    pub(super) fn for_key(key: KeyAlgorithm, old: Option<Self>) -> Self {
        match (key, old) {
            (KeyAlgorithm::Ed25519, _) => Self::Ed25519,
            (KeyAlgorithm::Rsa { .. }, Some(Self::RsaPkcs1(hash) | Self::RsaPss { hash, .. }))
                if hash != Hash::Sha1 =>
            {
                Self::RsaPkcs1(hash)
            }
            (KeyAlgorithm::Rsa { .. }, _) => Self::RsaPkcs1(Hash::Sha256),
            (_, Some(Self::Ecdsa(hash))) if hash != Hash::Sha1 => Self::Ecdsa(hash),
            (KeyAlgorithm::EcP256, _) => Self::Ecdsa(Hash::Sha256),
            (KeyAlgorithm::EcP384, _) => Self::Ecdsa(Hash::Sha384),
            (KeyAlgorithm::EcP521, _) => Self::Ecdsa(Hash::Sha512),
        }
    }

    /// The `AlgorithmIdentifier`; RSA-PSS is never written.
    pub(super) fn to_der(self) -> der::Result<Vec<u8>> {
        // RFC 4055 section 5: NULL for RSA. RFC 5758 3.2 and RFC 8410 section 3: nothing for the
        // others.
        let parameters = matches!(self, Self::RsaPkcs1(_)).then_some(Parameters::Null);
        let algorithm = SCHEMES.iter().find(|(_, it)| *it == self).map(|(oid, _)| *oid);
        let algorithm = algorithm.ok_or(der::ErrorKind::Failed)?;
        AlgorithmIdentifier { algorithm, parameters }.to_der()
    }
}

const FIELD: &str = "signature algorithm";

/// RFC 4055 section 3.1. The defaults (SHA-1 everywhere) and a mask with another hash than the
/// message are not supported by the cryptographic library.
fn pss(algorithm: &mut Reader<'_>) -> Result<Scheme, SignatureFault> {
    let unsupported = || SignatureFault::Unsupported { oid: oid::RSA_PSS.to_string() };
    let mut parameters = algorithm.optional(tlv::SEQUENCE).ok_or_else(unsupported)?.inside();
    let mut tagged = |number| parameters.optional(tlv::constructed(number));

    let (hash, mask, salt) = (tagged(0), tagged(1), tagged(2));
    let hash = hash_of(&mut hash.ok_or_else(unsupported)?.inside())?;
    let mut mask = mask.ok_or_else(unsupported)?.inside().field(tlv::SEQUENCE, FIELD)?.inside();
    let mask_oid = mask.field(tlv::OBJECT_IDENTIFIER, FIELD)?.content;
    if mask_oid != oid::MGF1.as_bytes() || hash_of(&mut mask)? != hash {
        return Err(unsupported());
    }
    let salt = match salt {
        None => 20,
        Some(wrapped) => match *wrapped.inside().field(tlv::INTEGER, FIELD)?.content {
            [low] => u16::from(low),
            [high, low] => u16::from_be_bytes([high, low]),
            _ => return Err(Unreadable { field: FIELD }.into()),
        },
    };
    Ok(Scheme::RsaPss { hash, salt })
}

fn hash_of(reader: &mut Reader<'_>) -> Result<Hash, SignatureFault> {
    let mut algorithm = reader.field(tlv::SEQUENCE, FIELD)?.inside();
    let oid = algorithm.field(tlv::OBJECT_IDENTIFIER, FIELD)?.content;
    [(oid::SHA256, Hash::Sha256), (oid::SHA384, Hash::Sha384), (oid::SHA512, Hash::Sha512)]
        .into_iter()
        .find(|(known, _)| known.as_bytes() == oid)
        .map(|(_, hash)| hash)
        .ok_or_else(|| SignatureFault::Unsupported { oid: oid::dotted(oid) })
}
