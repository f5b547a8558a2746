//! A certificate taken apart into its raw fields (RFC 5280 section 4.1), none of them interpreted.
//!
//! This is for copying, comparing and checking signatures byte for byte; what the fields mean is
//! read elsewhere. Certificates without a version, without extensions, with unique identifiers or
//! with odd serials all pass.

use super::Unreadable;
use super::oid;
use super::tlv::{self, Reader};

/// The fields of a certificate. Unless said otherwise a field holds the whole value, with its tag
/// and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawCertificate<'a> {
    /// What is signed.
    pub tbs: &'a [u8],
    /// 1, 2 or 3, one more than the number in the certificate.
    pub version: u8,
    /// The content of the INTEGER: big-endian, two's complement.
    pub serial: &'a [u8],
    /// The algorithm named inside what is signed.
    pub inner_algorithm: &'a [u8],
    pub issuer: &'a [u8],
    pub validity: &'a [u8],
    pub subject: &'a [u8],
    pub spki: &'a [u8],
    /// `[1]` and `[2]`, long out of use (RFC 5280 4.1.2.8).
    pub issuer_unique_id: Option<&'a [u8]>,
    pub subject_unique_id: Option<&'a [u8]>,
    pub extensions: Vec<RawExtension<'a>>,
    pub signature_algorithm: &'a [u8],
    /// The content of the BIT STRING.
    pub signature: &'a [u8],
}

/// One extension (RFC 5280 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawExtension<'a> {
    /// The whole extension.
    pub raw: &'a [u8],
    /// The content of the OBJECT IDENTIFIER.
    pub oid: &'a [u8],
    pub critical: bool,
    /// The content of the OCTET STRING.
    pub value: &'a [u8],
}

impl<'a> RawCertificate<'a> {
    /// Takes a certificate apart. Bytes after its end are ignored.
    pub fn parse(der: &'a [u8]) -> Result<Self, Unreadable> {
        let frame = Frame::parse(der)?;
        let mut tbs = Reader::new(frame.content).field(tlv::SEQUENCE, "certificate")?.inside();
        let version = version(&mut tbs)?;
        let serial = tbs.field(tlv::INTEGER, "serial number")?.content;
        let inner_algorithm = tbs.field(tlv::SEQUENCE, "signature algorithm")?.raw;
        let issuer = tbs.field(tlv::SEQUENCE, "issuer")?.raw;
        let validity = tbs.field(tlv::SEQUENCE, "validity")?.raw;
        let subject = tbs.field(tlv::SEQUENCE, "subject")?.raw;
        let spki = tbs.field(tlv::SEQUENCE, "public key")?.raw;
        let issuer_unique_id = unique_id(&mut tbs, 1);
        let subject_unique_id = unique_id(&mut tbs, 2);
        let extensions = match tbs.optional(tlv::constructed(3)) {
            Some(wrapped) => {
                let mut inside = wrapped.inside();
                RawExtension::list(inside.field(tlv::SEQUENCE, "list of extensions")?.inside())?
            }
            None => Vec::new(),
        };
        if !tbs.is_empty() {
            let field = "field after the extensions";
            return Err(Unreadable { field });
        }
        Ok(Self {
            tbs: frame.content,
            version,
            serial,
            inner_algorithm,
            issuer,
            validity,
            subject,
            spki,
            issuer_unique_id,
            subject_unique_id,
            extensions,
            signature_algorithm: frame.algorithm,
            signature: frame.signature,
        })
    }

    /// The subject key identifier, if there is one (RFC 5280 4.2.1.2).
    pub fn subject_key_id(&self) -> Option<&'a [u8]> {
        let extension = self.extension(oid::SUBJECT_KEY_IDENTIFIER.as_bytes())?;
        Some(Reader::new(extension.value).optional(tlv::OCTET_STRING)?.content)
    }

    /// A critical extension that crypto/x509 of Go leaves unhandled, so that every component of Kubernetes refuses the
    /// certificate, in dotted form.
    pub fn unhandled_critical_extension(&self) -> Option<String> {
        self.unhandled_critical_extensions().next()
    }

    pub fn unhandled_critical_extensions(&self) -> impl Iterator<Item = String> {
        // Key ids, key usage, names, basic and name constraints, revocation lists, policies, extended key usage.
        const HANDLED: [u8; 9] = [14, 15, 17, 19, 30, 31, 32, 35, 37];
        let is_handled = |oid: &[u8]| matches!(oid, [0x55, 0x1D, last] if HANDLED.contains(last));
        let critical = self.extensions.iter().filter(|extension| extension.critical);
        critical.filter(move |extension| !is_handled(extension.oid)).map(|extension| oid::dotted(extension.oid))
    }

    /// The first extension with this identifier, the content of an OBJECT IDENTIFIER.
    pub fn extension(&self, oid: &[u8]) -> Option<&RawExtension<'a>> {
        self.extensions.iter().find(|it| it.oid == oid)
    }
}

impl<'a> RawExtension<'a> {
    /// All extensions inside a SEQUENCE of them.
    pub(super) fn list(mut extensions: Reader<'a>) -> Result<Vec<Self>, Unreadable> {
        let mut list = Vec::new();
        while !extensions.is_empty() {
            let whole = extensions.field(tlv::SEQUENCE, "extension")?;
            let mut inside = whole.inside();
            let oid = inside.field(tlv::OBJECT_IDENTIFIER, "extension's identifier")?.content;
            let critical = inside.optional(tlv::BOOLEAN).is_some_and(|it| it.content != [0]);
            let value = inside.field(tlv::OCTET_STRING, "extension's value")?.content;
            list.push(Self { raw: whole.raw, oid, critical, value });
        }
        Ok(list)
    }

    /// Whether this is a subject or authority key identifier: what changes when keys do.
    pub(super) fn is_key_id(&self) -> bool {
        [oid::SUBJECT_KEY_IDENTIFIER, oid::AUTHORITY_KEY_IDENTIFIER].iter().any(|oid| oid.as_bytes() == self.oid)
    }
}

/// The frame that certificates and requests share: content, algorithm, signature.
pub(super) struct Frame<'a> {
    pub(super) content: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, Unreadable> {
        let mut parts = Reader::new(der).field(tlv::SEQUENCE, "outer sequence")?.inside();
        let content = parts.field(tlv::SEQUENCE, "signed content")?.raw;
        let algorithm = parts.field(tlv::SEQUENCE, "signature algorithm")?.raw;
        let signature = parts.field(tlv::BIT_STRING, "signature")?.whole_bits("signature")?;
        Ok(Self { content, algorithm, signature })
    }
}

fn version(tbs: &mut Reader<'_>) -> Result<u8, Unreadable> {
    let Some(wrapped) = tbs.optional(tlv::constructed(0)) else {
        return Ok(1);
    };
    match wrapped.inside().field(tlv::INTEGER, "version")?.content {
        [number] => Ok(number.saturating_add(1)),
        _ => Err(Unreadable { field: "version" }),
    }
}

/// A unique identifier is an IMPLICIT BIT STRING, primitive in DER; some wrap it as if EXPLICIT.
fn unique_id<'a>(tbs: &mut Reader<'a>, number: u8) -> Option<&'a [u8]> {
    tbs.optional(tlv::primitive(number)).or_else(|| tbs.optional(tlv::constructed(number))).map(|it| it.raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn criticality() {
        for (boolean, critical) in
            [(&b""[..], false), (b"\x01\x01\0", false), (b"\x01\x01\xff", true), (b"\x01\x01\x01", true)]
        {
            let raw = [b"\x06\x01\x2a", boolean, b"\x04\x01x"].concat();
            let length = u8::try_from(raw.len()).unwrap();
            let raw = [&[tlv::SEQUENCE, length], &*raw].concat();
            let list = RawExtension::list(Reader::new(&raw)).unwrap();
            assert_eq!(list, [RawExtension { raw: &raw, oid: b"\x2a", critical, value: b"x" }]);
        }
    }
}
