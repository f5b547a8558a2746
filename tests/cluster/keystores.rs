//! Keystores, kubeconfigs and oddly written PEM in Secrets, as openssl and Java write them.

use serde_json::{Value, json};
use support::keystores::{jks, pkcs12};
use support::openssl;

use crate::material::{Pair, kubeconfig};
use crate::world::{World, encoded, gaps, targets};

const PASSWORD: &str = "an odd pässword";

/// What the namespace `stores` is filled with.
pub(crate) fn objects([own, _, leaf]: &[Pair; 3]) -> Vec<Value> {
    let plain = leaf.certificate.as_str();
    let crlf = plain.replace('\n', "\r\n");
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let config = kubeconfig("https://cp.example.com", &own.certificate, &["admin"], leaf);
    let identity = format!("{}{plain}", leaf.key);
    let modern = pkcs12(&format!("{identity}{}", own.certificate), PASSWORD, &[]);
    let legacy = pkcs12(
        &identity,
        PASSWORD,
        &["-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
    );
    let java = |leaf: &Pair, own: &Pair| jks((&leaf.certificate, &leaf.key), &own.certificate, PASSWORD);
    let trusting = openssl::bytes(
        &["pkcs12", "-export", "-nokeys", "-passout", "pass:", "-certpbe", "AES-128-CBC"],
        format!("{}{plain}", own.certificate).as_bytes(),
    );
    let password = PASSWORD.as_bytes();
    let secret = |name: &str, values: &[(&str, &[u8])]| {
        let data: serde_json::Map<String, Value> =
            values.iter().map(|(key, value)| ((*key).to_owned(), json!(encoded(value)))).collect();
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "namespace": "stores", "name": name }, "data": data })
    };
    vec![
        secret("aside", &[("keystore.p12", &modern)]),
        secret("bom", &[("a.pem", format!("\u{FEFF}{plain}").as_bytes())]),
        secret("config", &[("value", config.as_bytes())]),
        secret("crlf", &[("a.pem", format!("subject=CN=x\r\n{crlf}").as_bytes())]),
        secret("java", &[("keystore.jks", &java(leaf, own)), ("keystore-password", password)]),
        secret("java-locked", &[("keystore.jks", &java(leaf, own))]),
        secret("legacy", &[("store.pfx", &legacy), ("PASSWORD", format!("{PASSWORD}\n").as_bytes())]),
        secret("modern", &[("keystore.p12", &modern), ("password", password)]),
        secret("trusting", &[("truststore.p12", &trusting)]),
        secret("utf16", &[("a.pem", &utf16)]),
        secret("wrong", &[("keystore.p12", &modern), ("password", b"another")]),
    ]
}

pub(crate) fn keystores(world: &World) {
    let program = world.administrator();
    let ran = program.line("list -n stores -o json").exits(3);
    let seen: Vec<(String, String, String)> = ran
        .items()
        .iter()
        .map(|item| {
            let text = |field: &str| item[field].as_str().expect("text").to_owned();
            (text("target").trim_start_matches("secret/stores/").to_owned(), text("holds"), text("key"))
        })
        .collect();
    let wanted = [
        ("bom/a.pem", "chain", "absent"),
        ("config/value#cluster/it", "bundle", "absent"),
        ("config/value#user/admin", "chain", "matches"),
        ("crlf/a.pem", "chain", "absent"),
        ("java/keystore.jks#/", "bundle", "absent"),
        ("java/keystore.jks#/certificate", "chain", "matches"),
        ("java-locked/keystore.jks#/", "bundle", "absent"),
        ("java-locked/keystore.jks#/certificate", "chain", "unreadable"),
        ("legacy/store.pfx", "chain", "matches"),
        ("modern/keystore.p12#1", "chain", "matches"),
        ("modern/keystore.p12#2", "chain", "absent"),
        ("trusting/truststore.p12#1", "bundle", "absent"),
        ("trusting/truststore.p12#2", "bundle", "absent"),
        ("utf16/a.pem", "chain", "absent"),
    ];
    let mut seen: Vec<(&str, &str, &str)> =
        seen.iter().map(|(target, holds, key)| (target.as_str(), holds.as_str(), key.as_str())).collect();
    let mut wanted = wanted.to_vec();
    seen.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(seen, wanted);
    let missing = |at: &str, reason: &str| (format!("secret/stores/{at}"), reason.to_owned());
    assert_eq!(
        gaps(&ran),
        [
            missing("aside/keystore.p12", "bad-password"),
            missing("java-locked/keystore.jks", "bad-password"),
            missing("wrong/keystore.p12", "bad-password"),
        ]
    );
    let check = program.line("check -n stores -o json --fail-on never");
    let unseen: Vec<String> = check
        .items()
        .iter()
        .filter(|item| item["code"] == "bundle-unparseable")
        .map(|item| format!("{} {}", item["target"].as_str().expect("a target"), item["severity"]))
        .collect();
    assert_eq!(unseen, ["secret/stores/bom/a.pem \"warning\"", "secret/stores/utf16/a.pem \"warning\""]);
    // What is printed is understood.
    for target in targets(&ran) {
        let shown = program.run(["show", &target]);
        assert!(shown.out.contains(&target) && matches!(shown.code, 0 | 3), "{shown:#?}");
    }
    // The password may come from a file, and is never told.
    let file = program.write("secret.txt", format!("{PASSWORD}\n"));
    let file = file.display().to_string();
    let ran = program.run(["list", "secret/stores/aside", "-o", "json", "--keystore-password-file", &file]).exits(0);
    assert_eq!(ran.items()[0]["key"], "matches");
    assert!(!ran.out.contains("pässword") && !ran.err.contains("pässword"));
    program.run(["list", "-n", "stores", "--keystore-password-file", "nowhere"]).exits(2).says("nowhere");
}
