//! Keystores, DER and tokens that lie in files.

use support::keystores::{jks, pkcs12};
use support::openssl;
use support::secrets::Needles;

use crate::material::Pair;
use crate::program::{Program, Ran};

const PASSWORD: &str = "an odd pässword";

struct Disk {
    program: Program,
    folder: String,
    leaf: Pair,
}

impl Disk {
    fn new() -> Self {
        let program = Program::new();
        let authority = Pair::authority("/CN=ca");
        let leaf = Pair::signed_by(&authority, "/CN=leaf", &[]);
        let identity = format!("{}{}{}", leaf.key, leaf.certificate, authority.certificate);
        let der = |pem: &str| openssl::bytes(&["x509", "-outform", "DER"], pem.as_bytes());
        let key = openssl::bytes(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], leaf.key.as_bytes());
        program.write("pki/ours.p12", pkcs12(&identity, PASSWORD, &[]));
        program.write("pki/usual.pfx", pkcs12(&identity, "changeit", &["-legacy"]));
        program.write("pki/java.jks", jks((&leaf.certificate, &leaf.key), &authority.certificate, PASSWORD));
        program.write("pki/leaf.der", der(&leaf.certificate));
        program.write("pki/leaf.key", key);
        let folder = program.write("pki/ca.cer", der(&authority.certificate));
        let folder = folder.parent().expect("a folder").display().to_string();
        Self { program, folder, leaf }
    }

    fn rows(&self, ran: &Ran) -> Vec<(String, String, String, String)> {
        let text = |item: &serde_json::Value, field: &str| item[field].as_str().expect("a text").to_owned();
        let mut rows: Vec<_> = ran
            .items()
            .iter()
            .map(|item| {
                let target = text(item, "target").replace(&format!("file:{}/", self.folder), "");
                (target, text(item, "subject"), text(item, "holds"), text(item, "key"))
            })
            .collect();
        rows.sort();
        rows
    }
}

fn rows(rows: &[(&str, &str, &str, &str)]) -> Vec<(String, String, String, String)> {
    let own =
        |(a, b, c, d): &(&str, &str, &str, &str)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned(), (*d).to_owned());
    rows.iter().map(own).collect()
}

#[test]
fn without_a_password_what_can_be_read_is_told_and_what_cannot_is_said() {
    let disk = Disk::new();
    let ran = disk.program.run(["list", &disk.folder, "-o", "json"]).exits(3);
    let wanted = rows(&[
        ("ca.cer", "CN=ca", "bundle", "absent"),
        ("java.jks#/", "CN=ca", "bundle", "absent"),
        ("java.jks#/certificate", "CN=leaf", "chain", "unreadable"),
        ("leaf.der", "CN=leaf", "chain", "matches"),
        ("usual.pfx#1", "CN=leaf", "chain", "matches"),
        ("usual.pfx#2", "CN=ca", "chain", "absent"),
    ]);
    assert_eq!(disk.rows(&ran), wanted);
    let json = ran.json();
    let mut gaps: Vec<(&str, &str)> = json["gaps"]
        .as_array()
        .expect("gaps")
        .iter()
        .map(|gap| (gap["at"].as_str().expect("a place"), gap["reason"].as_str().expect("a reason")))
        .collect();
    gaps.sort_unstable();
    let at = |name: &str| format!("file:{}/{name}", disk.folder);
    assert_eq!(gaps, [(&*at("java.jks"), "bad-password"), (&*at("ours.p12"), "bad-password")]);
}

#[test]
fn the_password_of_a_file_opens_it_and_is_told_to_nobody() {
    let disk = Disk::new();
    let mut needles = Needles::default();
    needles.add("the key", disk.leaf.key.as_bytes());
    needles.add("the password", PASSWORD.as_bytes());
    let file = disk.program.write("password.txt", format!("{PASSWORD}\n")).display().to_string();
    for name in ["ours.p12#1", "java.jks#/certificate"] {
        let target = format!("file:{}/{name}", disk.folder);
        let ran = disk.program.run(["show", &target, "-o", "json", "--keystore-password-file", &file]);
        needles.assert_absent(name, format!("{}{}", ran.out, ran.err).as_bytes());
        let items = ran.exits(0).items();
        assert_eq!((items.len(), &items[0]["certificate"]["key"]), (1, &"matches".into()), "{name}");
    }
}

#[test]
fn what_only_others_read_is_no_trouble_by_itself() {
    let disk = Disk::new();
    let target = format!("{}/leaf.der", disk.folder);
    let ran = disk.program.run(["check", &target, "-o", "json"]).exits(0);
    let items = ran.items();
    let found = items.iter().find(|item| item["code"] == "bundle-unparseable").expect("DER is said");
    assert_eq!(found["severity"], "info");
}

#[test]
fn a_token_is_told_with_its_dates_and_never_itself() {
    let program = Program::new();
    let token = support::tokens::jwt(r#"{"sub":"system:serviceaccount:a:b","iss":"https://c","exp":1700000000}"#);
    let config = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "it",
        "clusters": [{ "name": "it", "cluster": { "server": "https://a:6443" } }],
        "users": [{ "name": "robot", "user": { "token": token } }],
        "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "robot" } }],
    });
    let path = program.write("robot.conf", config.to_string()).display().to_string();
    let mut needles = Needles::default();
    needles.add("the token", token.as_bytes());
    for target in [path.clone(), format!("kubeconfig:{path}")] {
        let ran = program.run(["list", &target, "-o", "json"]).exits(0);
        needles.assert_absent(&target, format!("{}{}", ran.out, ran.err).as_bytes());
        let items = ran.items();
        assert_eq!(items.len(), 1, "{ran:#?}");
        assert_eq!(items[0]["token"]["expires"], "2023-11-14T22:13:20Z");
        let check = program.run(["check", &target, "-o", "json"]).exits(1);
        assert_eq!(check.items()[0]["code"], "token-expired");
    }
}
