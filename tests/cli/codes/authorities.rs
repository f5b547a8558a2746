//! What authorities may do, and for how long.

use std::fs;

use support::kubeadm::pki;

use super::made::{Dated, middle, signed_by_itself};
use super::{Row, in_a_folder, on_a_node, write};
use crate::material::Pair;

#[test]
fn signer_file_bundle() {
    let row = Row { code: "signer-file-bundle", severity: "error", at: "pki/ca.crt", beside: &[] };
    on_a_node(&row, |root| {
        let (ca, other) = (pki(root).join("ca.crt"), Pair::authority("/CN=kubernetes@1"));
        let text = fs::read_to_string(&ca).expect("the authority") + &other.certificate;
        fs::write(ca, text).expect("written");
    });
}

#[test]
fn not_an_authority() {
    let row = Row { code: "not-an-authority", severity: "error", at: "/middle.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let top = Pair::authority("/CN=top");
        let middle = Pair::signed_by(&top, "/CN=middle", &[]);
        let leaf = Pair::signed_by(&middle, "/CN=leaf", &["-days", "300"]);
        write(folder, &[("top.crt", &top), ("middle.crt", &middle), ("leaf.crt", &leaf)]);
    });
}

#[test]
fn path_length() {
    let row = Row { code: "path-length", severity: "error", at: "/top.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let more = ["-addext", "basicConstraints=critical,CA:TRUE,pathlen:0", "-days", "3650"];
        let top = signed_by_itself("/CN=top", &more);
        let middle = middle(&top);
        let leaf = Pair::signed_by(&middle, "/CN=leaf", &[]);
        write(folder, &[("top.crt", &top), ("middle.crt", &middle), ("leaf.crt", &leaf)]);
    });
}

#[test]
fn authority_ambiguous() {
    let row = Row { code: "authority-ambiguous", severity: "warning", at: "/both.pem", beside: &[] };
    in_a_folder(&row, |folder| {
        let nameless = || {
            let more = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "subjectKeyIdentifier=none"];
            signed_by_itself("/CN=ca", &more)
        };
        let (one, other) = (nameless(), nameless());
        // Apart from one another they confuse nobody.
        write(folder, &[("a.crt", &one), ("b.crt", &other)]);
        fs::write(folder.join("both.pem"), one.certificate + &other.certificate).expect("written");
    });
}

#[test]
fn authority_expiring() {
    let row = Row { code: "authority-expiring", severity: "warning", at: "/ca.crt", beside: &[] };
    in_a_folder(&row, |folder| {
        let [authority, leaf] = Dated::from(-3470).to(180).authority_and_leaf();
        write(folder, &[("ca.crt", &authority), ("leaf.crt", &leaf)]);
    });
}
