//! The ASN.1 types that are written, declared as their RFCs do. Encoding only: reading is `tlv`.

use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, Null, OctetStringRef, UintRef, UtcTime};
use der::oid::ObjectIdentifier;
use der::{Choice, Encode, EncodeValue, FixedTag, Length, Tag, Writer};

/// A value already encoded, copied as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a>(pub(super) &'a [u8]);

impl Encode for Raw<'_> {
    fn encoded_len(&self) -> der::Result<Length> {
        self.0.len().try_into()
    }

    fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0)
    }
}

/// `RFC 5280 4.1.1`: certificates, and requests (RFC 2986 4.2), once signed.
#[derive(EncodeValue)]
pub(super) struct Signed<'a> {
    pub(super) content: Raw<'a>,
    pub(super) algorithm: Raw<'a>,
    pub(super) signature: BitStringRef<'a>,
}

/// RFC 5280 4.1.2. Whatever is copied from elsewhere is raw.
#[derive(EncodeValue)]
pub(super) struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) version: u8,
    pub(super) serial: AnyRef<'a>,
    pub(super) signature: Raw<'a>,
    pub(super) issuer: Raw<'a>,
    pub(super) validity: Validity,
    pub(super) subject: Raw<'a>,
    pub(super) public_key: Raw<'a>,
    pub(super) issuer_unique_id: Option<Raw<'a>>,
    pub(super) subject_unique_id: Option<Raw<'a>>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT")]
    pub(super) extensions: AnyRef<'a>,
}

/// RFC 5280 4.1.2.5.
#[derive(EncodeValue)]
pub(super) struct Validity {
    pub(super) not_before: Time,
    pub(super) not_after: Time,
}

#[derive(Choice)]
pub(super) enum Time {
    #[asn1(type = "UTCTime")]
    Utc(UtcTime),
    #[asn1(type = "GeneralizedTime")]
    General(GeneralizedTime),
}

/// RFC 2986 4.1. The attributes are a SET OF with an implicit tag.
#[derive(EncodeValue)]
pub(super) struct CertificationRequestInfo<'a> {
    pub(super) version: u8,
    pub(super) subject: Raw<'a>,
    pub(super) public_key: Raw<'a>,
    pub(super) attributes: AnyRef<'a>,
}

/// RFC 5280 4.1.1.2.
#[derive(EncodeValue)]
pub(super) struct AlgorithmIdentifier {
    pub(super) algorithm: ObjectIdentifier,
    pub(super) parameters: Option<Parameters>,
}

/// The only parameters ever written: none at all is the absent `Option`.
pub(super) enum Parameters {
    Null,
    Curve(ObjectIdentifier),
}

impl Encode for Parameters {
    fn encoded_len(&self) -> der::Result<Length> {
        match self {
            Self::Null => Null.encoded_len(),
            Self::Curve(oid) => oid.encoded_len(),
        }
    }

    fn encode(&self, writer: &mut impl Writer) -> der::Result<()> {
        match self {
            Self::Null => Null.encode(writer),
            Self::Curve(oid) => oid.encode(writer),
        }
    }
}

/// RFC 5280 4.1.2.7.
#[derive(EncodeValue)]
pub(super) struct SubjectPublicKeyInfo<'a> {
    pub(super) algorithm: AlgorithmIdentifier,
    pub(super) public_key: BitStringRef<'a>,
}

/// RFC 8017 appendix A.1.1.
#[derive(EncodeValue)]
pub(super) struct RsaPublicKey<'a> {
    pub(super) modulus: UintRef<'a>,
    pub(super) exponent: UintRef<'a>,
}

/// RFC 5958 section 2, version 1, without attributes: what openssl and Go call PKCS#8.
#[derive(EncodeValue)]
pub(super) struct PrivateKeyInfo<'a> {
    pub(super) version: u8,
    pub(super) algorithm: AlgorithmIdentifier,
    pub(super) private_key: &'a OctetStringRef,
}

/// RFC 5915 section 3. The curve is left out inside PKCS#8, which names it already.
#[derive(EncodeValue)]
pub(super) struct EcPrivateKey<'a> {
    pub(super) version: u8,
    pub(super) scalar: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) curve: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    pub(super) point: BitStringRef<'a>,
}

/// RFC 5280 4.2. `critical` is `Some(true)` or absent: DER leaves defaults out.
#[derive(EncodeValue)]
pub(super) struct Extension<'a> {
    pub(super) id: ObjectIdentifier,
    pub(super) critical: Option<bool>,
    pub(super) value: &'a OctetStringRef,
}

/// RFC 5280 4.2.1.1, the key's identifier only.
#[derive(EncodeValue)]
pub(super) struct AuthorityKeyIdentifier<'a> {
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    pub(super) key_id: &'a OctetStringRef,
}

/// RFC 2986 4.1, one attribute with one value.
#[derive(EncodeValue)]
pub(super) struct Attribute<'a> {
    pub(super) id: ObjectIdentifier,
    pub(super) values: AnyRef<'a>,
}

macro_rules! sequences {
    ($($name:ty),*) => {
        $(impl FixedTag for $name {
            const TAG: Tag = Tag::Sequence;
        })*
    };
}

sequences!(
    Signed<'_>,
    TbsCertificate<'_>,
    Validity,
    CertificationRequestInfo<'_>,
    AlgorithmIdentifier,
    SubjectPublicKeyInfo<'_>,
    RsaPublicKey<'_>,
    PrivateKeyInfo<'_>,
    EcPrivateKey<'_>,
    Extension<'_>,
    AuthorityKeyIdentifier<'_>,
    Attribute<'_>
);
