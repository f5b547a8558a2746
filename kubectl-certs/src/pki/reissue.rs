//! Issues a certificate once more: everything of the old one but what must change.

use std::time::Duration;

use der::asn1::{AnyRef, BitStringRef, GeneralizedTime, OctetStringRef, UtcTime};
use der::oid::ObjectIdentifier;
use der::{DateTime, Encode as _, Tag};

use super::alternative_names::{self, Name};
use super::asn1::{AuthorityKeyIdentifier, Extension, Raw, Signed, TbsCertificate, Time, Validity};
use super::key_id::Method;
use super::private_key::{KeyError, PrivateKey};
use super::public_key::canonical_spki;
use super::raw_certificate::RawCertificate;
use super::scheme::Scheme;
use super::serial::Serial;
use super::signature::sign;
use super::{Unreadable, oid};

/// What a new certificate is made of.
///
/// Subject, unique identifiers and extensions are copied from `old` byte for byte, the extensions
/// in their order; names may be added at the end of the subject alternative names. The subject key identifier is computed anew by the method of the old one, and
/// the authority key identifier names the issuer's key; both keep their place and criticality, and
/// are added at the end where they were missing. The result is of version 3 whatever the old one
/// was.
#[derive(Clone, Debug)]
pub struct Reissue<'a> {
    /// The certificate to replace, DER.
    pub old: &'a [u8],
    /// The public key of the new certificate, DER of `SubjectPublicKeyInfo`.
    pub spki: &'a [u8],
    /// The certificate of the authority, DER; its subject becomes the issuer. For a self-signed
    /// certificate this is `old` again.
    pub issuer: &'a [u8],
    /// Subject alternative names beside those of `old`; what is there already is not repeated.
    pub added_names: &'a [Name],
    pub serial: Serial,
    /// Seconds since 1970; both ends belong to the validity.
    pub not_before: i64,
    pub not_after: i64,
}

/// Why a certificate cannot be issued again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReissueError {
    #[error("the {field} of the {certificate} cannot be read")]
    Unreadable { certificate: &'static str, field: &'static str },
    /// A date outside of 1970 to 9999, or an end before the beginning.
    #[error("a certificate cannot be valid from {not_before} to {not_after} (seconds since 1970)")]
    Validity { not_before: i64, not_after: i64 },
    #[error("the signing key is not the key of the issuing certificate")]
    NotTheIssuersKey,
    #[error("failed to sign the certificate")]
    Signing(#[from] KeyError),
}

impl Reissue<'_> {
    /// The new certificate, DER. `key` is the authority's; if it is the new certificate's own, the
    /// result is self-signed.
    pub fn sign(&self, key: &PrivateKey) -> Result<Vec<u8>, ReissueError> {
        let old = RawCertificate::parse(self.old).map_err(of("old certificate"))?;
        let issuer = RawCertificate::parse(self.issuer).map_err(of("issuing certificate"))?;
        let is_self_signed = is_public_half(self.spki, key);
        if !is_self_signed && !is_public_half(issuer.spki, key) {
            return Err(ReissueError::NotTheIssuersKey);
        }

        let key_id = self.subject_key_id(&old, &issuer)?;
        let issuer_key_id = if is_self_signed { Some(&*key_id) } else { issuer.subject_key_id() };
        let renewed = [
            Renewed {
                id: oid::SUBJECT_KEY_IDENTIFIER,
                value: Some(OctetStringRef::new(&key_id)?.to_der()?),
                is_added: true,
            },
            Renewed {
                id: oid::AUTHORITY_KEY_IDENTIFIER,
                value: issuer_key_id.map(authority_key_identifier).transpose()?,
                // RFC 5280 4.2.1.1: a self-signed certificate needs none.
                is_added: !is_self_signed,
            },
        ];
        let names = alternative_names::with(&old, self.added_names).map_err(of("old certificate"))?;
        let extensions = extensions(&old, names.as_deref(), &renewed)?;

        let scheme = Scheme::for_key(key.algorithm(), Scheme::parse(old.signature_algorithm).ok());
        let algorithm = scheme.to_der()?;
        let tbs = TbsCertificate {
            version: 2,
            serial: AnyRef::new(Tag::Integer, self.serial.as_bytes())?,
            signature: Raw(&algorithm),
            issuer: Raw(issuer.subject),
            validity: self.validity()?,
            subject: Raw(old.subject),
            public_key: Raw(self.spki),
            issuer_unique_id: old.issuer_unique_id.map(Raw),
            subject_unique_id: old.subject_unique_id.map(Raw),
            extensions: AnyRef::new(Tag::Sequence, &extensions)?,
        };
        let tbs = tbs.to_der()?;
        let signature = sign(key, scheme, &tbs)?;
        let signature = BitStringRef::from_bytes(&signature)?;
        Ok(Signed { content: Raw(&tbs), algorithm: Raw(&algorithm), signature }.to_der()?)
    }

    /// An unchanged key keeps its identifier, whatever that is. Otherwise the old method is used
    /// or, where none is to be seen, that of the issuer: it comes from the same program.
    fn subject_key_id(&self, old: &RawCertificate<'_>, issuer: &RawCertificate<'_>) -> Result<Vec<u8>, ReissueError> {
        if let Some(key_id) = old.subject_key_id().filter(|_| old.spki == self.spki) {
            return Ok(key_id.to_vec());
        }
        let method = Method::of(old).or_else(|| Method::of(issuer)).unwrap_or(Method::USUAL);
        method.apply(self.spki).map_err(of("new certificate"))
    }

    fn validity(&self) -> Result<Validity, ReissueError> {
        let Self { not_before, not_after, .. } = *self;
        match (time(not_before), time(not_after)) {
            (Some(begin), Some(end)) if not_before <= not_after => Ok(Validity { not_before: begin, not_after: end }),
            _ => Err(ReissueError::Validity { not_before, not_after }),
        }
    }
}

/// Writing fails only on lengths that no certificate has.
impl From<der::Error> for ReissueError {
    fn from(error: der::Error) -> Self {
        Self::Signing(error.into())
    }
}

/// An extension that follows the keys.
struct Renewed {
    id: ObjectIdentifier,
    /// None where there is nothing to say any more: the extension goes.
    value: Option<Vec<u8>>,
    /// Whether it is added where the old certificate has none.
    is_added: bool,
}

impl Renewed {
    fn write(&self, critical: bool, written: &mut Vec<u8>) -> der::Result<()> {
        if let Some(value) = &self.value {
            let critical = critical.then_some(true);
            let value = OctetStringRef::new(value)?;
            Extension { id: self.id, critical, value }.encode_to_vec(written)?;
        }
        Ok(())
    }
}

/// All extensions of the new certificate, one after another; `names` takes the place of the alternative names.
fn extensions(old: &RawCertificate<'_>, names: Option<&[u8]>, renewed: &[Renewed]) -> der::Result<Vec<u8>> {
    let mut written = Vec::new();
    for extension in alternative_names::replaced(old, names) {
        match renewed.iter().find(|it| it.id.as_bytes() == extension.oid) {
            None => written.extend_from_slice(extension.raw),
            Some(renewed) => renewed.write(extension.critical, &mut written)?,
        }
    }
    for renewed in renewed {
        if renewed.is_added && old.extension(renewed.id.as_bytes()).is_none() {
            renewed.write(false, &mut written)?;
        }
    }
    Ok(written)
}

fn authority_key_identifier(key_id: &[u8]) -> der::Result<Vec<u8>> {
    AuthorityKeyIdentifier { key_id: OctetStringRef::new(key_id)? }.to_der()
}

/// RFC 5280 4.1.2.5: two digits for the year up to 2049, four from 2050 on.
fn time(seconds: i64) -> Option<Time> {
    let since_1970 = Duration::from_secs(u64::try_from(seconds).ok()?);
    let date = DateTime::from_unix_duration(since_1970).ok()?;
    Some(match UtcTime::from_date_time(date) {
        Ok(time) => Time::Utc(time),
        Err(_) => Time::General(GeneralizedTime::from_date_time(date)),
    })
}

fn is_public_half(spki: &[u8], key: &PrivateKey) -> bool {
    canonical_spki(spki).is_ok_and(|it| it == key.spki_der())
}

fn of(certificate: &'static str) -> impl Fn(Unreadable) -> ReissueError {
    move |Unreadable { field }| ReissueError::Unreadable { certificate, field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let der = |seconds| time(seconds).map(|it| it.to_der().unwrap());
        assert_eq!(der(0).unwrap(), b"\x17\x0d700101000000Z");
        assert_eq!(der(2_524_607_999).unwrap(), b"\x17\x0d491231235959Z");
        assert_eq!(der(2_524_608_000).unwrap(), b"\x18\x0f20500101000000Z");
        assert_eq!(der(253_402_300_799).unwrap(), b"\x18\x0f99991231235959Z");
        assert_eq!(der(253_402_300_800), None);
        assert_eq!(der(-1), None);
    }
}
