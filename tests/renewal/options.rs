//! More names, the old key, another kind of key: as openssl sees them.

use std::fs;

use support::openssl::{self, X509};

use crate::disk::Disk;
use crate::witness::{assert_pairs, identities};

#[test]
fn names_are_added_and_everything_else_stays() {
    let disk = Disk::ecdsa();
    let before = x509(&disk, "pki/apiserver.crt");
    let added = ["new.example.org", "*.apps.example.org", "2001:db8::7", "192.0.2.77"];
    // One of them twice, and one that is there already.
    let wanted: Vec<&str> = added.into_iter().chain(["NEW.example.org", "kubernetes"]).collect();
    let mut arguments = vec!["renew", "--only", "apiserver"];
    for name in wanted {
        arguments.extend(["--add-san", name]);
    }

    let plan = disk.on_root(&[&arguments[..], &["--dry-run"]].concat()).expect(0).out;
    for word in ["with new.example.org, *.apps.example.org, 2001:db8::7, 192.0.2.77 added", "apiServer.certSANs"] {
        assert!(plan.contains(word), "'{word}' is missing in:\n{plan}");
    }
    disk.on_root(&[&arguments[..], &["--yes"]].concat()).expect(0);
    let after = x509(&disk, "pki/apiserver.crt");
    let ending = "DNS:new.example.org, DNS:*.apps.example.org, IP Address:2001:DB8:0:0:0:0:0:7, IP Address:192.0.2.77";
    assert_eq!(names(&after), format!("{}, {ending}", names(&before)));
    assert_eq!(without_names_and_key_ids(&after), without_names_and_key_ids(&before));
    assert_eq!((&after.subject, after.public_key == before.public_key), (&before.subject, false));
    let text = fs::read(disk.file("pki/apiserver.crt")).expect("a certificate");
    assert_eq!(openssl::verify(&text, &disk.file("pki/ca.crt"), None), Ok(()));

    // The next renewal keeps them like every other name.
    disk.on_root(&["renew", "apiserver", "--yes"]).expect(0);
    assert_eq!(names(&x509(&disk, "pki/apiserver.crt")), names(&after));
    disk.on_root(&["check"]).expect(0);
}

/// Misspelt, or without a meaning here: said, and not taken for nothing to do.
#[test]
fn names_and_wishes_that_mean_nothing_are_said() {
    let disk = Disk::ecdsa();
    let before = disk.tree();
    let usage = |arguments: &[&str], words: &[&str]| {
        disk.on_root(&[&["renew", "--dry-run"], arguments].concat()).expect(2).naming(words);
    };
    usage(&["--only", "nonsense"], &["no leaf is called 'nonsense'", "apiserver, apiserver-etcd-client"]);
    usage(&["--only", "apiserver", "--only", "etcd-serve"], &["'etcd-serve'", "etcd-server"]);
    usage(&["--all", "--restart"], &["is a disk in a folder", "nothing to restart", "leave --restart out"]);
    usage(&["--all", "--drain", "5s"], &["--restart"]);
    disk.on_root(&["renew", "--only", "kubelet-serving"]).expect(4).naming(&["there is no kubelet-serving on"]);
    let folder = disk.home();
    let requests = ["renew", "--all", "--restart", "--csr-out", folder.to_str().expect("UTF-8")];
    disk.on_root(&requests).expect(2).naming(&["--csr-out"]);
    let api = |wish: serde_json::Value| {
        let mut renew = serde_json::json!({"scope": {"root": disk.root()}});
        renew.as_object_mut().expect("an object").extend(wish.as_object().expect("an object").clone());
        disk.api(&serde_json::json!({"api": "certs/v1alpha1", "request": {"renew": renew}})).expect(2)
    };
    assert!(api(serde_json::json!({"nodes": ["nosuch"]})).out.contains("no node is called 'nosuch'"));
    assert!(api(serde_json::json!({"drain": 5})).out.contains("drain needs restart"));
    before.assert_unchanged(&disk.tree());
}

#[test]
fn a_saved_plan_holds_the_names() {
    let disk = Disk::ecdsa();
    let arguments = ["renew", "etcd-server", "--add-san", "etcd.example.org", "--dry-run", "-o", "json"];
    let mut plan = disk.on_root(&arguments).expect(0).json();
    assert!(plan.to_string().contains("etcd.local.serverCertSANs"), "{plan}");
    disk.apply(&plan).expect(0);
    assert!(names(&x509(&disk, "pki/etcd/server.crt")).ends_with(", DNS:etcd.example.org"));

    // Another name slipped in: not what was agreed to.
    plan["items"][0]["plan"]["request"]["addSans"] = ["evil.example.org"].into();
    let before = disk.material();
    disk.apply(&plan).expect(4);
    before.assert_unchanged(&disk.material());
}

#[test]
fn names_only_where_they_are_of_use() {
    let disk = Disk::ecdsa();
    let before = disk.tree();
    let refused = |arguments: &[&str], code: i32, words: &[&str]| {
        disk.on_root(&[&["renew", "--yes", "--add-san"], arguments].concat()).expect(code).naming(words);
    };
    refused(&["a.example"], 2, &["which certificate", "--only apiserver"]);
    refused(&["a.example", "--all"], 2, &["which certificate"]);
    refused(
        &["a.example", "admin.conf"],
        4,
        &["admin.conf cannot get the name a.example", "apiserver, etcd-peer, etcd-server"],
    );
    refused(&["a.example", "apiserver", "front-proxy-client"], 4, &["front-proxy-client cannot"]);
    for bad in ["", "a_b", "192.0.2.256", "https://a.example", "a..b", "*.*.b", "a.example:6443"] {
        refused(&[bad, "apiserver"], 2, &["--add-san"]);
    }
    before.assert_unchanged(&disk.tree());
}

#[test]
fn the_old_key_is_kept_byte_for_byte() {
    let disk = Disk::ecdsa();
    let old = identities(&disk.file(""));
    disk.on_root(&["renew", "--all", "--reuse-key", "--yes"]).expect(0);
    let new = identities(&disk.file(""));
    assert_pairs(&new);
    for (name, (new, _)) in &new {
        let old = &old[name].0;
        assert!(new.key == old.key && new.certificate != old.certificate, "{name}");
    }
    disk.on_root(&["runs", "finish"]).expect(0);
    let left = support::tree::Tree::read(&disk.state());
    assert!(left.entries.keys().all(|path| !path.ends_with("key.pem")), "{:?}", left.entries.keys());

    // A key that is another one's is nothing to keep.
    disk.write("pki/apiserver.key", disk.read("pki/front-proxy-client.key"));
    disk.on_root(&["renew", "apiserver", "--reuse-key", "--yes"])
        .expect(4)
        .naming(&["cannot keep its key", "--reuse-key"]);
    disk.on_root(&["renew", "apiserver", "--yes"]).expect(0);
}

#[test]
fn another_kind_of_key() {
    let disk = Disk::ecdsa();
    for (kind, said) in [
        ("rsa-3072", "Private-Key: (3072 bit"),
        ("ECDSA-P384", "P-384"),
        ("ECDSA-P521", "P-521"),
        ("Ed25519", "ED25519 Private-Key"),
        ("ECDSA-P256", "P-256"),
    ] {
        let done = disk.on_root(&["renew", "apiserver", "admin.conf", "--key-algorithm", kind, "--yes"]).expect(0);
        assert_eq!(done.err.contains("kubeadm reads RSA and ECDSA keys only"), kind == "Ed25519", "{}", done.err);
        let found = identities(&disk.file(""));
        assert_pairs(&found);
        for name in ["pki/apiserver", "admin.conf"] {
            let text = openssl::text(&["pkey", "-noout", "-text"], &found[name].0.key);
            assert!(text.contains(said), "{name}: {text}");
            let authority = disk.file("pki/ca.crt");
            assert_eq!(openssl::verify(&found[name].0.certificate, &authority, None), Ok(()));
        }
    }
    disk.on_root(&["renew", "--all", "--key-algorithm", "RSA-1024"]).expect(2).naming(&["RSA-1024", "ECDSA-P256"]);
    disk.on_root(&["renew", "--all", "--key-algorithm", "Ed25519", "--reuse-key"]).expect(2);
}

fn x509(disk: &Disk, path: &str) -> X509 {
    openssl::x509(&fs::read(disk.file(path)).expect("a certificate"))
}

/// The line of the alternative names.
fn names(x509: &X509) -> String {
    let mut lines = x509.extensions.lines();
    lines.find(|line| line.contains("Subject Alternative Name")).expect("names");
    lines.next().expect("names").trim().to_owned()
}

fn without_names_and_key_ids(x509: &X509) -> Vec<&str> {
    let keeps = |line: &&str| {
        !line.contains("DNS:")
            && !line.contains("Key Identifier")
            && !line.trim().chars().all(|c| c.is_ascii_hexdigit() || c == ':')
    };
    x509.extensions.lines().filter(keeps).collect()
}
