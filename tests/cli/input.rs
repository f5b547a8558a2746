//! PEM on standard input, in whatever form it comes.

use crate::material::Pair;
use crate::program::Program;

#[test]
fn odd_forms_are_read() {
    let program = Program::new();
    let pem = Pair::of("/CN=it").certificate;
    let utf16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<u8>>();
    let with_bytes_before = |mark: &[u8], text: Vec<u8>| [mark.to_vec(), text].concat();
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("as it is", pem.clone().into()),
        ("CRLF", pem.replace('\n', "\r\n").into()),
        ("no line break at the end", pem.trim_end().into()),
        ("leading text", format!("depth=0 CN=it\nverify return:1\n---\n{pem}---\nServer certificate\n").into()),
        ("indented, as in YAML", pem.replace('\n', "\n    ").into()),
        ("BOM", with_bytes_before(&[0xEF, 0xBB, 0xBF], pem.clone().into())),
        ("UTF-16LE", with_bytes_before(&[0xFF, 0xFE], utf16(&pem, u16::to_le_bytes))),
        ("UTF-16BE", with_bytes_before(&[0xFE, 0xFF], utf16(&pem, u16::to_be_bytes))),
        ("other bytes", with_bytes_before(&[0xFF, 0x00, 0x80, b'\n'], pem.clone().into())),
        ("old label", pem.replace("CERTIFICATE", "X509 CERTIFICATE").into()),
    ];
    for (form, bytes) in forms {
        let ran = program.run_with(["list", "-", "-o", "json"], &bytes).exits(0);
        let items = ran.items();
        assert_eq!(items.len(), 1, "{form}: {ran:#?}");
        assert_eq!((&items[0]["subject"], &items[0]["target"]), (&"CN=it".into(), &"-".into()), "{form}");
    }
}

#[test]
fn several_certificates_have_names_that_are_accepted() {
    let program = Program::new();
    let authority = Pair::authority("/CN=ca");
    let leaf = Pair::signed_by(&authority, "/CN=leaf", &[]);
    let chain = format!("{}{}{}", leaf.certificate, leaf.key, authority.certificate);
    let names = program.run_with(["list", "-", "-o", "name"], chain.as_bytes()).exits(0);
    assert_eq!(names.lines(), ["-#1", "-#2"]);
    for (name, subject) in [("-#1", "CN=leaf"), ("-#2", "CN=ca")] {
        let ran = program.run_with(["show", name, "-o", "json"], chain.as_bytes()).exits(0);
        assert_eq!(ran.items().len(), 1);
        assert_eq!(ran.items()[0]["certificate"]["subject"], subject);
        assert_eq!(ran.items()[0]["certificate"]["target"], name);
        let ignore = format!("expired={name}");
        program.run_with(["check", "-", "--ignore", &ignore], chain.as_bytes()).exits(0);
    }
    let items = program.run_with(["show", "-#1", "-o", "json"], chain.as_bytes()).items();
    assert_eq!(items[0]["certificate"]["key"], "matches");
    assert_eq!(items[0]["signature"]["state"], "verified");
    program.run_with(["show", "-#3"], chain.as_bytes()).exits(3);
}

#[test]
fn what_is_broken_is_said_and_does_not_hide_the_rest() {
    let program = Program::new();
    let pem = Pair::of("/CN=it").certificate;
    let broken = "-----BEGIN CERTIFICATE-----\n???\n-----END CERTIFICATE-----\n";
    let cut = pem.split_at(pem.len() / 2).0;
    let nonsense = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
    for (before, reason) in [(broken, "bad-pem"), (cut, "bad-pem"), (nonsense, "bad-certificate")] {
        let ran = program.run_with(["list", "-", "-o", "json"], format!("{before}\n{pem}").as_bytes()).exits(3);
        assert_eq!(ran.items().len(), 1, "{ran:#?}");
        assert_eq!(ran.json()["gaps"][0]["reason"], reason, "{ran:#?}");
    }
}

#[test]
fn a_key_on_standard_input_is_never_printed() {
    let program = Program::new();
    let pair = Pair::of("/CN=it");
    let both = format!("{}{}", pair.key, pair.certificate);
    let mut needles = support::secrets::Needles::default();
    needles.add("the key", pair.key.as_bytes());
    for line in ["list - -o json", "show - -o yaml", "show -", "check - -o json", "renew - --dry-run"] {
        let ran = program.run_with(line.split(' '), both.as_bytes());
        needles.assert_absent(line, format!("{}{}", ran.out, ran.err).as_bytes());
    }
}
