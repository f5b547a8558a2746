//! The object identifiers this room knows, and how unknown ones are written.

use der::oid::ObjectIdentifier;

// RFC 8017 appendix C, RFC 3279 2.3.5, RFC 5480 2.1.1.1, RFC 8410 section 3: public keys.
pub(super) const RSA_ENCRYPTION: ObjectIdentifier = known("1.2.840.113549.1.1.1");
pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = known("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = known("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = known("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = known("1.3.132.0.35");
pub(super) const ED25519: ObjectIdentifier = known("1.3.101.112");

// RFC 8017 appendix C and RFC 5758 3.2: signatures; RFC 5754 section 2 and RFC 4055 2.1: hashes.
pub(super) const SHA1_WITH_RSA: ObjectIdentifier = known("1.2.840.113549.1.1.5");
pub(super) const MGF1: ObjectIdentifier = known("1.2.840.113549.1.1.8");
pub(super) const RSA_PSS: ObjectIdentifier = known("1.2.840.113549.1.1.10");
pub(super) const SHA256_WITH_RSA: ObjectIdentifier = known("1.2.840.113549.1.1.11");
pub(super) const SHA384_WITH_RSA: ObjectIdentifier = known("1.2.840.113549.1.1.12");
pub(super) const SHA512_WITH_RSA: ObjectIdentifier = known("1.2.840.113549.1.1.13");
pub(super) const ECDSA_WITH_SHA1: ObjectIdentifier = known("1.2.840.10045.4.1");
pub(super) const ECDSA_WITH_SHA256: ObjectIdentifier = known("1.2.840.10045.4.3.2");
pub(super) const ECDSA_WITH_SHA384: ObjectIdentifier = known("1.2.840.10045.4.3.3");
pub(super) const ECDSA_WITH_SHA512: ObjectIdentifier = known("1.2.840.10045.4.3.4");
pub(super) const SHA256: ObjectIdentifier = known("2.16.840.1.101.3.4.2.1");
pub(super) const SHA384: ObjectIdentifier = known("2.16.840.1.101.3.4.2.2");
pub(super) const SHA512: ObjectIdentifier = known("2.16.840.1.101.3.4.2.3");

// RFC 5280 4.2.1.1, 4.2.1.2 and 4.2.1.6; RFC 2985 5.4.2.
pub(super) const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier = known("2.5.29.14");
pub(super) const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = known("2.5.29.35");
pub(super) const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = known("2.5.29.17");
pub(super) const EXTENSION_REQUEST: ObjectIdentifier = known("1.2.840.113549.1.9.14");

const fn known(dotted: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(dotted)
}

/// The dotted form of the content of an OBJECT IDENTIFIER; its bytes if that is not one.
pub(super) fn dotted(content: &[u8]) -> String {
    ObjectIdentifier::from_bytes(content).map_or_else(|_| format!("0x{}", hex::encode(content)), |oid| oid.to_string())
}
