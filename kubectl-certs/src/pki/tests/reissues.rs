//! Certificates issued again: everything odd in the old ones must come through.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::bench::{ALGORITHMS, Authority, Bench};
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::reissue::{Reissue, ReissueError};
use crate::pki::serial::Serial;
use crate::pki::signature::verify;

const DAY: i64 = 24 * 60 * 60;
/// 2035, when every certificate made by openssl here is over.
const THEN: i64 = 2_051_222_400;

/// Every kind of string openssl can mix, repeated attributes, and all kinds of names.
const ODD: &str = "[req]\nprompt=no\nutf8=yes\nstring_mask=default\ndistinguished_name=dn\n\
    [dn]\n0.O=first\n1.O=zwölf\n2.O=first\n3.O=Ωmega\nOU=b\nCN=odd *\n\
    [leaf]\n1.2.3.4.5=DER:0c:01:78\nsubjectAltName=@names\nkeyUsage=critical,digitalSignature\n\
    subjectKeyIdentifier=hash\nextendedKeyUsage=serverAuth,1.3.6.1.4.1.9999.1\n\
    authorityKeyIdentifier=keyid,issuer:always\nbasicConstraints=CA:FALSE\n\
    [names]\nDNS.1=a.example\nDNS.2=*.b.example\nIP.1=10.0.0.1\nIP.2=fd00::1\n\
    URI.1=spiffe://example/ns/x\nemail.1=someone@example.org\notherName.1=1.2.3.4;UTF8:x\n\
    RID.1=1.2.3.4\ndirName.1=dn\n";

const CRITICAL: &str = "[req]\nprompt=no\ndistinguished_name=dn\n[dn]\nCN=critical\n\
    [leaf]\nsubjectAltName=DNS:c.example\n1.2.3.4.5=critical,DER:30:03:02:01:07\n\
    subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n";

const NAMELESS: &str = "[req]\ndistinguished_name=dn\n[dn]\n\
    [leaf]\nsubjectAltName=critical,DNS:n.example,IP:::1\nauthorityKeyIdentifier=keyid\n\
    extendedKeyUsage=serverAuth,clientAuth\nsubjectKeyIdentifier=none\n";

const WITHOUT_KEY_IDS: &str = "[req]\nprompt=no\nutf8=yes\nstring_mask=utf8only\n\
    distinguished_name=dn\n[dn]\n0.O=system:masters\n1.O=zwölf\nCN=kubernetes-admin\n\
    [leaf]\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n\
    subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n";

#[test]
fn everything_odd_is_kept() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        let ca = bench.authority("ca", algorithm);
        for (name, config) in [
            ("odd", ODD),
            ("critical", CRITICAL),
            ("nameless", NAMELESS),
            ("without", WITHOUT_KEY_IDS),
        ] {
            bench.key(name, algorithm);
            let old = bench.leaf(
                name,
                "ca",
                config,
                "-set_serial 0x8000000000000000000000000000000000000001",
            );
            if name == "odd" {
                let subject = RawCertificate::parse(&old).unwrap().subject;
                let has = |tag| {
                    subject
                        .windows(2)
                        .any(|it| it == [tag, 5] || it == [tag, 10])
                };
                assert!(
                    has(0x13) && has(0x14) && has(0x1e),
                    "printable, teletex and BMP"
                );
            }
            check_reissue(&bench, &old, &ca, algorithm, name);
        }
    }
}

/// Issues `old` again for a new key and has it judged by all.
fn check_reissue(bench: &Bench, old: &[u8], ca: &Authority, algorithm: KeyAlgorithm, name: &str) {
    let key = PrivateKey::generate(algorithm).unwrap();
    let serial = Serial::random().unwrap();
    let new = Reissue {
        old,
        spki: key.spki_der(),
        issuer: &ca.der,
        serial: serial.clone(),
        not_before: THEN,
        not_after: THEN + 365 * DAY,
    };
    let new = new.sign(&ca.key).unwrap();
    assert_eq!(verify(&new, ca.key.spki_der()), Ok(()));
    compare(old, &new, &ca.der);

    let parsed = X509Certificate::from_der(&new).unwrap().1;
    assert_eq!(parsed.raw_serial(), serial.as_bytes());
    assert_eq!(parsed.public_key().raw, key.spki_der());
    assert_eq!(parsed.validity().not_before.timestamp(), THEN);
    assert_eq!(parsed.validity().not_after.timestamp(), THEN + 365 * DAY);

    let is_critical = name == "critical";
    let trusted = CertificateDer::from(ca.der.clone());
    let judged = webpki_accepts(&new, &trusted, name == "without");
    match judged {
        Ok(()) => assert!(!is_critical, "{name}"),
        Err(webpki::Error::UnsupportedCriticalExtension) => assert!(is_critical, "{name}"),
        Err(error) => panic!("{name}, {algorithm}: {error}"),
    }

    bench.write_certificate("new", &new);
    let ignore = if is_critical { "-ignore_critical" } else { "" };
    bench.openssl(&format!(
        "verify -x509_strict {ignore} -attime {} -CAfile ca.crt new.crt",
        THEN + 1
    ));
}

fn webpki_accepts(
    certificate: &[u8],
    ca: &CertificateDer<'_>,
    is_client: bool,
) -> Result<(), webpki::Error> {
    let usage = if is_client {
        webpki::KeyUsage::client_auth()
    } else {
        webpki::KeyUsage::server_auth()
    };
    let certificate = CertificateDer::from(certificate);
    let certificate = webpki::EndEntityCert::try_from(&certificate)?;
    let anchor = webpki::anchor_from_trusted_cert(ca)?;
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(THEN as u64 + 1));
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    certificate
        .verify_for_usage(algorithms, &[anchor], &[], now, usage, None, None)
        .map(|_| ())
}

/// By another parser than the one that read and wrote: all fields but those that must change.
fn compare(old: &[u8], new: &[u8], issuer: &[u8]) {
    let [old, new, issuer] = [old, new, issuer].map(|it| X509Certificate::from_der(it).unwrap().1);
    assert_eq!(new.version().0, 2, "version 3");
    assert_eq!(new.subject().as_raw(), old.subject().as_raw());
    assert_eq!(new.issuer().as_raw(), issuer.subject().as_raw());
    assert_eq!(new.signature.oid(), new.signature_algorithm.oid());
    assert_eq!(new.issuer_uid, old.issuer_uid);
    assert_eq!(new.subject_uid, old.subject_uid);

    let key_ids = ["2.5.29.14", "2.5.29.35"];
    let kept = |certificate: &X509Certificate<'_>| {
        let extensions = certificate.extensions().iter();
        extensions
            .map(|it| {
                let id = it.oid.to_id_string();
                let value = if key_ids.contains(&&*id) {
                    &[]
                } else {
                    it.value
                }
                .to_vec();
                (id, it.critical, value)
            })
            .collect::<Vec<_>>()
    };
    let mut wanted = kept(&old);
    for id in key_ids {
        if !wanted.iter().any(|it| it.0 == id) {
            wanted.push((id.to_owned(), false, Vec::new()));
        }
    }
    assert_eq!(kept(&new), wanted);

    let key_bits = &*new.public_key().subject_public_key.data;
    let subject_key_id = digest(&SHA1_FOR_LEGACY_USE_ONLY, key_bits);
    assert_eq!(key_id_of(&new).unwrap(), subject_key_id.as_ref());
    assert_eq!(authority_key_id_of(&new), key_id_of(&issuer));
}

fn key_id_of(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate
        .extensions()
        .iter()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
            _ => None,
        })
}

/// The identifier, which must stand alone: not with the issuer's name and serial number.
fn authority_key_id_of(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate
        .extensions()
        .iter()
        .find_map(|it| match it.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                assert!(id.authority_cert_issuer.is_none() && id.authority_cert_serial.is_none());
                id.key_identifier.as_ref().map(|it| it.0.to_vec())
            }
            _ => None,
        })
}
