//! Bytes that are nothing, or were something once: errors are fine, panics are not.

use std::fmt::Display;
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::bench::{Bench, pem};
use super::reissues::ODD;
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::{KeyEncoding, PrivateKey};
use crate::pki::public_key::{canonical_spki, public_spki_of_pem, spki_of_public_pem};
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::reissue::Reissue;
use crate::pki::request::{Request, request};
use crate::pki::serial::Serial;
use crate::pki::signature::verify;

/// Good ones, to be spoiled: a certificate with much in it, its authority, a request, keys.
struct Samples {
    ca: PrivateKey,
    issuer: Vec<u8>,
    certificate: Vec<u8>,
    pss: Vec<u8>,
    request: Vec<u8>,
    keys: Vec<Vec<u8>>,
}

static SAMPLES: LazyLock<Samples> = LazyLock::new(|| {
    let bench = Bench::new();
    bench.authority("rsa", KeyAlgorithm::Rsa { bits: 2048 });
    let ca = bench.authority("ca", KeyAlgorithm::EcP256);
    let key = bench.key("x", KeyAlgorithm::Ed25519);
    let pss = bench.leaf("x", "rsa", ODD, "-sha256 -sigopt rsa_padding_mode:pss");
    let certificate = bench.leaf("x", "ca", ODD, "");
    let request = request(&[0x30, 0], &RawCertificate::parse(&certificate).unwrap(), &[], &key);
    let der = |name: &str, form: &str| bench.openssl(&format!("pkey -in {name}.key {form} -outform DER"));
    Samples {
        issuer: ca.der,
        ca: ca.key,
        certificate,
        pss,
        request: request.unwrap(),
        keys: vec![der("rsa", ""), der("rsa", "-traditional"), der("ca", "-traditional"), der("x", "")],
    }
});

fn try_all(bytes: &[u8]) {
    let samples = &*SAMPLES;
    for label in ["PRIVATE KEY", "PUBLIC KEY"] {
        for text in [bytes, pem(label, bytes).as_bytes()] {
            spoken(PrivateKey::from_pem(text).map(|key| key.to_pem(KeyEncoding::Sec1)));
            spoken(public_spki_of_pem(text));
            spoken(spki_of_public_pem(text));
        }
    }
    spoken(canonical_spki(bytes));
    spoken(RawCertificate::parse(bytes).map(|it| it.subject_key_id().map(<[u8]>::len)));
    spoken(Request::parse(bytes).map(|it| it.verify_possession()));
    spoken(verify(bytes, samples.ca.spki_der()));
    spoken(verify(&samples.certificate, bytes));
    for (old, spki) in [(bytes, samples.ca.spki_der()), (&samples.certificate, bytes)] {
        let serial = Serial::random().unwrap();
        let (not_before, not_after) = (0, 1);
        let issuer = &*samples.issuer;
        let new = Reissue { old, spki, issuer, added_names: &[], serial, not_before, not_after };
        if let Some(new) = spoken(new.sign(&samples.ca)) {
            assert_eq!(verify(&new, samples.ca.spki_der()), Ok(()));
            let [new, old] = [&new, old].map(|it| RawCertificate::parse(it).unwrap());
            assert_eq!(new.subject, old.subject);
        }
    }
}

/// An error is right here, if it says something.
fn spoken<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result.inspect_err(|error| assert!(!error.to_string().is_empty())).ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn nothing(bytes in vec(any::<u8>(), 0..300)) {
        try_all(&bytes);
    }

    #[test]
    fn texts(text in "(-----(BEGIN|END) (RSA |ENCRYPTED )?(PRIVATE|PUBLIC) KEY-----|[A-Za-z0-9+/=]{0,8}|\n|: |-){0,20}") {
        try_all(text.as_bytes());
    }

    #[test]
    fn spoiled(
        which in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>()), 0..4),
        cut in any::<Option<Index>>(),
    ) {
        let samples = &*SAMPLES;
        let fixed = [&samples.certificate, &samples.issuer, &samples.pss, &samples.request];
        let all: Vec<_> = fixed.into_iter().chain(&samples.keys).cloned().collect();
        let mut bytes = which.get(&all).clone();
        for (place, value) in changes {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        try_all(&bytes);
    }
}
