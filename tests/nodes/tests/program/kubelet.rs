//! The kubelet's own client identity: a dated file with certificate and key, and a symlink that names the present one.

use std::fs;
use std::os::unix::fs::symlink;

use support::kubeadm::KeyAlgorithm;
use support::openssl;

use crate::operator::Operator;

const CURRENT: &str = "kubelet-client-current.pem";
const DATED: &str = "kubelet-client-2026-01-02-03-04-05.pem";

#[test]
fn its_symlink_stays_one_and_leads_to_the_new_identity() {
    let operator = Operator::of(&["cp1"], KeyAlgorithm::EcdsaP256);
    let pki = operator.nodes[0].path("lib/kubelet/pki");
    fs::create_dir_all(&pki).expect("a folder");
    let read = |ending: &str| {
        fs::read_to_string(operator.file("cp1", &format!("pki/apiserver-kubelet-client.{ending}"))).expect("a file")
    };
    let old = read("crt") + &read("key");
    fs::write(pki.join(DATED), &old).expect("written");
    // As the kubelet writes it, with the path of the node.
    symlink(format!("/var/lib/kubelet/pki/{DATED}"), pki.join(CURRENT)).expect("a symlink");
    operator.run(&["renew", "kubelet-client", "--yes"]).expect(0);
    // The kubelet itself makes a file with another date; one that it finds under the old date it takes as well.
    let target = fs::read_link(pki.join(CURRENT)).expect("still a symlink");
    assert_eq!(target.to_str(), Some(format!("/var/lib/kubelet/pki/{DATED}").as_str()));
    let new = fs::read(pki.join(DATED)).expect("an identity");
    assert_ne!(new, old.as_bytes());
    assert_eq!(openssl::public_key_of(&new).trim(), openssl::text(&["x509", "-noout", "-pubkey"], &new).trim());
    operator.run(&["runs", "undo"]).expect(0);
    assert_eq!(fs::read_link(pki.join(CURRENT)).expect("a symlink"), target);
    assert_eq!(fs::read_to_string(pki.join(DATED)).expect("an identity"), old);
}
