//! Signatures made by openssl, checked here: those that hold, and those that must not.

use super::bench::{ALGORITHMS, Bench, bare, flip, tlv};
use super::reissues::WITHOUT_KEY_IDS;
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::signature::{SignatureFault, verify};

const RSA: KeyAlgorithm = KeyAlgorithm::Rsa { bits: 2048 };

/// Signs a leaf with these options and says whether that holds, after what must not hold.
fn judge(bench: &Bench, options: &str) -> Result<(), SignatureFault> {
    let leaf = bench.leaf("x", "ca", WITHOUT_KEY_IDS, options);
    let ca = bench.certificate("ca");
    let spki = RawCertificate::parse(&ca).unwrap().spki;
    let verdict = verify(&leaf, spki);
    if verdict.is_ok() {
        let parts = RawCertificate::parse(&leaf).unwrap();
        // In what is signed, in the signature, and in the middle of either.
        let places = [1, 8, parts.signature.len() / 2, leaf.len() - 40, leaf.len() / 2];
        for from_end in places {
            assert_ne!(verify(&flip(&leaf, from_end), spki), Ok(()), "{options} {from_end}");
        }
        let other = RawCertificate::parse(&leaf).unwrap().spki;
        assert_eq!(verify(&leaf, other), Err(SignatureFault::Mismatch), "{options}");
    }
    verdict
}

fn unsupported(oid: &str) -> Result<(), SignatureFault> {
    Err(SignatureFault::Unsupported { oid: oid.to_owned() })
}

#[test]
fn every_hash_with_every_key() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        bench.authority("ca", algorithm);
        bench.key("x", algorithm);
        if algorithm == KeyAlgorithm::Ed25519 {
            assert_eq!(judge(&bench, ""), Ok(()));
            continue;
        }
        for hash in ["-sha256", "-sha384", "-sha512"] {
            assert_eq!(judge(&bench, hash), Ok(()), "{algorithm} {hash}");
        }
        let sha1 = match algorithm {
            KeyAlgorithm::EcP384 => unsupported("1.2.840.10045.4.1"),
            _ => Ok(()),
        };
        assert_eq!(judge(&bench, "-sha1"), sha1, "{algorithm}");
    }
}

#[test]
fn rsa_with_probabilistic_padding() {
    let bench = Bench::new();
    bench.authority("ca", RSA);
    bench.key("x", RSA);
    for hash in ["sha256", "sha384", "sha512"] {
        for salt in ["digest", "max", "20", "0"] {
            let options = format!("-{hash} -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{salt}");
            assert_eq!(judge(&bench, &options), Ok(()), "{options}");
        }
    }
    let pss = || unsupported("1.2.840.113549.1.1.10");
    let options = "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:17";
    assert_eq!(judge(&bench, options), pss());
    assert_eq!(judge(&bench, "-sha1 -sigopt rsa_padding_mode:pss"), pss());
    let options = "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha512";
    assert_eq!(judge(&bench, options), pss());

    // A key that may do nothing else.
    bench.openssl("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out ca.key");
    bench.openssl("req -x509 -new -key ca.key -config ca.cnf -extensions ca -subj /CN=ca -out ca.crt");
    assert_eq!(judge(&bench, "-sha256 -sigopt rsa_pss_saltlen:digest"), Ok(()));
}

#[test]
fn unusual_sizes_and_algorithms() {
    let bench = Bench::new();
    bench.authority("ca", RSA);
    bench.key("x", RSA);
    assert_eq!(judge(&bench, "-md5"), unsupported("1.2.840.113549.1.1.4"));
    assert_eq!(judge(&bench, "-sha224"), unsupported("1.2.840.113549.1.1.14"));

    let self_sign = || {
        bench.openssl("req -x509 -new -key ca.key -config ca.cnf -subj /CN=ca -out ca.crt");
    };
    bench.openssl("genrsa -out ca.key 1024");
    self_sign();
    assert_eq!(judge(&bench, "-sha256"), Ok(()));
    assert_eq!(judge(&bench, "-sha1"), Ok(()));
    assert_eq!(judge(&bench, "-sha384"), unsupported("1.2.840.113549.1.1.12"));

    bench.openssl("genpkey -algorithm ED448 -out ca.key");
    self_sign();
    assert_eq!(judge(&bench, ""), unsupported("1.3.101.113"));
    bench.openssl("ecparam -name secp256k1 -genkey -noout -out ca.key");
    self_sign();
    assert_eq!(judge(&bench, "-sha256"), unsupported("1.3.132.0.10"));
}

#[test]
fn odd_serials_and_versions() {
    for algorithm in ALGORITHMS {
        let bench = Bench::new();
        let ca = bench.authority("ca", algorithm);
        bench.key("x", algorithm);
        for serial in ["0", "-5", "0xffffffffffffffffffffffffffffffffffffffff"] {
            assert_eq!(judge(&bench, &format!("-set_serial {serial}")), Ok(()), "{serial}");
        }
        let old = bench.certificate("x");
        let version_1 = bare(&old, &[], &[], &ca.key);
        assert_eq!(verify(&version_1, ca.key.spki_der()), Ok(()));
        bench.write_certificate("x", &version_1);
        bench.openssl("verify -CAfile ca.crt x.crt");
        // Trailing bytes, and lengths not as short as they could be.
        assert_eq!(verify(&[&old[..], b"\n"].concat(), ca.key.spki_der()), Ok(()));
        let long = [b"\x30\x83\0", &old[2..]].concat();
        assert_eq!(verify(&long, ca.key.spki_der()), Ok(()));
    }
}

#[test]
fn one_algorithm_inside_another_outside() {
    let bench = Bench::new();
    let ca = bench.authority("ca", KeyAlgorithm::EcP256);
    bench.key("x", KeyAlgorithm::EcP256);
    let leaf = bench.leaf("x", "ca", WITHOUT_KEY_IDS, "-sha256");
    let parts = RawCertificate::parse(&leaf).unwrap();
    let null = tlv(0x30, &[&parts.signature_algorithm[2..], b"\x05\0"].concat());
    let signature = tlv(0x03, &[&[0][..], parts.signature].concat());
    let changed = tlv(0x30, &[parts.tbs, &null, &signature].concat());
    let verdict = verify(&changed, ca.key.spki_der());
    assert!(matches!(verdict, Err(SignatureFault::Malformed { .. })), "{verdict:?}");
}
