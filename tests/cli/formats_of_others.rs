//! What other programs read or write, beside those programs.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use support::kubeadm::{Etcd, KeyAlgorithm, Kubeadm, pki};

use crate::program::Program;

/// Real kubeadm's answer and ours to the same disk; the seconds that are left may differ by those that have passed.
#[track_caller]
fn agrees(kubeadm: &Kubeadm, change: impl FnOnce(&std::path::Path)) {
    let program = Program::new();
    let root = program.work();
    kubeadm.write(&root);
    change(&root);
    let mut theirs: Value = serde_json::from_str(&kubeadm.check_expiration(&root)).expect("kubeadm's JSON");
    let ran = program.run(["list", "--root", &root.display().to_string(), "-o", "kubeadm-json"]);
    let mut ours: Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{ran:#?}"));
    let left = |document: &mut Value| -> Vec<i64> {
        let lists = ["certificates", "certificateAuthorities"];
        let lines =
            lists.iter().flat_map(|list| document[list].as_array().expect("a list").clone()).collect::<Vec<_>>();
        for list in lists {
            for line in document[list].as_array_mut().expect("a list") {
                line["residualTime"] = Value::Null;
            }
        }
        lines.iter().map(|line| line["residualTime"].as_i64().expect("seconds")).collect()
    };
    let (their_seconds, our_seconds) = (left(&mut theirs), left(&mut ours));
    assert_eq!(ours, theirs);
    assert!(
        their_seconds.iter().zip(&our_seconds).all(|(a, b)| (a - b).abs() < 120),
        "{their_seconds:?} {our_seconds:?}"
    );
}

fn ecdsa() -> Kubeadm {
    Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(6443) }
}

#[test]
fn kubeadm_json_of_kubeadms_usual_disk() {
    agrees(&Kubeadm::new(6443), |_| {});
}

#[test]
fn kubeadm_json_of_elliptic_curves() {
    agrees(&ecdsa(), |_| {});
}

#[test]
fn kubeadm_json_of_an_authority_elsewhere() {
    agrees(&Kubeadm { external_ca: true, ..ecdsa() }, |_| {});
}

#[test]
fn kubeadm_json_of_one_authority_elsewhere() {
    agrees(&ecdsa(), |root| fs::remove_file(pki(root).join("front-proxy-ca.key")).expect("removed"));
}

#[test]
fn kubeadm_json_of_an_etcd_elsewhere() {
    let host = tempfile::tempdir().expect("a folder");
    agrees(&Kubeadm { etcd: Etcd::External { root: host.path().to_owned() }, ..ecdsa() }, |_| {});
}

#[test]
fn kubeadm_json_of_what_is_missing() {
    agrees(&ecdsa(), |root| {
        fs::remove_file(root.join("etc/kubernetes/scheduler.conf")).expect("removed");
        fs::remove_file(pki(root).join("etcd/peer.crt")).expect("removed");
    });
}

/// The text format, line by line (prometheus.io, Exposition formats).
#[test]
fn prometheus_reads_each_series_once() {
    let program = Program::new();
    let folder = program.demo();
    let items = program.run(["list", "--root", &folder, "-o", "json"]).items();
    let ran = program.run(["list", "--root", &folder, "-o", "prometheus"]);
    let (mut typed, mut seen) = (BTreeSet::new(), BTreeSet::new());
    for line in ran.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let words: Vec<&str> = comment.splitn(3, ' ').collect();
            assert!(matches!(words[0], "HELP" | "TYPE") && words.len() == 3, "{line}");
            if words[0] == "TYPE" {
                assert!(words[2] == "gauge" && typed.insert(words[1]), "{line}");
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').expect("labels");
        assert!(typed.contains(name) && labels.ends_with('}') && value.parse::<i64>().is_ok(), "{line}");
        assert!(seen.insert(series), "twice: {line}");
    }
    let of = |name: &str| seen.iter().filter(|series| series.starts_with(&format!("{name}{{"))).count();
    for name in ["x509_cert_not_before", "x509_cert_not_after", "x509_cert_expired"] {
        assert_eq!(of(name), items.len(), "{name}");
    }
    let apiserver = items.iter().find(|item| item["name"] == "apiserver").expect("the API server's");
    let line = ran.lines().into_iter().find(|line| {
        line.starts_with("x509_cert_expired{")
            && line.contains("filename=\"apiserver.crt\"")
            && line.contains("subject_CN=\"kube-apiserver\"")
    });
    let expired = i64::from(apiserver["state"] == "expired").to_string();
    assert!(line.is_some_and(|line| line.ends_with(&format!(" {expired}"))), "{line:?}");
}

#[test]
fn mermaid_draws_every_node_and_every_signature() {
    let program = Program::new();
    let folder = program.demo();
    let items = program.run(["tree", "--root", &folder, "-o", "json"]).items();
    let count = |kind: &str| items.iter().filter(|item| item["kind"] == kind).count();
    let ran = program.run(["tree", "--root", &folder, "-o", "mermaid"]);
    assert_eq!(ran.lines()[0], "flowchart TD");
    assert_eq!(
        ran.lines().iter().filter(|line| line.starts_with("  n") && line.contains(":::")).count(),
        count("Node")
    );
    let signed = items.iter().filter(|item| item["kind"] == "Edge" && item["relation"] == "signed").count();
    assert_eq!(ran.lines().iter().filter(|line| line.contains(" --> ")).count(), signed);
}

#[test]
fn a_format_of_one_command_is_refused_by_the_others() {
    let program = Program::new();
    for (line, wanted) in [
        ("check - -o prometheus", "format of list alone"),
        ("tree - -o kubeadm-json", "format of list alone"),
        ("list - -o mermaid", "format of tree alone"),
    ] {
        let pem = crate::material::Pair::of("/CN=it").certificate;
        let ran = program.run_with(line.split(' '), pem.as_bytes());
        assert!(ran.code == 2 && ran.err.contains(wanted), "{ran:#?}");
    }
}
