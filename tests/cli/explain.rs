//! Every code can be looked up.

use crate::program::Program;

pub(crate) const CODES: [&str; 46] = [
    "expired",
    "expiring",
    "not-yet-valid",
    "bad-signature",
    "issuer-missing",
    "key-differs",
    "key-absent",
    "key-shared",
    "key-readable-by-others",
    "outlives-issuer",
    "bundle-lacks-signer",
    "bundle-unparseable",
    "token-expired",
    "token-expiring",
    "kubeconfig-stale",
    "webhook-untrusted",
    "chain-incomplete",
    "trust-differs",
    "bundle-stale",
    "bundle-grows",
    "authority-expiring",
    "not-an-authority",
    "path-length",
    "authority-ambiguous",
    "signer-file-bundle",
    "common-name-only",
    "names-missing",
    "usages-wrong",
    "subject-wrong",
    "masters-group",
    "kubelet-serving-self-signed",
    "kubelet-conf-inline",
    "weak-key",
    "weak-signature",
    "stored-not-loaded",
    "nodes-differ",
    "chain-order",
    "version-1-certificate",
    "serial-odd",
    "request-pending",
    "request-failed",
    "request-not-for-node",
    "leaf-without-renewer",
    "backup-left",
    "cert-manager-not-ready",
    "older-in-pods",
];

#[test]
fn every_code_is_listed_and_explained() {
    let program = Program::new();
    assert_eq!(program.line("explain -o name").exits(0).lines(), CODES);
    for code in CODES {
        let ran = program.run(["explain", code]).exits(0);
        assert!(ran.out.starts_with(&format!("{code}: ")), "{ran:#?}");
        for part in ["What it means\n  ", "Why it matters\n  ", "How it is repaired\n  ", "Source\n  "] {
            assert!(ran.out.contains(part), "{part}: {ran:#?}");
        }
        assert!(ran.lines().iter().all(|line| line.len() <= 100), "{ran:#?}");
        assert_eq!(program.run(["explain", code, "-o", "json"]).exits(0).items()[0]["code"], code);
    }
}

#[test]
fn the_manual_names_every_code() {
    let manual = include_str!("../../README.md");
    let table =
        manual.split("**What `check` finds.**").nth(1).and_then(|rest| rest.split("\n\n").nth(1)).expect("a table");
    let mut named: Vec<&str> = table.split('`').skip(1).step_by(2).filter(|code| !code.starts_with("--")).collect();
    let mut codes = CODES.to_vec();
    named.sort_unstable();
    codes.sort_unstable();
    assert_eq!(named, codes);
}

#[test]
fn an_unknown_code_is_wrong_usage() {
    let program = Program::new();
    program.line("explain nonsense").exits(2).says("there is no finding 'nonsense'");
    program.line("check --ignore nonsense file:/etc/hostname").exits(2).says("there is no finding 'nonsense'");
}
