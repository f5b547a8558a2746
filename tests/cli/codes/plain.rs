//! What certificates say by themselves: dates, signatures, algorithms.

use std::fs;

use support::kubeadm::pki;
use support::openssl;

use super::made::{Dated, middle, signed_by_itself, with_key};
use super::{Row, in_a_folder, on_a_node, put, write};
use crate::material::Pair;
use crate::program::Program;

#[test]
fn expired() {
    let row = Row { code: "expired", severity: "error", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| write(folder, &[("it.crt", &Dated::from(-400).to(-3).alone("it"))]));
}

#[test]
fn expiring() {
    let row = Row { code: "expiring", severity: "warning", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| write(folder, &[("it.crt", &Dated::from(-345).to(20).alone("it"))]));
}

#[test]
fn expiring_tomorrow() {
    let row = Row { code: "expiring", severity: "error", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| write(folder, &[("it.crt", &Dated::from(-364).to(1).alone("it"))]));
}

#[test]
fn not_yet_valid() {
    let row = Row { code: "not-yet-valid", severity: "error", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| write(folder, &[("it.crt", &Dated::from(2).to(300).alone("it"))]));
}

#[test]
fn outlives_issuer() {
    let row = Row { code: "outlives-issuer", severity: "warning", at: "/leaf.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let top = Pair::authority("/CN=top");
        let leaf = Pair::signed_by(&top, "/CN=leaf", &["-days", "4000"]);
        write(folder, &[("top.crt", &top), ("leaf.crt", &leaf)]);
    });
}

#[test]
fn bad_signature() {
    let row = Row { code: "bad-signature", severity: "warning", at: "/leaf.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let (one, other) = (Pair::authority("/CN=ca"), Pair::authority("/CN=ca"));
        write(folder, &[("ca.crt", &other), ("leaf.crt", &Pair::signed_by(&one, "/CN=leaf", &[]))]);
    });
}

#[test]
fn issuer_missing() {
    let row = Row { code: "issuer-missing", severity: "info", at: "/leaf.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        write(folder, &[("leaf.crt", &Pair::signed_by(&Pair::authority("/CN=ca"), "/CN=leaf", &[]))]);
    });
}

#[test]
fn weak_key() {
    let row = Row { code: "weak-key", severity: "warning", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| write(folder, &[("it.crt", &with_key("rsa:1024", "/CN=it"))]));
}

#[test]
fn weak_signature() {
    let row = Row { code: "weak-signature", severity: "error", at: "/leaf.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let top = Pair::authority("/CN=top");
        // Below a trusted one that is signed so too, which is nobody's trouble.
        let middle = Pair::signed_by(&top, "/CN=middle", &["-sha1", "-addext", "basicConstraints=critical,CA:TRUE"]);
        let leaf = Pair::signed_by(&middle, "/CN=leaf", &["-sha1"]);
        write(folder, &[("top.crt", &top), ("middle.crt", &middle), ("leaf.crt", &leaf)]);
    });
}

/// With the same authority, which signs by another digest now.
#[test]
fn a_weak_signature_is_renewed_away() {
    let row = Row { code: "weak-signature", severity: "error", at: "pki/front-proxy-client.crt", beside: &[] };
    on_a_node(&row, |root| {
        let at = |name: &str| fs::read_to_string(pki(root).join(name)).expect("a file of kubeadm");
        let authority = Pair { certificate: at("front-proxy-ca.crt"), key: at("front-proxy-ca.key") };
        let usage = ["-addext", "extendedKeyUsage=clientAuth"];
        let weak = Pair::signed_by(&authority, "/CN=front-proxy-client", &[&["-sha1"], &usage[..]].concat());
        put(root, "front-proxy-client", &weak);
        let program = Program::new();
        let root_text = root.display().to_string();
        program.run(["renew", "--yes", "--root", &root_text]).exits(0);
        program.run(["check", "--fail-on", "info", "--root", &root_text]).exits(0);
        put(root, "front-proxy-client", &weak);
    });
}

#[test]
fn chain_order() {
    let row = Row { code: "chain-order", severity: "warning", at: "/chain.pem", beside: &[] };
    in_a_folder(&row, |folder| {
        let top = Pair::authority("/CN=top");
        let middle = middle(&top);
        let leaf = Pair::signed_by(&middle, "/CN=leaf", &[]);
        let write = |name: &str, chain: &[&Pair]| {
            let text: String = chain.iter().map(|pair| pair.certificate.as_str()).collect();
            fs::write(folder.join(name), text).expect("written");
        };
        write("chain.pem", &[&leaf, &top, &middle]);
        write("good.pem", &[&leaf, &middle, &top]);
        // Not one chain at all.
        write("leaves.pem", &[&leaf, &Pair::signed_by(&top, "/CN=other", &[]), &middle, &top]);
    });
}

#[test]
fn version_1_certificate() {
    let row = Row { code: "version-1-certificate", severity: "info", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let pair = Pair::of("/CN=it");
        let request = openssl::text(&["req", "-new", "-key", "/dev/stdin", "-subj", "/CN=it"], pair.key.as_bytes());
        let key = folder.join("it.key");
        fs::write(&key, &pair.key).expect("written");
        let key = key.display().to_string();
        // Without a word on extensions, openssl 3.0 writes version 1.
        let text = openssl::text(&["x509", "-req", "-days", "300", "-signkey", &key], request.as_bytes());
        fs::write(folder.join("it.crt"), text).expect("written");
    });
}

#[test]
fn serial_odd() {
    let row = Row { code: "serial-odd", severity: "info", at: "/it.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        write(folder, &[("it.crt", &signed_by_itself("/CN=it", &["-set_serial", "0"]))]);
    });
}
