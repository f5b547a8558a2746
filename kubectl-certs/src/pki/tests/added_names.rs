//! Names added to what is there: openssl reads all of them, and what was there keeps its bytes.

use super::bench::{Bench, bare, pem};
use super::reissues::{DAY, ODD, THEN, WITHOUT_KEY_IDS};
use crate::pki::alternative_names::Name;
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::reissue::Reissue;
use crate::pki::request::{Request, request};
use crate::pki::serial::Serial;

const SAN: &[u8] = &[0x55, 0x1d, 17];
const NAMELESS: &str = "[req]\ndistinguished_name=dn\n[dn]\n[leaf]\nextendedKeyUsage=serverAuth\n";

fn names(text: &str) -> Vec<Name> {
    let name = |text: &str| text.parse().map_or_else(|_| Name::Dns(text.to_owned()), Name::Ip);
    text.split_whitespace().map(name).collect()
}

#[test]
fn they_follow_what_is_there_and_nothing_is_repeated() {
    let bench = Bench::new();
    let ca = bench.authority("ca", KeyAlgorithm::EcP256);
    bench.key("x", KeyAlgorithm::EcP256);
    for (config, added) in [
        (ODD, "new.example A.EXAMPLE 10.0.0.1 *.b.example fd00::1 10.0.0.2 new.example fd00::2"),
        (WITHOUT_KEY_IDS, "192.0.2.1 only.example"),
        (NAMELESS, "n.example"),
    ] {
        let old = bench.leaf("x", "ca", config, "");
        let key = PrivateKey::generate(KeyAlgorithm::EcP384).unwrap();
        let added = names(added);
        let reissue = Reissue {
            old: &old,
            spki: key.spki_der(),
            issuer: &ca.der,
            added_names: &added,
            serial: Serial::random().unwrap(),
            not_before: THEN,
            not_after: THEN + DAY,
        };
        let new = reissue.sign(&ca.key).unwrap();
        bench.write("new.crt", pem("CERTIFICATE", &new));
        bench.openssl(&format!("verify -attime {} -CAfile ca.crt new.crt", THEN + 1));
        let said = |file: &str| {
            let text = bench.openssl(&format!("x509 -in {file} -noout -ext subjectAltName"));
            String::from_utf8(text).unwrap()
        };
        let list = |text: &str| text.lines().nth(1).unwrap_or_default().trim().to_owned();
        let (before, after) = (list(&said("x.crt")), list(&said("new.crt")));
        let wanted = match config {
            ODD => format!("{before}, DNS:new.example, IP Address:10.0.0.2, IP Address:FD00:0:0:0:0:0:0:2"),
            WITHOUT_KEY_IDS => "IP Address:192.0.2.1, DNS:only.example".to_owned(),
            _ => "DNS:n.example".to_owned(),
        };
        assert_eq!(after, wanted);
        let is_critical = said("new.crt").contains("critical");
        // Without a subject the names alone say whose it is (RFC 5280 4.2.1.6).
        assert_eq!(is_critical, config == NAMELESS);

        let [old_raw, new_raw] = [&old, &new].map(|it| RawCertificate::parse(it).unwrap());
        let key_ids = [[0x55, 0x1d, 14], [0x55, 0x1d, 35]];
        let others = |it: &RawCertificate<'_>| {
            let kept = it.extensions.iter().filter(|it| it.oid != SAN && key_ids.iter().all(|id| it.oid != id));
            kept.map(|it| it.raw.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(others(&old_raw), others(&new_raw));
        if let Some(old) = old_raw.extension(SAN) {
            let place = |it: &RawCertificate<'_>| it.extensions.iter().position(|it| it.oid == SAN);
            assert_eq!(place(&old_raw), place(&new_raw));
            let new = new_raw.extension(SAN).unwrap();
            let inside =
                |value: &[u8]| value[if value[1] < 0x80 { 2 } else { usize::from(value[1] & 0x7f) + 2 }..].to_vec();
            assert!(inside(new.value).starts_with(&inside(old.value)), "the old names keep their bytes");
        }

        // And the request asks for the very extension that the certificate has.
        let asked = request(old_raw.subject, &old_raw, &added, &key).unwrap();
        let asked = Request::parse(&asked).unwrap();
        let of_request = asked.extensions.iter().find(|it| it.oid == SAN).unwrap();
        assert_eq!(of_request.raw, new_raw.extension(SAN).unwrap().raw);
    }
}

#[test]
fn where_there_is_nothing_to_add_every_byte_stays() {
    let bench = Bench::new();
    let ca = bench.authority("ca", KeyAlgorithm::EcP256);
    bench.key("x", KeyAlgorithm::EcP256);
    let old = bench.leaf("x", "ca", ODD, "");
    let key = PrivateKey::generate(KeyAlgorithm::EcP256).unwrap();
    let old_raw = RawCertificate::parse(&old).unwrap();
    let asked = request(old_raw.subject, &old_raw, &names("a.example 10.0.0.1"), &key).unwrap();
    let read = Request::parse(&asked).unwrap();
    assert_eq!(read.extensions.iter().find(|it| it.oid == SAN), old_raw.extension(SAN));
    // Version 1, without any extension: it gets one.
    let bare = bare(&ca.der, &[], &[], &ca.key);
    let bare = RawCertificate::parse(&bare).unwrap();
    let asked = request(bare.subject, &bare, &names("a.example"), &key).unwrap();
    assert_eq!(Request::parse(&asked).unwrap().extensions.len(), 1);
}
