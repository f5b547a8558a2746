//! Every form in which a key may leak is found; what is public is not.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::openssl;
use support::sampler::Sampler;
use support::secrets::Needles;

const RSA: &[&str] = &["genrsa", "-traditional", "2048"];
const KEYS: [&[&str]; 5] = [
    RSA,
    &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    &["ecparam", "-name", "prime256v1", "-genkey", "-noout"],
    &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    &["genpkey", "-algorithm", "ED25519"],
];

#[test]
fn a_key_is_found_in_every_form_and_its_public_half_is_not() {
    for arguments in KEYS {
        let pem = openssl::text(arguments, b"");
        let mut needles = Needles::default();
        needles.add("key", pem.as_bytes());
        let der = openssl_bytes(&["pkey", "-outform", "DER"], pem.as_bytes());
        let hex: Vec<String> = der.iter().map(|byte| format!("{byte:02X}")).collect();
        let once = base64(pem.as_bytes());
        for (form, leak) in [
            ("PEM", pem.clone()),
            ("PEM, CRLF", pem.replace('\n', "\r\n")),
            ("PEM in JSON", format!("{{\"key\":{:?}}}", pem.replace('\n', "\r\n"))),
            ("PEM in one line", pem.replace('\n', "")),
            ("PEM, indented", pem.replace('\n', "\n      ")),
            ("PEM, UTF-16", pem.chars().flat_map(|c| [c, '\0']).collect()),
            ("PEM, other form", openssl::text(&["pkey"], pem.as_bytes())),
            ("kubeconfig", format!("    client-key-data: {once}\n")),
            ("kubeconfig in a Secret", base64(format!("  client-key-data: {once}").as_bytes())),
            ("hexadecimal", hex.concat()),
            ("numbers", format!("{der:?}")),
            ("text", openssl::text(&["pkey", "-noout", "-text"], pem.as_bytes())),
        ] {
            let noise = "nothing here\n".repeat(100);
            for padding in ["", "x", "xy"] {
                let leak = format!("{noise}{padding}{leak}{noise}");
                assert!(!needles.find_in(leak.as_bytes()).is_empty(), "{arguments:?} as {form}");
            }
        }
        assert!(!needles.find_in(&der).is_empty(), "{arguments:?} as DER");
        for padding in ["", "x", "xy"] {
            let padded = base64(format!("{padding}{pem}").as_bytes());
            assert!(!needles.find_in(padded.as_bytes()).is_empty(), "{arguments:?} {padding}");
        }

        let public = openssl::public_key_of(pem.as_bytes());
        needles.assert_absent("the public key", public.as_bytes());
        needles.assert_absent("the public key in base64", base64(public.as_bytes()).as_bytes());
        let text = openssl::text(&["pkey", "-pubin", "-noout", "-text"], public.as_bytes());
        needles.assert_absent("the public key as text", text.as_bytes());
        let der = openssl_bytes(&["pkey", "-pubin", "-outform", "DER"], public.as_bytes());
        needles.assert_absent("the public key as DER", &der);
        needles.assert_absent("another key", openssl::text(arguments, b"").as_bytes());
    }
}

#[test]
fn certificates_manifests_and_public_keys_of_a_node_are_no_leaks() {
    for key_algorithm in [KeyAlgorithm::Rsa2048, KeyAlgorithm::EcdsaP256] {
        let root = tempfile::tempdir().expect("a folder");
        let mut kubeadm = Kubeadm::new(6443);
        kubeadm.key_algorithm = key_algorithm;
        kubeadm.write(root.path());
        let needles = Needles::below(root.path());

        for (path, entry) in support::tree::Tree::read(root.path()).entries {
            if let support::tree::Kind::File(bytes) = entry.kind {
                let name = path.display().to_string();
                let secret = matches!(name.rsplit_once('.'), Some((_, "key" | "conf")));
                let leaks = needles.find_in(&bytes);
                assert_eq!(secret, !leaks.is_empty(), "{name}: {leaks:?}");
            }
        }
    }
}

#[test]
fn encrypted_keys_and_tokens_are_found() {
    let mut needles = Needles::default();
    let key = openssl::text(RSA, b"");
    let encrypted = openssl::text(&["pkcs8", "-topk8", "-passout", "pass:x"], key.as_bytes());
    needles.add("key", encrypted.as_bytes());
    let jwt = format!("{}.{}.{}", "h".repeat(40), "p".repeat(80), "s1gnature".repeat(9));
    needles.add("kubeconfig", format!("users:\n- user:\n    token: {jwt}\n").as_bytes());
    needles.add("token", b"{\"token\": \"abcdef.0123456789abcdef\"}");

    assert!(!needles.find_in(encrypted.as_bytes()).is_empty());
    assert!(!needles.find_in(base64(jwt.as_bytes()).as_bytes()).is_empty());
    assert!(!needles.find_in(b"--token=abcdef.0123456789abcdef").is_empty());
    needles.assert_absent("the public half of a JWT", &jwt.as_bytes()[..121]);
    needles.assert_absent("the id of a token", b"bootstrap-token-abcdef");
}

#[test]
fn the_sampler_sees_arguments_and_environment_of_descendants() {
    let key = openssl::text(RSA, b"");
    let mut needles = Needles::default();
    needles.add("key", key.as_bytes());
    let needles = Arc::new(needles);
    let mut shell = Command::new("sh");
    shell.args(["-c", "sh -c 'sleep 0.3; true' inner \"$KEY\"; true"]);

    let mut leaking = shell.env("KEY", &key).spawn().expect("sh");
    let sampler = Sampler::start(leaking.id(), Arc::clone(&needles));
    leaking.wait().expect("its end");
    let seen = sampler.finish();
    for place in ["cmdline", "environ"] {
        let here = seen.leaks.iter().any(|leak| leak.place == place);
        assert!(here, "{place}: {:?}", seen.leaks);
    }

    let mut harmless = shell.env("KEY", "harmless").spawn().expect("sh");
    let sampler = Sampler::start(harmless.id(), needles);
    harmless.wait().expect("its end");
    let seen = sampler.finish();
    assert_eq!(seen.leaks, []);
    assert!(seen.command_lines.iter().any(|line| line == "sleep 0.3"));
}

#[test]
#[should_panic(expected = "no private key below")]
fn a_search_without_needles_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("file"), "no key").expect("a file");
    Needles::below(folder.path());
}

fn base64(bytes: &[u8]) -> String {
    openssl::text(&["base64", "-A"], bytes)
}

/// Through files, because DER is no text.
fn openssl_bytes(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name| Path::new(folder.path()).join(name);
    fs::write(file("in"), input).expect("a file");
    let status = Command::new("openssl")
        .args(arguments)
        .arg("-in")
        .arg(file("in"))
        .arg("-out")
        .arg(file("out"))
        .status()
        .expect("openssl");
    assert!(status.success(), "openssl {arguments:?}");
    fs::read(file("out")).expect("a file")
}
