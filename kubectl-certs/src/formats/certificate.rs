//! One certificate: DER in, the model's `Certificate` out.

use aws_lc_rs::digest;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;

use super::name;
use crate::model::{CertId, Certificate, KeyId, NameKey, Time};
use crate::pki::public_key;
use crate::pki::raw_certificate::RawCertificate;

#[derive(Debug, thiserror::Error)]
#[error("not a certificate: {0}")]
pub struct CertificateError(String);

/// Trailing bytes after the certificate are ignored, as openssl's `TRUSTED CERTIFICATE` appends its own data there.
pub fn parse(der: &[u8]) -> Result<Certificate, CertificateError> {
    let (rest, x509) = X509Certificate::from_der(der).map_err(|error| CertificateError(error.to_string()))?;
    let der = &der[..der.len() - rest.len()];
    let mut stated = Stated::default();
    for extension in x509.extensions() {
        stated.read(extension.parsed_extension());
    }
    Ok(Certificate {
        fingerprint: fingerprint(der),
        subject: name::text(x509.subject()),
        issuer: name::text(x509.issuer()).into(),
        serial: serial(x509.raw_serial()),
        not_before: time(x509.validity().not_before),
        not_after: time(x509.validity().not_after),
        dns_names: stated.dns_names,
        ip_addresses: stated.ip_addresses,
        other_names: stated.other_names,
        key_usages: stated.key_usages.into(),
        extended_key_usages: stated.extended_key_usages.into(),
        is_authority: stated.is_authority,
        path_length: stated.path_length,
        version: x509.version().0 + 1,
        key_algorithm: key_algorithm(&x509).into(),
        signature_algorithm: signature_algorithm(&x509).into(),
        public_key: key_of(x509.public_key().raw),
        subject_key_id: stated.subject_key_id.map(Into::into),
        authority_key_id: stated.authority_key_id.map(Into::into),
        subject_key: NameKey(sha256(x509.subject().as_raw())),
        issuer_key: NameKey(sha256(x509.issuer().as_raw())),
    })
}

/// What extensions state, of a certificate or of a request for one.
#[derive(Default)]
pub(super) struct Stated {
    pub(super) dns_names: Vec<String>,
    pub(super) ip_addresses: Vec<String>,
    pub(super) other_names: Vec<String>,
    pub(super) key_usages: Vec<String>,
    pub(super) extended_key_usages: Vec<String>,
    /// Without the extension only a version 1 certificate can be an authority, and only where it is trusted as one.
    is_authority: bool,
    path_length: Option<u32>,
    subject_key_id: Option<String>,
    authority_key_id: Option<String>,
}

/// Critical extensions that crypto/x509 of Go leaves unhandled, so that every component of Kubernetes refuses the certificate.
pub fn unknown_critical_extensions(der: &[u8]) -> Vec<String> {
    RawCertificate::parse(der).map(|raw| raw.unhandled_critical_extensions().collect()).unwrap_or_default()
}

pub fn fingerprint(der: &[u8]) -> CertId {
    CertId(sha256(der))
}

/// Of a `SubjectPublicKeyInfo`.
pub fn key_id(spki: &[u8]) -> KeyId {
    KeyId(sha256(spki))
}

/// One key may be written in several ways (RSA with and without NULL parameters): the canonical one is compared.
pub(super) fn key_of(spki: &[u8]) -> KeyId {
    match public_key::canonical_spki(spki) {
        Ok(canonical) => key_id(&canonical),
        Err(_) => key_id(spki),
    }
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes))
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    out
}

impl Stated {
    pub(super) fn read(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::BasicConstraints(constraints) => {
                self.is_authority = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => {
                let bits = [
                    (usage.digital_signature(), "digitalSignature"),
                    (usage.non_repudiation(), "nonRepudiation"),
                    (usage.key_encipherment(), "keyEncipherment"),
                    (usage.data_encipherment(), "dataEncipherment"),
                    (usage.key_agreement(), "keyAgreement"),
                    (usage.key_cert_sign(), "keyCertSign"),
                    (usage.crl_sign(), "cRLSign"),
                    (usage.encipher_only(), "encipherOnly"),
                    (usage.decipher_only(), "decipherOnly"),
                ];
                self.key_usages = bits.iter().filter(|(set, _)| *set).map(|(_, name)| (*name).to_owned()).collect();
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let known = [
                    (usage.any, "any"),
                    (usage.server_auth, "serverAuth"),
                    (usage.client_auth, "clientAuth"),
                    (usage.code_signing, "codeSigning"),
                    (usage.email_protection, "emailProtection"),
                    (usage.time_stamping, "timeStamping"),
                    (usage.ocsp_signing, "OCSPSigning"),
                ];
                self.extended_key_usages = known
                    .iter()
                    .filter(|(set, _)| *set)
                    .map(|(_, name)| (*name).to_owned())
                    .chain(usage.other.iter().map(x509_parser::der_parser::Oid::to_id_string))
                    .collect();
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    self.read_name(name);
                }
            }
            ParsedExtension::SubjectKeyIdentifier(id) => self.subject_key_id = Some(hex::encode(id.0)),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_id = id.key_identifier.as_ref().map(|id| hex::encode(id.0));
            }
            _ => {}
        }
    }

    fn read_name(&mut self, name: &GeneralName<'_>) {
        match name {
            GeneralName::DNSName(dns) => self.dns_names.push((*dns).to_owned()),
            GeneralName::IPAddress(bytes) => self.ip_addresses.push(ip_text(bytes)),
            GeneralName::RFC822Name(mail) => self.other_names.push(format!("email:{mail}")),
            GeneralName::URI(uri) => self.other_names.push(format!("URI:{uri}")),
            GeneralName::DirectoryName(name) => self.other_names.push(format!("DirName:{}", name::text(name))),
            other => self.other_names.push(format!("other:{other:?}")),
        }
    }
}

fn ip_text(bytes: &[u8]) -> String {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        core::net::Ipv4Addr::from(four).to_string()
    } else if let Ok(sixteen) = <[u8; 16]>::try_from(bytes) {
        core::net::Ipv6Addr::from(sixteen).to_string()
    } else {
        format!("malformed:{}", hex::encode(bytes))
    }
}

fn time(time: ASN1Time) -> Time {
    Time::from_unix(time.timestamp())
}

/// As openssl prints it: leading zero octets gone, `-` for a negative number (RFC 5280 4.1.2.2 forbids them; they exist).
fn serial(raw: &[u8]) -> String {
    let negative = raw.first().is_some_and(|first| first & 0x80 != 0);
    let magnitude: Vec<u8> = if negative { negate(raw) } else { raw.to_vec() };
    let start = magnitude.iter().position(|&byte| byte != 0).unwrap_or(magnitude.len().saturating_sub(1));
    let digits = hex::encode_upper(magnitude.get(start..).unwrap_or_default());
    format!("{}{}", if negative { "-" } else { "" }, if digits.is_empty() { "00" } else { &digits })
}

fn negate(raw: &[u8]) -> Vec<u8> {
    let mut carry = true;
    let mut out: Vec<u8> = raw
        .iter()
        .rev()
        .map(|byte| {
            let (sum, overflow) = (!byte).overflowing_add(u8::from(carry));
            carry = overflow;
            sum
        })
        .collect();
    out.reverse();
    out
}

fn key_algorithm(x509: &X509Certificate<'_>) -> String {
    let spki = x509.public_key();
    match spki.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA-{}", rsa.key_size()),
        Ok(PublicKey::EC(_)) => {
            let curve = spki.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
            match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => "ECDSA-P256".to_owned(),
                Some("1.3.132.0.34") => "ECDSA-P384".to_owned(),
                Some("1.3.132.0.35") => "ECDSA-P521".to_owned(),
                other => format!("EC({})", other.unwrap_or("no curve named")),
            }
        }
        _ if spki.algorithm.algorithm.as_bytes() == ED25519 => "Ed25519".to_owned(),
        _ => spki.algorithm.algorithm.to_id_string(),
    }
}

fn signature_algorithm(x509: &X509Certificate<'_>) -> String {
    // PKCS#1 (1.2.840.113549.1.1) and ANSI X9.62 (1.2.840.10045.4), by their encoded numbers: making texts of all takes
    // longer than parsing the certificate.
    const PKCS1: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1];
    const ECDSA: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4];
    let oid = &x509.signature_algorithm.algorithm;
    let bytes = oid.as_bytes();
    let known = match (bytes.strip_prefix(PKCS1), bytes.strip_prefix(ECDSA)) {
        (Some([4]), _) => "MD5-RSA",
        (Some([5]), _) => "SHA1-RSA",
        (Some([10]), _) => "RSA-PSS",
        (Some([11]), _) => "SHA256-RSA",
        (Some([12]), _) => "SHA384-RSA",
        (Some([13]), _) => "SHA512-RSA",
        (_, Some([1])) => "ECDSA-SHA1",
        (_, Some([3, 2])) => "ECDSA-SHA256",
        (_, Some([3, 3])) => "ECDSA-SHA384",
        (_, Some([3, 4])) => "ECDSA-SHA512",
        _ if bytes == ED25519 => "Ed25519",
        _ => return oid.to_id_string(),
    };
    known.to_owned()
}

/// 1.3.101.112
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];

#[cfg(test)]
mod tests {
    use super::serial;

    #[test]
    fn serials_print_as_openssl_prints_them() {
        for (raw, text) in [
            (&[0x00][..], "00"),
            (&[0x01], "01"),
            (&[0x00, 0xFF], "FF"),
            (&[0xFF], "-01"),
            (&[0x80], "-80"),
            (&[0x12, 0x34], "1234"),
        ] {
            assert_eq!(serial(raw), text);
        }
    }
}
