//! Certificate signing requests (PKCS #10, RFC 2986): made on the node that keeps the key, read
//! where the authority signs.

use der::asn1::{AnyRef, BitStringRef};
use der::{Encode as _, Tag, TagNumber};

use super::alternative_names::{self, Name};
use super::armour::armour;
use super::asn1::{Attribute, CertificationRequestInfo, Raw, Signed};
use super::private_key::{KeyError, PrivateKey};
use super::raw_certificate::{Frame, RawCertificate, RawExtension};
use super::scheme::Scheme;
use super::signature::{SignatureFault, sign, verify_frame};
use super::tlv::{self, Reader};
use super::{Unreadable, oid};

/// `[0] IMPLICIT SET OF Attribute`.
const ATTRIBUTES: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

/// A request taken apart. Subject and key hold the whole value, with its tag and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    pub subject: &'a [u8],
    pub spki: &'a [u8],
    /// Those asked for by the attribute `extensionRequest` (RFC 2985 5.4.2), in their order.
    pub extensions: Vec<RawExtension<'a>>,
    der: &'a [u8],
}

/// A signed request, DER, for this subject (DER of a Name) and this key. It asks for the extensions
/// of the old certificate, copied byte for byte, except the key identifiers: those are the issuer's
/// to set. Names are added to the subject alternative names as by a re-issue.
pub fn request(
    subject: &[u8],
    extensions_of: &RawCertificate<'_>,
    added_names: &[Name],
    key: &PrivateKey,
) -> Result<Vec<u8>, KeyError> {
    let names = alternative_names::with(extensions_of, added_names)?;
    let wanted = alternative_names::replaced(extensions_of, names.as_deref()).filter(|it| !it.is_key_id());
    let extensions = wanted.map(|it| it.raw).collect::<Vec<_>>().concat();
    let attributes = if extensions.is_empty() { Vec::new() } else { attribute(&extensions)? };
    let info = CertificationRequestInfo {
        version: 0,
        subject: Raw(subject),
        public_key: Raw(key.spki_der()),
        attributes: AnyRef::new(ATTRIBUTES, &attributes)?,
    };
    let info = info.to_der()?;
    let old = Scheme::parse(extensions_of.signature_algorithm).ok();
    let scheme = Scheme::for_key(key.algorithm(), old);
    let algorithm = scheme.to_der()?;
    let signature = sign(key, scheme, &info)?;
    let signature = BitStringRef::from_bytes(&signature)?;
    Ok(Signed { content: Raw(&info), algorithm: Raw(&algorithm), signature }.to_der()?)
}

/// The request as text.
pub fn to_pem(der: &[u8]) -> Vec<u8> {
    armour("CERTIFICATE REQUEST", der).to_vec()
}

impl<'a> Request<'a> {
    /// Takes a request apart. Attributes other than `extensionRequest` are ignored.
    pub fn parse(der: &'a [u8]) -> Result<Self, Unreadable> {
        let frame = Frame::parse(der)?;
        let mut info = Reader::new(frame.content).field(tlv::SEQUENCE, "request")?.inside();
        info.field(tlv::INTEGER, "version")?;
        let subject = info.field(tlv::SEQUENCE, "subject")?.raw;
        let spki = info.field(tlv::SEQUENCE, "public key")?.raw;
        let mut extensions = Vec::new();
        if let Some(attributes) = info.optional(tlv::constructed(0)) {
            let mut attributes = attributes.inside();
            while !attributes.is_empty() {
                let mut attribute = attributes.field(tlv::SEQUENCE, "attribute")?.inside();
                let oid = attribute.field(tlv::OBJECT_IDENTIFIER, "attribute's type")?.content;
                if oid == oid::EXTENSION_REQUEST.as_bytes() {
                    let mut values = attribute.field(tlv::SET, "requested extensions")?.inside();
                    let list = values.field(tlv::SEQUENCE, "requested extensions")?;
                    extensions.extend(RawExtension::list(list.inside())?);
                }
            }
        }
        Ok(Self { subject, spki, extensions, der })
    }

    /// Whether the request was signed by the key it is for.
    pub fn verify_possession(&self) -> Result<(), SignatureFault> {
        verify_frame(&Frame::parse(self.der)?, self.spki)
    }
}

/// The one attribute, with the SEQUENCE of extensions as its one value.
fn attribute(extensions: &[u8]) -> der::Result<Vec<u8>> {
    let list = AnyRef::new(Tag::Sequence, extensions)?.to_der()?;
    let values = AnyRef::new(Tag::Set, &list)?;
    Attribute { id: oid::EXTENSION_REQUEST, values }.to_der()
}
