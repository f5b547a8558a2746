//! Each check speaks where its trouble is, and is silent where it is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use support::kubeadm::{KeyAlgorithm, Kubeadm};

use crate::material::{Pair, kubeconfig};
use crate::program::{Program, Ran};

#[test]
fn a_healthy_node_of_the_real_kubeadm_has_nothing_wrong() {
    for algorithm in [KeyAlgorithm::EcdsaP256, KeyAlgorithm::Rsa2048] {
        let program = Program::new();
        let root = program.work();
        Kubeadm { key_algorithm: algorithm, ..Kubeadm::new(6443) }.write(&root);
        let root = root.display().to_string();
        let ran = program.run(["check", "--root", &root, "--fail-on", "info"]).exits(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", "Nothing wrong with 20 certificates.\n"));
        let ran = program.run(["check", "--root", &root, "-o", "json"]).exits(0);
        assert_eq!((ran.items().len(), ran.json()["gaps"].as_array().map(Vec::len)), (0, Some(0)));
    }
}

#[test]
fn every_trouble_of_the_demo_can_be_made_to_vanish() {
    let program = Program::new();
    let folder = program.demo();
    let check = || codes(&program.run(["check", "--root", &folder, "-o", "json", "--fail-on", "never"]));
    assert_eq!(check().iter().map(|(code, _)| code).collect::<BTreeSet<_>>().len(), 8);

    let states = program.run(["list", "--root", &folder, "-o", "json"]).items();
    assert!(states.iter().any(|item| item["state"] == "not-yet-valid"), "as tables and findings spell it");

    program.run(["renew", "--root", &folder, "--yes"]).exits(0);
    let left = [
        ("kubeconfig-stale", "admin.conf#cluster/kubernetes"),
        ("expired", "kubelet-client-current.pem"),
        ("expired", "kubelet.crt#1"),
        ("expired", "kubelet.crt#2"),
    ];
    assert_eq!(check(), set(&left));

    // What renewing cannot do, as a person would do it.
    let root = Path::new(&folder);
    for file in fs::read_dir(root.join("var/lib/kubelet/pki")).expect("the kubelet's files") {
        fs::remove_file(file.expect("a file").path()).expect("removed");
    }
    assert_eq!(check(), set(&left[..1]));
    let authority = |name: &str| {
        let text = fs::read_to_string(root.join("etc/kubernetes").join(name)).expect("a kubeconfig");
        let line = text.lines().find(|line| line.contains("certificate-authority-data")).expect("an authority");
        line.trim().to_owned()
    };
    let admin = root.join("etc/kubernetes/admin.conf");
    let text = fs::read_to_string(&admin).expect("admin.conf");
    fs::write(&admin, text.replace(&authority("admin.conf"), &authority("scheduler.conf"))).expect("written");
    assert_eq!(check(), BTreeSet::new());
    program.run(["check", "--root", &folder, "--fail-on", "info"]).exits(0).says("Nothing wrong with");
}

/// Signatures decide, not names: an authority of the right name and another key signed nothing here.
#[test]
fn an_authority_of_the_same_name_is_not_the_signer() {
    let program = Program::new();
    let (one, other) = (Pair::authority("/CN=ca"), Pair::authority("/CN=ca"));
    let leaf = Pair::signed_by(&one, "/CN=leaf", &[]);
    program.write("leaf.crt", &leaf.certificate);
    program.write("leaf.key", &leaf.key);
    program.write("ca.crt", &other.certificate);
    assert_eq!(codes(&program.line("check . -o json")), set(&[("bad-signature", "leaf.crt")]));
    program.write("ca.crt", format!("{}{}", other.certificate, one.certificate));
    assert_eq!(codes(&program.line("check . -o json")), BTreeSet::new());
    program.write("leaf.key", &other.key);
    assert_eq!(codes(&program.line("check . -o json")), set(&[("key-differs", "leaf.crt")]));
}

/// The three usual ways to call the key of a certificate.
#[test]
fn keys_are_found_beside_their_certificates() {
    let program = Program::new();
    let (own, other) = (Pair::of("/CN=own"), Pair::of("/CN=other"));
    let names =
        [("a.crt", "a.key"), ("b.pem", "b-key.pem"), ("ca-cert.pem", "ca-key.pem"), ("d/cert.pem", "d/key.pem")];
    for (certificate, key) in names {
        program.write(certificate, &own.certificate);
        program.write(key, &own.key);
    }
    let key_states = || {
        let items = program.line("list . -o json").exits(0).items();
        items.iter().map(|item| item["key"].as_str().expect("a key state").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(key_states(), vec!["matches"; names.len()]);
    for (_, key) in names {
        program.write(key, &other.key);
    }
    assert_eq!(key_states(), vec!["differs"; names.len()]);
}

/// By seconds, which no minute shows: the sentence must still make sense.
#[test]
fn outliving_by_seconds_is_told_in_seconds() {
    let program = Program::new();
    // The two of a pair that was made around the turn of a minute differ in the minute as well.
    let pairs = std::iter::repeat_with(authority_and_a_leaf_that_outlives_it_by_seconds);
    let (authority, leaf) =
        pairs.into_iter().find(|(a, b)| end(a)[..16] == end(b)[..16]).expect("a pair in one minute");
    program.write("leaf.crt", &leaf.certificate);
    program.write("ca.crt", &authority.certificate);
    let items = program.line("check . -o json").exits(1).items();
    let message = items[0]["message"].as_str().expect("a sentence");
    assert_eq!(items[0]["code"], "outlives-issuer");
    assert!(message.ends_with(&format!("only until {}", end(&authority))), "{message}");
}

fn authority_and_a_leaf_that_outlives_it_by_seconds() -> (Pair, Pair) {
    let authority = Pair::authority("/CN=ca");
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let leaf = Pair::signed_by(&authority, "/CN=leaf", &["-days", "3650"]);
    (authority, leaf)
}

fn end(pair: &Pair) -> String {
    support::openssl::x509(pair.certificate.as_bytes()).not_after.replace(' ', "T")
}

/// kubectl does not work with such a file at all.
#[test]
fn a_kubeconfig_that_names_a_user_twice_is_said_to_be_broken() {
    let program = Program::new();
    let pair = Pair::of("/CN=it");
    program.write("k.conf", kubeconfig("https://127.0.0.1:1", &pair.certificate, &["a", "a"], &pair));
    let ran = program.line("list kubeconfig:k.conf -o json").exits(3);
    assert_eq!(ran.items().len(), 2, "{ran:#?}");
    assert_eq!(ran.json()["gaps"][0]["reason"], "bad-kubeconfig");
}

/// Code, and the last part of the place.
fn codes(ran: &Ran) -> BTreeSet<(String, String)> {
    let item = |item: &serde_json::Value| {
        let target = item["target"].as_str().expect("a target");
        let last = target.split_once('#').map_or(target, |(path, _)| path).rfind('/').map_or(0, |at| at + 1);
        (item["code"].as_str().expect("a code").to_owned(), target[last..].to_owned())
    };
    // Self-made authorities are signed by nobody else, which is only worth an info.
    ran.items().iter().filter(|item| item["severity"] != "info").map(item).collect()
}

fn set(codes: &[(&str, &str)]) -> BTreeSet<(String, String)> {
    codes.iter().map(|(code, place)| ((*code).to_owned(), (*place).to_owned())).collect()
}
