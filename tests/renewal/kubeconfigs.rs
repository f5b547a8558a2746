//! kubeconfigs that people have worked on: two values change, every other byte is theirs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use support::openssl;
use support::pem;

use crate::disk::Disk;
use crate::witness::{assert_renewal, identities};

#[test]
fn comments_line_ends_tokens_and_unknown_fields_stay() {
    let disk = Disk::ecdsa();
    let token = "eyJhbGciOiJub25lIn0.e30.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";
    let other_user =
        format!("users:\n- name: robot # not ours\n  user:\n    token: {token}\n- name: kubernetes-admin\n");
    let text = disk.read("admin.conf").replace("users:\n- name: kubernetes-admin\n", &other_user);
    assert!(text.contains(token));
    let text = text.replace("kind: Config\n", "kind: Config\nx-owner: {team: a, since: 2019}   # kept\n");
    disk.write("admin.conf", format!("# by hand\r\n{}", text.replace('\n', "\r\n")));
    changes_two_values(&disk);
}

#[test]
fn json_is_renewed_as_json() {
    let disk = Disk::ecdsa();
    let [authority, certificate, key] = values(&disk.read("admin.conf"));
    disk.write(
        "admin.conf",
        format!(
            r#"{{"apiVersion":"v1","kind":"Config","current-context":"c",
            "clusters":[{{"name":"k","cluster":{{"server":"https://127.0.0.1:6443","certificate-authority-data":"{authority}"}}}}],
            "contexts":[{{"name":"c","context":{{"cluster":"k","user":"u"}}}}],
            "users":[{{"name":"u","user":{{"client-key-data":"{key}","client-certificate-data":"{certificate}"}}}}]}}"#
        ),
    );
    changes_two_values(&disk);
}

/// Some editors put it there, and kubectl reads such a file.
#[test]
fn a_byte_order_mark_stays() {
    let disk = Disk::ecdsa();
    disk.write("admin.conf", format!("\u{FEFF}{}", disk.read("admin.conf")));
    changes_two_values(&disk);
}

/// K3s puts its authority behind the leaf.
#[test]
fn what_follows_the_leaf_stays_behind_it() {
    let disk = Disk::ecdsa();
    let [authority, certificate, _] = values(&disk.read("admin.conf"));
    let chain = [decoded(&certificate), decoded(&authority)].concat();
    disk.write("admin.conf", disk.read("admin.conf").replace(&certificate, &STANDARD.encode(chain)));
    disk.on_root(&["renew", "admin.conf", "--yes"]).expect(0);
    let [_, chain, _] = values(&disk.read("admin.conf"));
    let blocks = pem::blocks(&decoded(&chain));
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[1].text, pem::blocks(&decoded(&authority))[0].text);
    assert_ne!(openssl::x509(&blocks[0].text).fingerprint, openssl::x509(&decoded(&certificate)).fingerprint);
}

/// Written one after the other in one plan, the second would be planned from a file that the first has changed.
#[test]
fn two_identities_in_one_file_are_renewed_one_at_a_time() {
    let disk = Disk::ecdsa();
    let [_, certificate, key] = values(&disk.read("super-admin.conf"));
    let second = format!(
        "users:\n- name: second\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
    );
    disk.write("admin.conf", disk.read("admin.conf").replace("users:\n", &second));
    let before = disk.tree();
    let said = disk.on_root(&["renew", "--all", "--yes"]).expect(4);
    said.naming(&["holds more than one identity", "#user/second", "#user/kubernetes-admin", "one after the other"]);
    before.assert_unchanged(&disk.tree());
    for user in ["second", "kubernetes-admin"] {
        let [_, old_certificate, _] = values(&disk.read("admin.conf"));
        let name = format!("kubeconfig:{}#user/{user}", disk.file("admin.conf").display());
        disk.on_root(&["renew", &name, "--yes"]).expect(0);
        let text = disk.read("admin.conf");
        assert_eq!(text.contains(&old_certificate), user != "second", "the first user in the file is 'second'");
    }
    disk.on_root(&["check"]).expect(0);
}

#[test]
fn an_authority_that_is_named_is_told_of_and_left_alone() {
    let disk = Disk::ecdsa();
    let run = disk.on_root(&["renew", "ca", "scheduler.conf", "--yes", "-o", "json"]).expect(0).item("RunResult");
    assert_eq!((&run["leftAlone"][0]["name"], run["steps"].as_array().map(Vec::len)), (&"ca".into(), Some(1)));
    disk.on_root(&["renew", "ca", "--yes"]).expect(4).naming(&["none of the targets is a leaf"]);
}

/// A value in several pieces cannot be replaced without writing the file anew, so it is left to its owner.
#[test]
fn a_folded_value_is_refused_and_nothing_is_lost() {
    let disk = Disk::ecdsa();
    let [_, certificate, _] = values(&disk.read("admin.conf"));
    let folded = format!(">-\n      {}\n      {}", &certificate[..80], &certificate[80..]);
    disk.write("admin.conf", disk.read("admin.conf").replace(&certificate, &folded));
    let before = disk.material();
    disk.on_root(&["renew", "admin.conf", "--yes"])
        .expect(4)
        .naming(&["does not stand in the kubeconfig in one piece"]);
    before.assert_unchanged(&disk.material());
}

fn changes_two_values(disk: &Disk) {
    let old_text = disk.read("admin.conf");
    let old = identities(&disk.file(""))["admin.conf"].0.clone();
    disk.on_root(&["renew", "admin.conf", "--yes"]).expect(0);
    let new_text = disk.read("admin.conf");
    let ([_, old_certificate, old_key], [_, certificate, key]) = (values(&old_text), values(&new_text));
    assert_eq!(new_text, old_text.replace(&old_certificate, &certificate).replace(&old_key, &key));
    let new = identities(&disk.file(""))["admin.conf"].0.clone();
    assert_renewal("admin.conf", &old, &new, &disk.file("pki/ca.crt"));
    disk.on_root(&["runs", "undo"]).expect(0);
    assert_eq!(disk.read("admin.conf"), old_text);
}

/// The base64 of authority, certificate and key, wherever they stand.
fn values(text: &str) -> [String; 3] {
    ["certificate-authority-data", "client-certificate-data", "client-key-data"].map(|field| {
        let (_, rest) = text.split_once(field).unwrap_or_else(|| panic!("no {field}"));
        let rest = rest.trim_start_matches(['"', ':', ' ']);
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect()
    })
}

fn decoded(value: &str) -> Vec<u8> {
    STANDARD.decode(value).expect("base64")
}
