//! Key identifiers: how one was computed, so that the next is computed the same way.
//!
//! The RFCs leave the method open (RFC 5280 4.2.1.2, RFC 7093 section 2) and programs differ:
//! openssl and Go before 1.25 take SHA-1 of the key's bits, Go from 1.25 on the first 20 octets of
//! SHA-256 of them, rcgen those of a hash of the whole `SubjectPublicKeyInfo`.

use aws_lc_rs::digest::{self, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};

use super::Unreadable;
use super::raw_certificate::RawCertificate;
use super::tlv::{self, Reader};

/// A way to compute a key identifier: the first octets of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Method {
    hash: &'static Algorithm,
    of_whole_spki: bool,
    length: usize,
}

impl Method {
    /// SHA-1 of the key's bits, which every program understands and most use. As an identifier it
    /// need not withstand an attack: a chain is proven by signatures.
    pub(super) const USUAL: Self = Self { hash: &SHA1_FOR_LEGACY_USE_ONLY, of_whole_spki: false, length: 20 };

    /// How the subject key identifier of this certificate was computed.
    pub(super) fn of(certificate: &RawCertificate<'_>) -> Option<Self> {
        let key_id = certificate.subject_key_id()?;
        let hashes = [&SHA1_FOR_LEGACY_USE_ONLY, &SHA256, &SHA384, &SHA512];
        hashes
            .into_iter()
            .flat_map(|hash| [false, true].map(|of_whole_spki| (hash, of_whole_spki)))
            .map(|(hash, of_whole_spki)| Self { hash, of_whole_spki, length: key_id.len() })
            // A few octets might match by chance.
            .filter(|method| method.length >= 8)
            .find(|method| method.apply(certificate.spki).is_ok_and(|it| it == key_id))
    }

    pub(super) fn apply(self, spki: &[u8]) -> Result<Vec<u8>, Unreadable> {
        let input = if self.of_whole_spki { spki } else { key_bits(spki)? };
        let mut key_id = digest::digest(self.hash, input).as_ref().to_vec();
        key_id.truncate(self.length);
        Ok(key_id)
    }
}

/// The content of the BIT STRING, without the octet that counts unused bits.
fn key_bits(spki: &[u8]) -> Result<&[u8], Unreadable> {
    let field = "public key";
    let mut whole = Reader::new(spki);
    let mut spki = whole.field(tlv::SEQUENCE, field)?.inside();
    spki.field(tlv::SEQUENCE, field)?;
    let bits = spki.field(tlv::BIT_STRING, field)?.whole_bits(field)?;
    if whole.is_empty() { Ok(bits) } else { Err(Unreadable { field }) }
}
