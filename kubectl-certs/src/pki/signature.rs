//! Makes and checks the signatures of certificates and requests.

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{self as lib, EcdsaKeyPair, ParsedPublicKey, RsaPssSaltLength, VerificationAlgorithm};

use super::key_algorithm::Curve;
use super::private_key::{KeyError, Pair, PrivateKey};
use super::public_key::{PublicKey, bit_length};
use super::raw_certificate::Frame;
use super::scheme::{Hash, Scheme};
use super::tlv::{self, Reader};
use super::{Unreadable, oid};

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Another key made it, or something changed since.
    #[error("the signature was not made by this key")]
    Mismatch,
    /// It may hold; nobody here can tell.
    #[error("signatures or keys of kind {oid} are not supported")]
    Unsupported { oid: String },
    #[error("the {field} cannot be read")]
    Malformed { field: &'static str },
}

/// Whether the key signed this certificate. Names, dates and rights are not looked at.
pub fn verify(certificate: &[u8], issuer_spki: &[u8]) -> Result<(), SignatureFault> {
    let frame = Frame::parse(certificate)?;
    if inner_algorithm(frame.content)? != frame.algorithm {
        // RFC 5280 4.1.1.2: both must be the same; openssl and Go refuse it too.
        let field = "signature algorithm, which is not the same inside and outside,";
        return Err(SignatureFault::Malformed { field });
    }
    verify_frame(&frame, issuer_spki)
}

/// Signs; the result goes with the algorithm identifier of `scheme`, which must fit the key.
pub(super) fn sign(key: &PrivateKey, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    match (key.pair(), scheme) {
        (Pair::Rsa(pair), Scheme::RsaPkcs1(hash)) => {
            let padding = match hash {
                Hash::Sha1 => return Err(KeyError::Failed),
                Hash::Sha256 => &lib::RSA_PKCS1_SHA256,
                Hash::Sha384 => &lib::RSA_PKCS1_SHA384,
                Hash::Sha512 => &lib::RSA_PKCS1_SHA512,
            };
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), message, &mut signature)?;
            Ok(signature)
        }
        (Pair::Ec(curve, pair), Scheme::Ecdsa(hash)) => sign_ecdsa(*curve, pair, hash, message),
        (Pair::Ed25519(pair), Scheme::Ed25519) => Ok(pair.try_sign(message)?.as_ref().to_vec()),
        _ => Err(KeyError::Failed),
    }
}

/// The part of checking that certificates and requests share.
pub(super) fn verify_frame(frame: &Frame<'_>, spki: &[u8]) -> Result<(), SignatureFault> {
    let scheme = Scheme::parse(frame.algorithm)?;
    let key = PublicKey::parse(spki)?;
    let unsupported = || SignatureFault::Unsupported { oid: oid_of(frame.algorithm) };
    let algorithm = match (scheme, key) {
        (Scheme::RsaPkcs1(hash), PublicKey::Rsa { modulus, pss_only: false, .. }) => {
            rsa_pkcs1(hash, bit_length(modulus)).ok_or_else(unsupported)?
        }
        (Scheme::RsaPss { hash, salt }, PublicKey::Rsa { modulus, .. }) => {
            rsa_pss(hash, salt, bit_length(modulus)).ok_or_else(unsupported)?
        }
        (Scheme::Ecdsa(hash), PublicKey::Ec { curve, .. }) => ecdsa(hash, curve).ok_or_else(unsupported)?,
        (Scheme::Ed25519, PublicKey::Ed25519(_)) => &lib::ED25519,
        // This kind of key cannot have made this kind of signature.
        _ => return Err(SignatureFault::Mismatch),
    };
    let key =
        ParsedPublicKey::new(algorithm, key.bits()).map_err(|_| SignatureFault::Malformed { field: "public key" })?;
    key.verify_sig(frame.content, frame.signature).map_err(|_| SignatureFault::Mismatch)
}

impl From<Unreadable> for SignatureFault {
    fn from(Unreadable { field }: Unreadable) -> Self {
        Self::Malformed { field }
    }
}

impl From<KeyError> for SignatureFault {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Unsupported { what } => Self::Unsupported { oid: what },
            KeyError::Malformed { field } => Self::Malformed { field },
            _ => Self::Malformed { field: "public key" },
        }
    }
}

/// The library signs with one hash per curve, but takes digests made elsewhere. ECDSA uses the
/// leftmost bits of a digest, as many as the order of the curve has, as a number (FIPS 186-5, 6.4.1
/// step 2): so cutting a longer digest, or filling up a shorter one with zeros on the left, signs
/// the same number.
fn sign_ecdsa(curve: Curve, pair: &EcdsaKeyPair, hash: Hash, message: &[u8]) -> Result<Vec<u8>, KeyError> {
    let made_with = match hash {
        Hash::Sha1 => return Err(KeyError::Failed),
        Hash::Sha256 => &SHA256,
        Hash::Sha384 => &SHA384,
        Hash::Sha512 => &SHA512,
    };
    let native = match curve {
        Curve::P256 => &SHA256,
        Curve::P384 => &SHA384,
        Curve::P521 => &SHA512,
    };
    let digest = digest::digest(made_with, message);
    let used = digest.as_ref().len().min(native.output_len());
    let mut number = vec![0; native.output_len() - used];
    number.extend_from_slice(&digest.as_ref()[..used]);
    let digest = Digest::import_less_safe(&number, native)?;
    Ok(pair.sign_digest(&digest)?.as_ref().to_vec())
}

/// The library checks RSA keys of 1024 to 8192 bits, but SHA-384 only from 2048 on.
fn rsa_pkcs1(hash: Hash, bits: usize) -> Option<&'static dyn VerificationAlgorithm> {
    match (hash, bits) {
        (Hash::Sha1, 1024..=8192) => Some(&lib::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        (Hash::Sha256, 1024..=8192) => Some(&lib::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        (Hash::Sha384, 2048..=8192) => Some(&lib::RSA_PKCS1_2048_8192_SHA384),
        (Hash::Sha512, 1024..=8192) => Some(&lib::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        _ => None,
    }
}

/// The library wants the length of the salt as a constant. In use are the length of the hash (the
/// advice of RFC 4055 section 3.1), the longest that fits (openssl before 3.1), the default of 20,
/// and none.
fn rsa_pss(hash: Hash, salt: u16, bits: usize) -> Option<&'static dyn VerificationAlgorithm> {
    macro_rules! with_salt {
        ($base:ident, $hash_length:literal) => {{
            let longest = (bits + 6) / 8 - $hash_length - 2;
            match salt {
                0 => Some(&const { lib::$base.with_pss_salt_length(RsaPssSaltLength::Custom(0)) }),
                20 => Some(&const { lib::$base.with_pss_salt_length(RsaPssSaltLength::Custom(20)) }),
                $hash_length => Some(&lib::$base),
                _ if usize::from(salt) == longest => {
                    Some(&const { lib::$base.with_pss_salt_length(RsaPssSaltLength::Max) })
                }
                _ => None,
            }
        }};
    }
    match (hash, bits) {
        (Hash::Sha256, 2048..=8192) => with_salt!(RSA_PSS_2048_8192_SHA256, 32),
        (Hash::Sha384, 2048..=8192) => with_salt!(RSA_PSS_2048_8192_SHA384, 48),
        (Hash::Sha512, 2048..=8192) => with_salt!(RSA_PSS_2048_8192_SHA512, 64),
        _ => None,
    }
}

fn ecdsa(hash: Hash, curve: Curve) -> Option<&'static dyn VerificationAlgorithm> {
    match (curve, hash) {
        (Curve::P256, Hash::Sha1) => Some(&lib::ECDSA_P256_SHA1_ASN1),
        (Curve::P256, Hash::Sha256) => Some(&lib::ECDSA_P256_SHA256_ASN1),
        (Curve::P256, Hash::Sha384) => Some(&lib::ECDSA_P256_SHA384_ASN1),
        (Curve::P256, Hash::Sha512) => Some(&lib::ECDSA_P256_SHA512_ASN1),
        (Curve::P384, Hash::Sha1) => None,
        (Curve::P384, Hash::Sha256) => Some(&lib::ECDSA_P384_SHA256_ASN1),
        (Curve::P384, Hash::Sha384) => Some(&lib::ECDSA_P384_SHA384_ASN1),
        (Curve::P384, Hash::Sha512) => Some(&lib::ECDSA_P384_SHA512_ASN1),
        (Curve::P521, Hash::Sha1) => Some(&lib::ECDSA_P521_SHA1_ASN1),
        (Curve::P521, Hash::Sha256) => Some(&lib::ECDSA_P521_SHA256_ASN1),
        (Curve::P521, Hash::Sha384) => Some(&lib::ECDSA_P521_SHA384_ASN1),
        (Curve::P521, Hash::Sha512) => Some(&lib::ECDSA_P521_SHA512_ASN1),
    }
}

/// The algorithm named inside a certificate, after version and serial number.
fn inner_algorithm(tbs: &[u8]) -> Result<&[u8], Unreadable> {
    let mut tbs = Reader::new(tbs).field(tlv::SEQUENCE, "certificate")?.inside();
    tbs.optional(tlv::constructed(0));
    tbs.field(tlv::INTEGER, "serial number")?;
    Ok(tbs.field(tlv::SEQUENCE, "signature algorithm")?.raw)
}

fn oid_of(algorithm: &[u8]) -> String {
    let inside = Reader::new(algorithm).optional(tlv::SEQUENCE);
    let oid = inside.and_then(|it| it.inside().optional(tlv::OBJECT_IDENTIFIER));
    oid.map_or_else(String::new, |it| oid::dotted(it.content))
}
