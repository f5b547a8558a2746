//! Requests: made here and read by openssl, and the other way round.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;

use super::bench::{ALGORITHMS, Bench, flip, pem};
use super::reissues::{ODD, THEN, WITHOUT_KEY_IDS};
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::{RawCertificate, RawExtension};
use crate::pki::reissue::Reissue;
use crate::pki::request::{Request, request, to_pem};
use crate::pki::serial::Serial;
use crate::pki::signature::{SignatureFault, verify};

#[test]
fn asks_for_what_the_old_certificate_has() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        let ca = bench.authority("ca", algorithm);
        bench.key("x", algorithm);
        for config in [ODD, WITHOUT_KEY_IDS] {
            let old_der = bench.leaf("x", "ca", config, "");
            let old = RawCertificate::parse(&old_der).unwrap();
            let key = PrivateKey::generate(algorithm).unwrap();
            let der = request(old.subject, &old, &[], &key).unwrap();
            bench.write("x.csr", to_pem(&der));
            bench.openssl("req -in x.csr -verify -noout");
            assert_eq!(to_pem(&der), pem("CERTIFICATE REQUEST", &der).as_bytes());

            let read = Request::parse(&der).unwrap();
            assert_eq!(read.verify_possession(), Ok(()));
            assert_eq!(read.subject, old.subject);
            assert_eq!(read.spki, key.spki_der());
            let key_ids = [[0x55, 0x1d, 14], [0x55, 0x1d, 35]];
            let is_kept = |it: &RawExtension<'_>| key_ids.iter().all(|id| it.oid != id);
            let wanted: Vec<_> = old.extensions.into_iter().filter(is_kept).collect();
            assert_eq!(read.extensions, wanted);
            assert!(!wanted.is_empty());

            // By another parser.
            let parsed = X509CertificationRequest::from_der(&der).unwrap().1;
            assert_eq!(parsed.certification_request_info.subject.as_raw(), old.subject);
            assert_eq!(parsed.requested_extensions().unwrap().count(), wanted.len());

            // And so it goes on: the authority issues the old certificate again for the new key.
            let serial = Serial::random().unwrap();
            let (not_before, not_after) = (THEN, THEN + 1);
            let (old, issuer) = (&*old_der, &*ca.der);
            let new = Reissue { old, spki: read.spki, issuer, added_names: &[], serial, not_before, not_after };
            assert_eq!(verify(&new.sign(&ca.key).unwrap(), ca.key.spki_der()), Ok(()));
        }
    }
}

#[test]
fn asks_for_nothing_where_nothing_is() {
    let bench = Bench::new();
    let ca = bench.authority("ca", KeyAlgorithm::EcP256);
    let bare = super::bench::bare(&ca.der, &[], &[], &ca.key);
    let old = RawCertificate::parse(&bare).unwrap();
    let der = request(old.subject, &old, &[], &ca.key).unwrap();
    assert_eq!(Request::parse(&der).unwrap().extensions, []);
    bench.write("x.csr", to_pem(&der));
    bench.openssl("req -in x.csr -verify -noout");
}

#[test]
fn possession_must_be_shown() {
    let bench = Bench::new();
    for algorithm in ALGORITHMS {
        bench.key("x", algorithm);
        let config = "[req]\nprompt=no\ndistinguished_name=dn\nattributes=at\nreq_extensions=ex\n\
            [dn]\nCN=x\n[at]\nchallengePassword=secret\nunstructuredName=x\n\
            [ex]\nsubjectAltName=DNS:x\nkeyUsage=digitalSignature\n";
        bench.write("x.cnf", config);
        let der = bench.openssl("req -new -key x.key -config x.cnf -outform DER");
        let read = Request::parse(&der).unwrap();
        assert_eq!(read.verify_possession(), Ok(()), "{algorithm}");
        assert_eq!(read.extensions.len(), 2);

        let at = der.windows(6).position(|it| it == b"secret").unwrap();
        let changed = flip(&der, der.len() - at);
        let read = Request::parse(&changed).unwrap();
        assert_eq!(read.verify_possession(), Err(SignatureFault::Mismatch), "{algorithm}");
    }
}
