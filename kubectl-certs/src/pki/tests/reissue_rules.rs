//! What changes in a certificate issued again, and how it is chosen: key identifiers and hash.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::bench::{AUTHORITY, Authority, Bench, bare};
use super::reissues::{DAY, ODD, THEN, WITHOUT_KEY_IDS, authority_key_id_of, key_id_of};
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::reissue::{Reissue, ReissueError};
use crate::pki::serial::Serial;
use crate::pki::signature::verify;

const P256: KeyAlgorithm = KeyAlgorithm::EcP256;

#[test]
fn an_authority_signs_itself_again() {
    let with_authority = AUTHORITY.replace("=hash", "=hash\nauthorityKeyIdentifier=keyid:always");
    for (config, has_authority_key_id) in [(AUTHORITY, false), (&with_authority, true)] {
        let bench = Bench::new();
        let old = bench.authority_of("ca", P256, config);
        let new_key = PrivateKey::generate(KeyAlgorithm::EcP384).unwrap();
        for key in [&old.key, &new_key] {
            let new = Reissue { spki: key.spki_der(), ..unchanged(&old.der) }.sign(key).unwrap();
            assert_eq!(verify(&new, key.spki_der()), Ok(()));
            bench.write_certificate("new", &new);
            bench.openssl(&format!("verify -attime {} -CAfile new.crt new.crt", THEN + 1));

            let [old, new] = [&old.der, &new].map(|it| X509Certificate::from_der(it).unwrap().1);
            let ids =
                |it: &X509Certificate<'_>| it.extensions().iter().map(|it| it.oid.to_id_string()).collect::<Vec<_>>();
            assert_eq!(ids(&new), ids(&old));
            assert_eq!(new.issuer().as_raw(), new.subject().as_raw());
            assert_eq!(authority_key_id_of(&new).is_some(), has_authority_key_id);
            if has_authority_key_id {
                assert_eq!(authority_key_id_of(&new), key_id_of(&new));
            }
        }
    }
}

#[test]
fn key_ids_keep_their_method() {
    let bench = Bench::new();
    let ca = bench.authority("ca", P256);
    let leaf = bench.key("x", P256);
    let with_key_id = |key_id: &[u8]| {
        let key_id = format!("=critical,{}", hex::encode(key_id));
        bench.leaf("x", "ca", &WITHOUT_KEY_IDS.replacen("=none", &key_id, 1), "")
    };

    // RFC 7093 section 2: method 1 is Go's since 1.25, method 4 resembles rcgen's; then the usual.
    let methods = [
        Method(&SHA256, point, 20),
        Method(&SHA256, whole, 20),
        Method(&SHA256, whole, 32),
        Method(&SHA1_FOR_LEGACY_USE_ONLY, point, 20),
        Method(&SHA1_FOR_LEGACY_USE_ONLY, whole, 20),
    ];
    for method in methods {
        let old = with_key_id(&method.apply(leaf.spki_der()));
        let key = PrivateKey::generate(P256).unwrap();
        let new = reissue(&old, &key, &ca);
        let new = RawCertificate::parse(&new).unwrap();
        assert_eq!(new.subject_key_id().unwrap(), method.apply(key.spki_der()));
        assert!(new.extension(&[0x55, 0x1d, 14]).unwrap().critical);
    }

    // Of no known method: kept with the key, exchanged for the authority's method without.
    let key_id = |new: &[u8]| RawCertificate::parse(new).unwrap().subject_key_id().unwrap().to_vec();
    let old = with_key_id(&[1, 2, 3]);
    let key = PrivateKey::generate(P256).unwrap();
    assert_eq!(key_id(&reissue(&old, &leaf, &ca)), [1, 2, 3]);
    assert_eq!(key_id(&reissue(&old, &key, &ca)), Method::USUAL.apply(key.spki_der()));
}

#[test]
fn a_missing_key_id_is_made_as_the_authority_makes_its_own() {
    let bench = Bench::new();
    let ca = bench.authority("ca", P256);
    bench.key("x", P256);
    let old = bench.leaf("x", "ca", WITHOUT_KEY_IDS, "");
    let key = PrivateKey::generate(P256).unwrap();
    let methods = [Method::USUAL, Method(&SHA256, point, 20)];
    for method in methods {
        let key_id = hex::encode(method.apply(ca.key.spki_der()));
        bench.write("ca.cnf", AUTHORITY.replace("hash", &key_id));
        bench.openssl("req -x509 -new -key ca.key -config ca.cnf -extensions ca -subj /CN=x -out ca.crt");
        let issuer = bench.certificate("ca");
        let new = Reissue { issuer: &issuer, spki: key.spki_der(), ..unchanged(&old) };
        let new = new.sign(&ca.key).unwrap();
        let new = RawCertificate::parse(&new).unwrap();
        assert_eq!(new.subject_key_id().unwrap(), method.apply(key.spki_der()));
    }
}

#[test]
fn an_issuer_without_key_id_is_not_named_by_one() {
    let bench = Bench::new();
    let ca = bench.authority("ca", P256);
    bench.key("x", P256);
    let old = bench.leaf("x", "ca", ODD, "");
    let issuer = bare(&ca.der, &[], &[], &ca.key);
    let key = PrivateKey::generate(P256).unwrap();
    let new = Reissue { issuer: &issuer, spki: key.spki_der(), ..unchanged(&old) };
    let new = new.sign(&ca.key).unwrap();
    let [old, new] = [&old, &new].map(|it| RawCertificate::parse(it).unwrap());
    assert!(old.extension(&[0x55, 0x1d, 35]).is_some());
    assert!(new.extension(&[0x55, 0x1d, 35]).is_none());
    assert_eq!(new.extensions.len(), old.extensions.len() - 1);
}

#[test]
fn the_hash_is_kept_while_it_is_good_and_the_kind_of_key_stays() {
    let rsa = KeyAlgorithm::Rsa { bits: 2048 };
    let (p384, p521) = (KeyAlgorithm::EcP384, KeyAlgorithm::EcP521);
    for (old_ca, options, new_ca, name) in [
        (rsa, "-sha512", rsa, "sha512WithRSAEncryption"),
        (rsa, "-sha384 -sigopt rsa_padding_mode:pss", rsa, "sha384WithRSAEncryption"),
        (rsa, "-sha1", rsa, "sha256WithRSAEncryption"),
        (rsa, "-md5", rsa, "sha256WithRSAEncryption"),
        (p384, "-sha384", rsa, "sha256WithRSAEncryption"),
        // Talos signs so, and looks for it in the authority.
        (P256, "-sha512", P256, "ecdsa-with-SHA512"),
        (P256, "-sha384", P256, "ecdsa-with-SHA384"),
        (P256, "-sha1", P256, "ecdsa-with-SHA256"),
        (p384, "-sha256", p384, "ecdsa-with-SHA256"),
        (p384, "-sha512", p384, "ecdsa-with-SHA512"),
        (p521, "-sha256", p521, "ecdsa-with-SHA256"),
        (rsa, "-sha512", p384, "ecdsa-with-SHA384"),
        (rsa, "-sha256", p521, "ecdsa-with-SHA512"),
        (rsa, "-sha256", KeyAlgorithm::Ed25519, "ED25519"),
        (KeyAlgorithm::Ed25519, "", rsa, "sha256WithRSAEncryption"),
    ] {
        let bench = Bench::new();
        bench.authority("old", old_ca);
        let ca = bench.authority("new", new_ca);
        bench.key("x", P256);
        let old = bench.leaf("x", "old", WITHOUT_KEY_IDS, options);
        let new = reissue(&old, &PrivateKey::generate(P256).unwrap(), &ca);
        assert_eq!(verify(&new, ca.key.spki_der()), Ok(()));
        bench.write_certificate("again", &new);
        bench.openssl(&format!("verify -attime {} -CAfile new.crt again.crt", THEN + 1));
        let text = bench.openssl("x509 -in again.crt -noout -text");
        let line = format!("Signature Algorithm: {name}\n");
        assert!(String::from_utf8_lossy(&text).contains(&line), "{old_ca} {options} {name}");
    }
}

#[test]
fn refused() {
    let bench = Bench::new();
    let ca = bench.authority("ca", P256);
    let key = PrivateKey::generate(P256).unwrap();
    let (not_before, not_after) = (0, 253_402_300_799);
    let good = Reissue { spki: key.spki_der(), not_before, not_after, ..unchanged(&ca.der) };
    let new = good.sign(&ca.key).unwrap();
    let new = RawCertificate::parse(&new).unwrap();
    assert!(new.validity.ends_with(b"\x17\x0d700101000000Z\x18\x0f99991231235959Z"));

    let stranger = PrivateKey::generate(P256).unwrap();
    assert_eq!(good.sign(&stranger), Err(ReissueError::NotTheIssuersKey));
    for (not_before, not_after) in [(-1, 5), (6, 5), (0, 253_402_300_800)] {
        let refused = Reissue { not_before, not_after, ..good.clone() }.sign(&ca.key);
        assert_eq!(refused, Err(ReissueError::Validity { not_before, not_after }));
    }

    let unreadable = |certificate, field| Err(ReissueError::Unreadable { certificate, field });
    let cut = &ca.der[..ca.der.len() - 1];
    let refused = Reissue { old: cut, ..good.clone() }.sign(&ca.key);
    assert_eq!(refused, unreadable("old certificate", "outer sequence"));
    let refused = Reissue { issuer: cut, ..good.clone() }.sign(&ca.key);
    assert_eq!(refused, unreadable("issuing certificate", "outer sequence"));
    let longer = [key.spki_der(), b"x"].concat();
    for spki in [&[0x30, 0], &*longer] {
        let refused = Reissue { spki, ..good.clone() }.sign(&ca.key);
        assert_eq!(refused, unreadable("new certificate", "public key"));
    }
}

/// Issued again for this key.
fn reissue(old: &[u8], key: &PrivateKey, ca: &Authority) -> Vec<u8> {
    let new = Reissue { spki: key.spki_der(), issuer: &ca.der, ..unchanged(old) };
    new.sign(&ca.key).unwrap()
}

/// A self-signed certificate with the same key.
fn unchanged(old: &[u8]) -> Reissue<'_> {
    Reissue {
        old,
        spki: RawCertificate::parse(old).unwrap().spki,
        issuer: old,
        added_names: &[],
        serial: Serial::random().unwrap(),
        not_before: THEN,
        not_after: THEN + DAY,
    }
}

/// A hash, what of a key it is taken of, and how many octets of it are the identifier.
struct Method(&'static Algorithm, fn(&[u8]) -> &[u8], usize);

impl Method {
    const USUAL: Self = Self(&SHA1_FOR_LEGACY_USE_ONLY, point, 20);

    fn apply(&self, spki: &[u8]) -> Vec<u8> {
        digest(self.0, self.1(spki)).as_ref()[..self.2].to_vec()
    }
}

/// The last 65 octets of a P-256 key are its point.
fn point(spki: &[u8]) -> &[u8] {
    &spki[spki.len() - 65..]
}

fn whole(spki: &[u8]) -> &[u8] {
    spki
}
