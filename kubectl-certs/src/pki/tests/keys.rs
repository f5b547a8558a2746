//! Keys against openssl: every form read, and written exactly alike.

use super::bench::{ALGORITHMS, Bench, pem, tlv};
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::{KeyEncoding, KeyError, PrivateKey};
use crate::pki::public_key::{PublicKey, canonical_spki, public_spki_of_pem, spki_of_public_pem};

#[test]
fn keys_of_openssl_are_read_and_written_alike() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        bench.key("x", algorithm);
        // There is no other form of Edwards keys.
        let is_edwards = algorithm == KeyAlgorithm::Ed25519;
        let form = if is_edwards { "" } else { "-traditional" };
        bench.openssl(&format!("pkey -in x.key {form} -out traditional.key"));
        let spki = bench.openssl("pkey -in x.key -pubout -outform DER");
        for (file, encoding) in [("x.key", KeyEncoding::Pkcs8), ("traditional.key", traditional(algorithm))] {
            let text = bench.read(file);
            let key = PrivateKey::from_pem(&text).unwrap();
            assert_eq!(key.algorithm(), algorithm);
            assert_eq!(key.encoding(), encoding);
            assert_eq!(key.spki_der(), spki);
            assert_eq!(PublicKey::parse(&spki).and_then(|key| key.algorithm()), Ok(algorithm));
            assert_eq!(public_spki_of_pem(&text).unwrap(), spki);
            assert_eq!(&*key.to_pem(KeyEncoding::Pkcs8), &bench.read("x.key"));
            assert_eq!(&*key.to_pem(KeyEncoding::Pkcs1), &bench.read("traditional.key"));
            assert_eq!(&*key.to_pem(KeyEncoding::Sec1), &bench.read("traditional.key"));
        }
    }
}

#[test]
fn keys_made_here_are_good_to_openssl() {
    let others = [3072, 4096].map(|bits| KeyAlgorithm::Rsa { bits });
    for algorithm in ALGORITHMS.into_iter().chain(others) {
        let bench = Bench::new();
        let key = PrivateKey::generate(algorithm).unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.encoding(), traditional(algorithm));
        for encoding in [KeyEncoding::Pkcs8, key.encoding()] {
            bench.write("x.key", key.to_pem(encoding));
            bench.openssl("pkey -in x.key -check -noout");
            assert_eq!(bench.openssl("pkey -in x.key -pubout -outform DER"), key.spki_der());
            assert_eq!(&bench.openssl("pkey -in x.key"), &*key.to_pem(KeyEncoding::Pkcs8));
        }
    }
    let too_short = KeyAlgorithm::Rsa { bits: 1024 };
    assert_eq!(PrivateKey::generate(too_short).err(), Some(KeyError::Unsupported { what: "RSA-1024".to_owned() }));
}

#[test]
fn odd_elliptic_keys() {
    let bench = Bench::new();
    for curve in ["prime256v1", "secp384r1", "secp521r1"] {
        bench.openssl(&format!("ecparam -name {curve} -genkey -out x.key"));
        assert!(bench.read("x.key").starts_with(b"-----BEGIN EC PARAMETERS-----"));
        bench.openssl("ec -in x.key -out usual.key");
        bench.openssl("ec -in x.key -no_public -out pointless.key");
        bench.openssl("ec -in x.key -conv_form compressed -out compressed.key");
        bench.openssl("pkcs8 -topk8 -nocrypt -in pointless.key -out pointless8.key");
        let spki = bench.openssl("pkey -in x.key -pubout -outform DER");
        for file in ["x", "usual", "pointless", "compressed", "pointless8"] {
            let text = bench.read(&format!("{file}.key"));
            let key = PrivateKey::from_pem(&text).unwrap();
            assert_eq!(key.spki_der(), spki, "{file}");
            assert_eq!(public_spki_of_pem(&text).unwrap(), spki, "{file}");
            assert_eq!(&*key.to_pem(KeyEncoding::Sec1), &bench.read("usual.key"), "{file}");
        }
        bench.openssl("ec -in x.key -pubout -conv_form compressed -outform DER -out short.pub");
        assert_ne!(bench.read("short.pub"), spki);
        assert_eq!(canonical_spki(&bench.read("short.pub")).unwrap(), spki);
    }

    bench.openssl("ec -in x.key -param_enc explicit -out explicit.key");
    let what = "EC key without a named curve".to_owned();
    let text = bench.read("explicit.key");
    assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Unsupported { what }));
}

#[test]
fn halves_of_different_keys() {
    let [one, other] = [(); 2].map(|()| PrivateKey::generate(KeyAlgorithm::EcP256).unwrap());
    let (point, der) = (&other.spki_der()[26..], der_of(&one.to_pem(KeyEncoding::Sec1)));
    let mixed = pem("EC PRIVATE KEY", &[&der[..der.len() - 65], point].concat());
    assert!(matches!(PrivateKey::from_pem(mixed.as_bytes()), Err(KeyError::Invalid { .. })));
    // Quick means: what is written is believed.
    assert_eq!(public_spki_of_pem(mixed.as_bytes()).unwrap(), other.spki_der());
}

#[test]
fn odd_rsa_keys() {
    let bench = Bench::new();
    bench.key("x", KeyAlgorithm::Rsa { bits: 2048 });
    let key = PrivateKey::from_pem(&bench.read("x.key")).unwrap();
    let rsa_encryption = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";

    // No NULL after the algorithm: RFC 4055 section 1.2 wants it, some leave it out.
    let pkcs1 = tlv(0x04, &der_of(&key.to_pem(KeyEncoding::Pkcs1)));
    let pkcs8 = tlv(0x30, &[b"\x02\x01\0", &*tlv(0x30, rsa_encryption), &pkcs1].concat());
    let read = PrivateKey::from_pem(pem("PRIVATE KEY", &pkcs8).as_bytes()).unwrap();
    assert_eq!(read.encoding(), KeyEncoding::Pkcs8);
    assert_eq!(&*read.to_pem(KeyEncoding::Pkcs8), &bench.read("x.key"));
    let bits = &key.spki_der()[19..];
    let spki = tlv(0x30, &[&*tlv(0x30, rsa_encryption), bits].concat());
    assert_ne!(spki, key.spki_der());
    assert_eq!(canonical_spki(&spki).unwrap(), key.spki_der());

    // A label that does not fit.
    let mislabelled = pem("RSA PRIVATE KEY", &pkcs8);
    assert_eq!(PrivateKey::from_pem(mislabelled.as_bytes()).unwrap().spki_der(), key.spki_der());

    bench.key("pss", KeyAlgorithm::Rsa { bits: 2048 });
    bench.openssl("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.key");
    let what = "1.2.840.113549.1.1.10".to_owned();
    let text = bench.read("pss.key");
    assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Unsupported { what }));

    bench.openssl("genrsa -out short.key 1024");
    let text = bench.read("short.key");
    let what = "RSA-1024".to_owned();
    assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Unsupported { what }));
    let spki = bench.openssl("pkey -in short.key -pubout -outform DER");
    assert_eq!(public_spki_of_pem(&text).unwrap(), spki);
}

#[test]
fn edwards_keys() {
    let bench = Bench::new();
    let key = bench.key("x", KeyAlgorithm::Ed25519);
    let usual = String::from_utf8(bench.read("x.key")).unwrap();
    let talos = usual.replace(" PRIVATE", " ED25519 PRIVATE");
    let read = PrivateKey::from_pem(talos.as_bytes()).unwrap();
    assert_eq!(read.encoding(), KeyEncoding::TalosEd25519);
    assert_eq!(&*read.to_pem(read.encoding()), talos.as_bytes());
    assert_eq!(public_spki_of_pem(talos.as_bytes()).unwrap(), key.spki_der());

    // RFC 5958 version 2, with the public half at the end.
    let pkcs8 = der_of(usual.as_bytes());
    let public = tlv(0x81, &[&[0][..], &key.spki_der()[12..]].concat());
    let version_2 = tlv(0x30, &[b"\x02\x01\x01", &pkcs8[5..], &public].concat());
    let read = PrivateKey::from_pem(pem("PRIVATE KEY", &version_2).as_bytes()).unwrap();
    assert_eq!(&*read.to_pem(KeyEncoding::Pkcs8), usual.as_bytes());

    bench.openssl("genpkey -algorithm ED448 -out x.key");
    let what = "1.3.101.113".to_owned();
    let text = bench.read("x.key");
    assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Unsupported { what }));
}

#[test]
fn encrypted_keys() {
    let bench = Bench::new();
    bench.key("x", KeyAlgorithm::Rsa { bits: 2048 });
    bench.openssl("pkey -in x.key -aes256 -passout pass:x -out 8.key");
    bench.openssl("pkey -in x.key -aes256 -passout pass:x -traditional -out 1.key");
    for file in ["8.key", "1.key"] {
        let text = bench.read(file);
        assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Encrypted));
        assert_eq!(public_spki_of_pem(&text).err(), Some(KeyError::Encrypted));
    }
}

#[test]
fn public_keys() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        let key = bench.key("x", algorithm);
        let text = bench.openssl("pkey -in x.key -pubout");
        assert_eq!(spki_of_public_pem(&text).unwrap(), key.spki_der());
        assert_eq!(canonical_spki(key.spki_der()).unwrap(), key.spki_der());
        assert_eq!(spki_of_public_pem(&bench.read("x.key")), Err(KeyError::Absent));
        if let KeyAlgorithm::Rsa { .. } = algorithm {
            let text = bench.openssl("rsa -in x.key -RSAPublicKey_out");
            assert!(text.starts_with(b"-----BEGIN RSA PUBLIC KEY-----"));
            assert_eq!(spki_of_public_pem(&text).unwrap(), key.spki_der());
        }
    }
}

#[test]
fn debug_shows_no_key() {
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { algorithm: EcP256, encoding: Sec1, .. }");
}

fn traditional(algorithm: KeyAlgorithm) -> KeyEncoding {
    match algorithm {
        KeyAlgorithm::Rsa { .. } => KeyEncoding::Pkcs1,
        KeyAlgorithm::Ed25519 => KeyEncoding::Pkcs8,
        _ => KeyEncoding::Sec1,
    }
}

fn der_of(text: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = std::str::from_utf8(text).unwrap();
    let body: String = text.lines().filter(|line| !line.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(body).unwrap()
}
