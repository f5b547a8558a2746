//! Odd certificates that people really have, beside what openssl says of the same files.

use std::time::{Duration, Instant};

use serde_json::Value;
use support::openssl;

use crate::material::Pair;
use crate::program::Program;

fn made(more: &[&str]) -> String {
    let usual =
        ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null"];
    openssl::text(&[&usual[..], more].concat(), b"")
}

fn listed(program: &Program, text: impl AsRef<[u8]>) -> Vec<Value> {
    let path = program.write("it.pem", text);
    program.run(["list", &path.display().to_string(), "-o", "json"]).items()
}

/// Years before and after 2050 are written in two ways (RFC 5280 section 4.1.2.5).
#[test]
fn dates_far_away() {
    let program = Program::new();
    for days in ["1", "8000", "9000", "40000", "2900000"] {
        let text = made(&["-subj", "/CN=x", "-days", days]);
        let item = listed(&program, &text).swap_remove(0);
        let wanted = openssl::x509(text.as_bytes());
        assert_eq!(item["notAfter"].as_str().map(|time| time.replace('T', " ")), Some(wanted.not_after), "{days} days");
    }
}

#[test]
fn serials_of_all_kinds() {
    let program = Program::new();
    for serial in ["0", "-5", "127", "128", "0x7fffffffffffffffffffffffffffffffffffffff", "0xffffffffffffffff"] {
        let text = made(&["-subj", "/CN=x", "-set_serial", serial]);
        let item = listed(&program, &text).swap_remove(0);
        assert_eq!(item["serial"], openssl::x509(text.as_bytes()).serial, "{serial}");
    }
}

#[test]
fn names_of_all_kinds() {
    let program = Program::new();
    for more in [
        &["-subj", "/O=a/O=b/CN=c"][..],
        &["-subj", "/", "-addext", "subjectAltName=critical,DNS:a,IP:fd00::1,URI:spiffe://a/b"],
        &["-subj", "/CN=only.example"],
        &["-utf8", "-subj", "/O=zwölf+OU=x/CN=a\\,b"],
        &["-subj", "/CN=ca", "-addext", "subjectKeyIdentifier=none", "-addext", "authorityKeyIdentifier=none"],
    ] {
        let text = made(more);
        let item = listed(&program, &text).swap_remove(0);
        let wanted = openssl::x509(text.as_bytes());
        assert_eq!(item["fingerprint"], wanted.fingerprint, "{more:?}");
        // openssl escapes what is not ASCII.
        if wanted.subject.is_ascii() && !wanted.subject.contains('\\') {
            assert_eq!(item["subject"], wanted.subject, "{more:?}");
        }
    }
}

#[test]
fn ways_to_write_it_down() {
    let program = Program::new();
    let (one, two) = (Pair::of("/CN=one"), Pair::of("/CN=two"));
    let utf16: Vec<u8> = format!("\u{feff}{}", one.certificate).encode_utf16().flat_map(u16::to_le_bytes).collect();
    let key = openssl::text(&["ecparam", "-name", "prime256v1", "-genkey"], b"");
    let texts: [(&str, Vec<u8>, usize); 8] = [
        ("CRLF", one.certificate.replace('\n', "\r\n").into_bytes(), 1),
        ("text around", format!("Bag Attributes\n  x: y\n{}\ntrailing", one.certificate).into_bytes(), 1),
        ("trusted", one.certificate.replace("CERTIFICATE", "TRUSTED CERTIFICATE").into_bytes(), 1),
        ("EC PARAMETERS first", format!("{key}{}", one.certificate).into_bytes(), 1),
        ("several keys", format!("{}{}{}{}", one.key, one.certificate, two.key, two.certificate).into_bytes(), 2),
        ("BOM", format!("\u{feff}{}", one.certificate).into_bytes(), 1),
        ("UTF-16", utf16, 1),
        (
            "a broken block",
            format!("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n{}", one.certificate).into_bytes(),
            1,
        ),
    ];
    for (what, text, count) in texts {
        assert_eq!(listed(&program, &text).len(), count, "{what}");
    }
}

#[test]
fn a_mebibyte_of_certificates() {
    let program = Program::new();
    let one = Pair::of("/CN=one").certificate;
    let many = (1024 * 1024) / one.len();
    let start = Instant::now();
    assert_eq!(listed(&program, one.repeat(many)).len(), many);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}
