//! Public keys: read out of certificates, requests and key files, and written in one form only, so
//! that equal keys are equal bytes.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, EcdsaVerificationAlgorithm, ParsedPublicKey,
};
use der::Encode as _;
use der::asn1::{BitStringRef, UintRef};

use super::asn1::{AlgorithmIdentifier, Parameters, RsaPublicKey, SubjectPublicKeyInfo};
use super::key_algorithm::{Curve, KeyAlgorithm};
use super::key_text::Block;
use super::private_der::PrivateDer;
use super::private_key::{KeyError, PrivateKey};
use super::tlv::{self, Reader};
use super::{Unreadable, oid};

/// The public half of the first private key in `text`, as DER of `SubjectPublicKeyInfo`.
///
/// It is read out of the key file where it stands there, in microseconds and without any check that
/// the two halves belong together. Where it does not (Ed25519, EC keys without their point) the key
/// is loaded and the public half computed.
pub fn public_spki_of_pem(text: &[u8]) -> Result<Vec<u8>, KeyError> {
    let block = Block::first(text, "PRIVATE KEY")?;
    let der = block.decode()?;
    public_spki_of_der(&der, &String::from_utf8_lossy(block.label))
}

/// The same of a key that lies in DER.
pub fn public_spki_of_der(der: &[u8], label: &str) -> Result<Vec<u8>, KeyError> {
    let parsed = PrivateDer::parse(der)?;
    match parsed.public() {
        Some(public) => public.to_spki(),
        None => Ok(PrivateKey::load(der, &parsed, label.as_bytes())?.spki_der().to_vec()),
    }
}

/// The same of one in PKCS#8.
pub fn public_spki_of_pkcs8(der: &[u8]) -> Result<Vec<u8>, KeyError> {
    public_spki_of_der(der, "PRIVATE KEY")
}

/// What an `EncryptedPrivateKeyInfo` (RFC 5208 6) holds, whatever encrypted it.
pub fn encrypted_bytes(key: &[u8]) -> Result<&[u8], Unreadable> {
    let mut fields = Reader::new(key).field(tlv::SEQUENCE, "encrypted key")?.inside();
    fields.field(tlv::SEQUENCE, "scheme of encryption")?;
    Ok(fields.field(tlv::OCTET_STRING, "encrypted key")?.content)
}

/// The first public key in `text` (sa.pub and the like), as DER of `SubjectPublicKeyInfo`.
pub fn spki_of_public_pem(text: &[u8]) -> Result<Vec<u8>, KeyError> {
    let der = Block::first(text, "PUBLIC KEY")?.decode()?;
    let is_pkcs1 =
        Reader::new(&der).optional(tlv::SEQUENCE).is_some_and(|it| it.inside().optional(tlv::INTEGER).is_some());
    if is_pkcs1 { PublicKey::from_pkcs1(&der, false)?.to_spki() } else { canonical_spki(&der) }
}

/// The form in which openssl and Go write this public key into certificates: NULL parameters for
/// RSA, minimal integers, points not compressed. Kinds of keys unknown here are returned unchanged.
pub fn canonical_spki(spki: &[u8]) -> Result<Vec<u8>, KeyError> {
    match PublicKey::parse(spki) {
        Ok(PublicKey::Rsa { pss_only: true, .. }) | Err(KeyError::Unsupported { .. }) => Ok(spki.to_vec()),
        Ok(key) => key.to_spki(),
        Err(error) => Err(error),
    }
}

/// The bits of a public key, the parameters around them dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    Rsa { pkcs1: &'a [u8], modulus: &'a [u8], exponent: &'a [u8], pss_only: bool },
    Ec { curve: Curve, point: &'a [u8] },
    Ed25519(&'a [u8]),
}

impl<'a> PublicKey<'a> {
    /// Reads RFC 5280 4.1.2.7. RSA with absent parameters instead of NULL is let through.
    pub(super) fn parse(spki: &'a [u8]) -> Result<Self, KeyError> {
        let mut spki = Reader::new(spki).field(tlv::SEQUENCE, "public key")?.inside();
        let mut algorithm = spki.field(tlv::SEQUENCE, "public key's algorithm")?.inside();
        let oid = algorithm.field(tlv::OBJECT_IDENTIFIER, "public key's algorithm")?.content;
        let bits = spki.field(tlv::BIT_STRING, "public key's bits")?;
        let bits = bits.whole_bits("public key's bits")?;
        if oid == oid::RSA_ENCRYPTION.as_bytes() || oid == oid::RSA_PSS.as_bytes() {
            return Self::from_pkcs1(bits, oid == oid::RSA_PSS.as_bytes());
        }
        if oid == oid::ED25519.as_bytes() {
            return Ok(Self::Ed25519(bits));
        }
        if oid == oid::EC_PUBLIC_KEY.as_bytes() {
            return Ok(Self::Ec { curve: named_curve(&mut algorithm)?, point: bits });
        }
        Err(KeyError::Unsupported { what: oid::dotted(oid) })
    }

    /// Reads RFC 8017 appendix A.1.1.
    pub(super) fn from_pkcs1(pkcs1: &'a [u8], pss_only: bool) -> Result<Self, KeyError> {
        let mut key = Reader::new(pkcs1).field(tlv::SEQUENCE, "RSA public key")?.inside();
        let modulus = magnitude(key.field(tlv::INTEGER, "modulus")?.content);
        let exponent = magnitude(key.field(tlv::INTEGER, "public exponent")?.content);
        Ok(Self::Rsa { pkcs1, modulus, exponent, pss_only })
    }

    pub(super) fn algorithm(&self) -> Result<KeyAlgorithm, KeyError> {
        match self {
            Self::Rsa { modulus, .. } => Ok(KeyAlgorithm::Rsa {
                bits: u16::try_from(bit_length(modulus)).map_err(|_| Unreadable { field: "modulus" })?,
            }),
            Self::Ec { curve, .. } => Ok(curve.algorithm()),
            Self::Ed25519(_) => Ok(KeyAlgorithm::Ed25519),
        }
    }

    /// The canonical DER of `SubjectPublicKeyInfo`.
    pub(super) fn to_spki(self) -> Result<Vec<u8>, KeyError> {
        let (algorithm, parameters, bits) = match self {
            Self::Rsa { modulus, exponent, .. } => {
                let key = RsaPublicKey { modulus: UintRef::new(modulus)?, exponent: UintRef::new(exponent)? };
                (oid::RSA_ENCRYPTION, Some(Parameters::Null), key.to_der()?)
            }
            Self::Ec { curve, point: [2 | 3, ..] } => return self.uncompressed(curve),
            Self::Ec { curve, point } => (oid::EC_PUBLIC_KEY, Some(Parameters::Curve(curve.oid())), point.to_vec()),
            Self::Ed25519(bits) => (oid::ED25519, None, bits.to_vec()),
        };
        let algorithm = AlgorithmIdentifier { algorithm, parameters };
        let public_key = BitStringRef::from_bytes(&bits)?;
        Ok(SubjectPublicKeyInfo { algorithm, public_key }.to_der()?)
    }

    fn uncompressed(self, curve: Curve) -> Result<Vec<u8>, KeyError> {
        let algorithm: &'static EcdsaVerificationAlgorithm = match curve {
            Curve::P256 => &ECDSA_P256_SHA256_ASN1,
            Curve::P384 => &ECDSA_P384_SHA384_ASN1,
            Curve::P521 => &ECDSA_P521_SHA512_ASN1,
        };
        let point = KeyError::Malformed { field: "point" };
        let key = ParsedPublicKey::new(algorithm, self.bits()).map_err(|_| point.clone())?;
        Ok(key.as_der().map_err(|_| point)?.as_ref().to_vec())
    }

    /// What the cryptographic library wants to see: `RSAPublicKey`, a point, or 32 bytes.
    pub(super) fn bits(&self) -> &'a [u8] {
        match self {
            Self::Rsa { pkcs1, .. } => pkcs1,
            Self::Ec { point, .. } => point,
            Self::Ed25519(bits) => bits,
        }
    }
}

/// The curve that stands next in `reader`; only named ones are used in practice (RFC 5480 2.1.1).
pub(super) fn named_curve(reader: &mut Reader<'_>) -> Result<Curve, KeyError> {
    let Some(oid) = reader.optional(tlv::OBJECT_IDENTIFIER) else {
        return Err(KeyError::Unsupported { what: "EC key without a named curve".to_owned() });
    };
    Curve::from_oid(oid.content).ok_or_else(|| KeyError::Unsupported { what: oid::dotted(oid.content) })
}

/// The length of a number without leading zero octets.
pub(super) fn bit_length(magnitude: &[u8]) -> usize {
    let top = magnitude.first().map_or(0, |byte| byte.leading_zeros());
    magnitude.len() * 8 - top as usize
}

/// A non-negative INTEGER without its leading zeros.
pub(super) fn magnitude(integer: &[u8]) -> &[u8] {
    let start = integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len());
    &integer[start..]
}
