//! How something is encrypted with a password: the `AlgorithmIdentifier`s of RFC 8018 and of RFC 7292 appendix C. Only
//! read here; the work is the keystores' business.

use super::Unreadable;
use super::tlv::{self, Tlv};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    Rc2 { bits: usize },
}

#[derive(Clone, Copy, Debug)]
pub struct Scheme<'a> {
    /// Present for PBES2; otherwise the key comes from PKCS#12's own derivation with SHA-1, the initial vector too.
    pub pbkdf2: Option<Hash>,
    pub cipher: Cipher,
    pub salt: &'a [u8],
    pub iterations: u32,
    pub iv: Option<&'a [u8]>,
}

const UNKNOWN: Unreadable = Unreadable { field: "scheme of encryption" };

// 1.2.840.113549.1.5.13 and .12, 1.2.840.113549.1.12.1, 1.2.840.113549.2, 2.16.840.1.101.3.4.1 and .2, 1.2.840.113549.3.7.
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
const PKCS12_PBE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
const HMAC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02";
const AES: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01";
const SHA2: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02";
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
const DES_EDE3_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x07";

impl<'a> Scheme<'a> {
    pub(super) fn parse(algorithm: Tlv<'a>) -> Result<Self, Unreadable> {
        let mut parts = algorithm.inside();
        let oid = parts.field(tlv::OBJECT_IDENTIFIER, "scheme of encryption")?.content;
        let mut parameters = parts.field(tlv::SEQUENCE, "parameters of encryption")?.inside();
        if oid != PBES2 {
            let cipher = match oid.strip_prefix(PKCS12_PBE) {
                Some([3]) => Cipher::TripleDes,
                Some([5]) => Cipher::Rc2 { bits: 128 },
                Some([6]) => Cipher::Rc2 { bits: 40 },
                _ => return Err(UNKNOWN),
            };
            let salt = parameters.field(tlv::OCTET_STRING, "salt")?.content;
            let iterations = number(parameters.field(tlv::INTEGER, "count of iterations")?);
            return Ok(Self { pbkdf2: None, cipher, salt, iterations, iv: None });
        }
        let mut derivation = parameters.field(tlv::SEQUENCE, "derivation of the key")?.inside();
        if derivation.field(tlv::OBJECT_IDENTIFIER, "derivation of the key")?.content != PBKDF2 {
            return Err(UNKNOWN);
        }
        let mut derivation = derivation.field(tlv::SEQUENCE, "derivation of the key")?.inside();
        let salt = derivation.field(tlv::OCTET_STRING, "salt")?.content;
        let iterations = number(derivation.field(tlv::INTEGER, "count of iterations")?);
        // The length of the key is the cipher's.
        derivation.optional(tlv::INTEGER);
        let hash = match derivation.optional(tlv::SEQUENCE) {
            None => Hash::Sha1,
            Some(prf) => {
                match prf.inside().field(tlv::OBJECT_IDENTIFIER, "pseudo-random function")?.content.strip_prefix(HMAC) {
                    Some([7]) => Hash::Sha1,
                    Some([9]) => Hash::Sha256,
                    Some([10]) => Hash::Sha384,
                    Some([11]) => Hash::Sha512,
                    _ => return Err(UNKNOWN),
                }
            }
        };
        let mut encryption = parameters.field(tlv::SEQUENCE, "cipher")?.inside();
        let oid = encryption.field(tlv::OBJECT_IDENTIFIER, "cipher")?.content;
        let cipher = match oid.strip_prefix(AES) {
            Some([2]) => Cipher::Aes128,
            Some([22]) => Cipher::Aes192,
            Some([42]) => Cipher::Aes256,
            _ if oid == DES_EDE3_CBC => Cipher::TripleDes,
            _ => return Err(UNKNOWN),
        };
        let iv = encryption.field(tlv::OCTET_STRING, "initial vector")?.content;
        Ok(Self { pbkdf2: Some(hash), cipher, salt, iterations, iv: Some(iv) })
    }
}

impl Hash {
    pub(super) fn parse(algorithm: Tlv<'_>) -> Result<Self, Unreadable> {
        let oid = algorithm.inside().field(tlv::OBJECT_IDENTIFIER, "digest")?.content;
        match oid.strip_prefix(SHA2) {
            Some([1]) => Ok(Self::Sha256),
            Some([2]) => Ok(Self::Sha384),
            Some([3]) => Ok(Self::Sha512),
            _ if oid == SHA1 => Ok(Self::Sha1),
            _ => Err(Unreadable { field: "digest" }),
        }
    }
}

/// The largest there is for what does not fit; negative ones too.
pub(super) fn number(integer: Tlv<'_>) -> u32 {
    let significant = integer.content.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &integer.content[at..]);
    match significant.len() {
        0..=4 => significant.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
        _ => u32::MAX,
    }
}
