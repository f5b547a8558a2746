//! An authority that signs elsewhere, for leaves of several nodes: requests are called `LEAF@NODE`, and so are the answers.

use std::fs;
use std::path::Path;
use std::process::Command;

use support::kubeadm::KeyAlgorithm;
use support::openssl;

use crate::operator::Operator;

/// Without its keys on the nodes; they lie in `vault`.
fn cluster() -> Operator {
    let operator = Operator::of(&["cp1", "cp2"], KeyAlgorithm::EcdsaP256);
    let vault = operator.folder.path().join("vault");
    fs::create_dir(&vault).expect("a folder");
    for ending in ["crt", "key"] {
        fs::copy(operator.file("cp1", &format!("pki/ca.{ending}")), vault.join(format!("ca.{ending}")))
            .expect("copied");
    }
    for node in ["cp1", "cp2"] {
        fs::remove_file(operator.file(node, "pki/ca.key")).expect("removed");
    }
    operator
}

fn sign(operator: &Operator, request: &str, answer: &str) {
    let vault = operator.folder.path().join("vault");
    let output = Command::new("openssl")
        .args(["x509", "-req", "-days", "90", "-copy_extensions", "copyall", "-CA", "ca.crt", "-CAkey", "ca.key"])
        .args(["-in", request, "-out", answer])
        .current_dir(vault)
        .output()
        .expect("openssl runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn requests_and_answers_are_called_by_leaf_and_node() {
    let operator = cluster();
    let vault = operator.folder.path().join("vault");
    let at = |name: &str| vault.join(name).to_str().expect("UTF-8").to_owned();
    let before = operator.tree();
    operator.run(&["renew", "scheduler.conf", "--yes"]).expect(4).naming(&["--csr-out DIR"]);

    operator.run(&["renew", "scheduler.conf", "--csr-out", &at("requests")]).expect(0);
    assert_eq!(names(&vault.join("requests")), ["scheduler.conf@cp1.csr", "scheduler.conf@cp2.csr"]);
    before.assert_unchanged(&operator.tree());
    let keys = ["cp1", "cp2"].map(|node| {
        let request = fs::read(vault.join(format!("requests/scheduler.conf@{node}.csr"))).expect("a request");
        openssl::text(&["req", "-noout", "-verify", "-pubkey"], &request)
    });
    assert_ne!(keys[0], keys[1], "each node has a key of its own");

    // It waits on two nodes, and the answer does not say for which.
    fs::create_dir(vault.join("ambiguous")).expect("a folder");
    sign(&operator, "requests/scheduler.conf@cp2.csr", "ambiguous/scheduler.conf.crt");
    let said = operator.run(&["renew", "--signed", &at("ambiguous"), "--yes"]).expect(4);
    said.naming(&["requests of 2 nodes have this name: say which one, as in scheduler.conf@NODE.crt"]);
    before.assert_unchanged(&operator.tree());

    // Each other's answers.
    fs::create_dir(vault.join("swapped")).expect("a folder");
    sign(&operator, "requests/scheduler.conf@cp2.csr", "swapped/scheduler.conf@cp1.crt");
    sign(&operator, "requests/scheduler.conf@cp1.csr", "swapped/scheduler.conf@cp2.crt");
    operator
        .run(&["renew", "--signed", &at("swapped"), "--yes"])
        .expect(4)
        .naming(&["swapped", "nothing was installed"]);
    before.assert_unchanged(&operator.tree());

    // One of the two: the other one goes on waiting.
    for node in ["cp1", "cp2"] {
        let (folder, name) = (format!("answers-{node}"), format!("scheduler.conf@{node}"));
        fs::create_dir(vault.join(&folder)).expect("a folder");
        sign(&operator, &format!("requests/{name}.csr"), &format!("{folder}/{name}.crt"));
        let before = operator.tree();
        operator.run(&["renew", "--signed", &at(&folder), "--yes"]).expect(0);
        let changed = before.diff(&operator.tree());
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert!(changed[0].starts_with(&format!("{node}/etc/kubernetes/scheduler.conf")), "{changed:?}");
    }
    let said = operator.run(&["runs", "list", "-o", "json"]).expect(0);
    assert_eq!(said.items().len(), 2);
}
