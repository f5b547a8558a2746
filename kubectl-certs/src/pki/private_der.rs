//! The three forms a private key takes in DER. They are told apart by what they contain: labels
//! lie.

use der::Encode as _;
use der::asn1::{BitStringRef, OctetStringRef};
use zeroize::Zeroizing;

use super::asn1::{AlgorithmIdentifier, EcPrivateKey, Parameters, PrivateKeyInfo};
use super::key_algorithm::Curve;
use super::private_key::KeyError;
use super::public_key::{PublicKey, magnitude, named_curve};
use super::tlv::{self, Reader, Tlv};
use super::{Unreadable, oid};

/// A private key read, but not checked nor loaded.
pub(super) struct PrivateDer<'a> {
    pub(super) kind: Kind<'a>,
    /// Whether the key is wrapped into PKCS#8 (RFC 5958).
    pub(super) is_pkcs8: bool,
}

pub(super) enum Kind<'a> {
    Rsa { pkcs1: &'a [u8], modulus: &'a [u8], exponent: &'a [u8] },
    Ec { curve: Curve, point: Option<&'a [u8]> },
    Ed25519,
}

impl<'a> PrivateDer<'a> {
    /// All three begin with a version. PKCS#1 goes on with the modulus, PKCS#8 with an algorithm,
    /// SEC 1 with the scalar as an OCTET STRING.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, KeyError> {
        let whole = Reader::new(der).field(tlv::SEQUENCE, "private key")?;
        let mut key = whole.inside();
        key.field(tlv::INTEGER, "private key's version")?;
        let second = key.any("private key")?;
        match second.tag {
            tlv::INTEGER => Ok(Self { kind: Kind::pkcs1(whole)?, is_pkcs8: false }),
            tlv::OCTET_STRING => Ok(Self { kind: Kind::sec1(whole, None)?, is_pkcs8: false }),
            tlv::SEQUENCE => {
                let inner = key.field(tlv::OCTET_STRING, "private key inside PKCS#8")?;
                Ok(Self { kind: Kind::pkcs8(second, inner)?, is_pkcs8: true })
            }
            _ => Err(KeyError::Malformed { field: "private key" }),
        }
    }

    /// The public half, where the key holds it in the form that certificates use.
    pub(super) fn public(&self) -> Option<PublicKey<'a>> {
        match self.kind {
            Kind::Rsa { modulus, exponent, .. } => {
                Some(PublicKey::Rsa { pkcs1: &[], modulus, exponent, pss_only: false })
            }
            Kind::Ec { curve, point } => Some(PublicKey::Ec { curve, point: point? }),
            Kind::Ed25519 => None,
        }
    }
}

impl<'a> Kind<'a> {
    fn pkcs8(algorithm: Tlv<'a>, inner: Tlv<'a>) -> Result<Self, KeyError> {
        let mut algorithm = algorithm.inside();
        let oid = algorithm.field(tlv::OBJECT_IDENTIFIER, "private key's algorithm")?.content;
        if oid == oid::ED25519.as_bytes() {
            return Ok(Self::Ed25519);
        }
        let is_rsa = oid == oid::RSA_ENCRYPTION.as_bytes();
        if !is_rsa && oid != oid::EC_PUBLIC_KEY.as_bytes() {
            return Err(KeyError::Unsupported { what: oid::dotted(oid) });
        }
        let key = inner.inside().field(tlv::SEQUENCE, "private key inside PKCS#8")?;
        if is_rsa { Self::pkcs1(key) } else { Self::sec1(key, Some(named_curve(&mut algorithm)?)) }
    }

    /// RFC 8017 appendix A.1.2.
    fn pkcs1(key: Tlv<'a>) -> Result<Self, KeyError> {
        let mut fields = key.inside();
        fields.field(tlv::INTEGER, "RSA key's version")?;
        let modulus = magnitude(fields.field(tlv::INTEGER, "modulus")?.content);
        let exponent = magnitude(fields.field(tlv::INTEGER, "public exponent")?.content);
        Ok(Self::Rsa { pkcs1: key.raw, modulus, exponent })
    }

    /// RFC 5915 section 3. PKCS#8 names the curve outside.
    fn sec1(key: Tlv<'a>, curve: Option<Curve>) -> Result<Self, KeyError> {
        let mut fields = key.inside();
        fields.field(tlv::INTEGER, "EC key's version")?;
        fields.field(tlv::OCTET_STRING, "EC key's scalar")?;
        let parameters = fields.optional(tlv::constructed(0));
        let curve = match curve {
            Some(curve) => curve,
            None => named_curve(&mut parameters.map_or(Reader::new(&[]), Tlv::inside))?,
        };
        let point = match fields.optional(tlv::constructed(1)) {
            Some(wrapped) => {
                let bits = wrapped.inside().field(tlv::BIT_STRING, "EC key's point")?;
                Some(bits.whole_bits("EC key's point")?)
            }
            None => None,
        };
        Ok(Self::Ec { curve, point })
    }
}

/// The library writes RSA keys as PKCS#8 only; the traditional form is what that wraps.
pub(super) fn inside_pkcs8(pkcs8: &[u8]) -> Result<&[u8], Unreadable> {
    let mut fields = Reader::new(pkcs8).field(tlv::SEQUENCE, "private key")?.inside();
    fields.field(tlv::INTEGER, "version")?;
    fields.field(tlv::SEQUENCE, "algorithm")?;
    Ok(fields.field(tlv::OCTET_STRING, "private key")?.content)
}

/// The library leaves out the point if the key was read without it; openssl and Go always write it.
pub(super) fn sec1(scalar: &[u8], curve: Option<Curve>, point: &[u8]) -> der::Result<Zeroizing<Vec<u8>>> {
    let key = EcPrivateKey {
        version: 1,
        scalar: OctetStringRef::new(scalar)?,
        curve: curve.map(Curve::oid),
        point: BitStringRef::from_bytes(point)?,
    };
    key.to_der().map(Zeroizing::new)
}

/// PKCS#8 around such a key without its curve.
pub(super) fn ec_pkcs8(curve: Curve, sec1: &[u8]) -> der::Result<Zeroizing<Vec<u8>>> {
    let parameters = Some(Parameters::Curve(curve.oid()));
    let key = PrivateKeyInfo {
        version: 0,
        algorithm: AlgorithmIdentifier { algorithm: oid::EC_PUBLIC_KEY, parameters },
        private_key: OctetStringRef::new(sec1)?,
    };
    key.to_der().map(Zeroizing::new)
}
