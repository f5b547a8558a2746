//! Certificates issued again: everything odd in the old ones must come through.

use std::time::Duration;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::bench::{ALGORITHMS, Authority, Bench, bare};
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::reissue::Reissue;
use crate::pki::serial::Serial;
use crate::pki::signature::verify;

pub(super) const DAY: i64 = 24 * 60 * 60;
/// 2099, when every leaf made by openssl here is over, and the authorities are not.
pub(super) const THEN: i64 = 4_070_908_800;

/// Every kind of string openssl can mix, repeated attributes, and all kinds of names.
pub(super) const ODD: &str = "[req]\nprompt=no\nutf8=yes\nstring_mask=default\ndistinguished_name=dn\n\
    [dn]\n0.O=first\n1.O=zwölf\n2.O=first\n3.O=Ωmega\nOU=b\nCN=odd *\n\
    [leaf]\n1.2.3.4.5=DER:0c:01:78\nsubjectAltName=@names\nkeyUsage=critical,digitalSignature\n\
    subjectKeyIdentifier=hash\nextendedKeyUsage=clientAuth,1.3.6.1.4.1.9999.1\n\
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

pub(super) const WITHOUT_KEY_IDS: &str = "[req]\nprompt=no\nutf8=yes\nstring_mask=utf8only\n\
    distinguished_name=dn\n[dn]\n0.O=system:masters\n1.O=zwölf\nCN=kubernetes-admin\n\
    [leaf]\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth\n\
    subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n";

#[test]
fn everything_odd_is_kept() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        let ca = bench.authority("ca", algorithm);
        for (name, config, webpki_says) in [
            ("odd", ODD, Ok(())),
            ("critical", CRITICAL, Err(webpki::Error::UnsupportedCriticalExtension)),
            ("nameless", NAMELESS, Ok(())),
            ("without", WITHOUT_KEY_IDS, Ok(())),
        ] {
            bench.key(name, algorithm);
            let old = bench.leaf(name, "ca", config, "");
            let new = check_reissue(&bench, &old, &ca);
            assert_eq!(webpki(&new, &ca), webpki_says, "{name}, {algorithm}");
        }
        let old = bench.certificate("odd");
        let subject = RawCertificate::parse(&old).unwrap().subject;
        for string in [&b"\x13\x05first"[..], b"\x14\x05zw\xf6lf", b"\x1e\x0a\x03\xa9\0m"] {
            assert!(subject.windows(string.len()).any(|it| it == string), "not odd: {string:?}");
        }
    }
}

#[test]
fn without_version_and_extensions() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        let ca = bench.authority("ca", algorithm);
        bench.key("x", algorithm);
        let old = bench.leaf("x", "ca", WITHOUT_KEY_IDS, "");
        let version_2 = &b"\xa0\x03\x02\x01\x01"[..];
        for (version, unique_ids) in [
            (&[][..], &[][..]),
            (&[], b"\x81\x02\0\x01"),
            (version_2, b"\x82\x02\0\x02"),
            (version_2, b"\x81\x02\0\x01\x82\x02\0\x02"),
        ] {
            let old = bare(&old, version, unique_ids, &ca.key);
            let number = if version.is_empty() { 1 } else { 2 };
            assert_eq!(RawCertificate::parse(&old).unwrap().version, number);
            let new = check_reissue(&bench, &old, &ca);
            match webpki(&new, &ca) {
                Ok(()) => assert!(unique_ids.is_empty()),
                // It knows no unique identifiers; openssl and Go do.
                Err(webpki::Error::TrailingData(_)) => assert!(!unique_ids.is_empty()),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// Issues `old` again for a new key of the authority's kind, and looks at the result with others'
/// eyes.
fn check_reissue(bench: &Bench, old: &[u8], ca: &Authority) -> Vec<u8> {
    let key = PrivateKey::generate(ca.key.algorithm()).unwrap();
    let serial = Serial::random().unwrap();
    let new = Reissue {
        old,
        spki: key.spki_der(),
        issuer: &ca.der,
        added_names: &[],
        serial: serial.clone(),
        not_before: THEN,
        not_after: THEN + 365 * DAY,
    };
    let new = new.sign(&ca.key).unwrap();
    assert_eq!(verify(&new, ca.key.spki_der()), Ok(()));
    compare(old, &new, &ca.der);
    let [old_raw, new_raw] = [old, &new].map(|it| RawCertificate::parse(it).unwrap());
    assert_eq!(new_raw.signature_algorithm, old_raw.signature_algorithm);

    let parsed = X509Certificate::from_der(&new).unwrap().1;
    assert_eq!(parsed.raw_serial(), serial.as_bytes());
    assert_eq!(parsed.public_key().raw, key.spki_der());
    assert_eq!(parsed.validity().not_before.timestamp(), THEN);
    assert_eq!(parsed.validity().not_after.timestamp(), THEN + 365 * DAY);

    bench.write_certificate("new", &new);
    bench.openssl(&format!("verify -x509_strict -ignore_critical -attime {} -CAfile ca.crt new.crt", THEN + 1));
    new
}

/// What webpki says to the chain.
fn webpki(certificate: &[u8], ca: &Authority) -> Result<(), webpki::Error> {
    let certificate = CertificateDer::from(certificate);
    let certificate = webpki::EndEntityCert::try_from(&certificate)?;
    let ca = CertificateDer::from(&*ca.der);
    let anchors = [webpki::anchor_from_trusted_cert(&ca)?];
    let then = UnixTime::since_unix_epoch(Duration::from_secs(THEN.unsigned_abs() + 1));
    let usage = webpki::KeyUsage::client_auth();
    let algorithms = webpki::ALL_VERIFICATION_ALGS;
    certificate.verify_for_usage(algorithms, &anchors, &[], then, usage, None, None)?;
    Ok(())
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
                let value = if key_ids.contains(&&*id) { &[] } else { it.value }.to_vec();
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

pub(super) fn key_id_of(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.extensions().iter().find_map(|it| match it.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

/// The identifier, which must stand alone: not with the issuer's name and serial number.
pub(super) fn authority_key_id_of(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.extensions().iter().find_map(|it| match it.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            assert!(id.authority_cert_issuer.is_none() && id.authority_cert_serial.is_none());
            id.key_identifier.as_ref().map(|it| it.0.to_vec())
        }
        _ => None,
    })
}
