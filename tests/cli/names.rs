//! Every name that is printed is accepted as a target, and means what it was printed for.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::material::{Pair, kubeconfig};
use crate::program::Program;

/// Some certificates, made once: an authority, a leaf of it, one of nobody.
fn pool() -> &'static [Pair; 3] {
    static POOL: OnceLock<[Pair; 3]> = OnceLock::new();
    POOL.get_or_init(|| {
        let authority = Pair::authority("/CN=ca");
        let leaf = Pair::signed_by(&authority, "/CN=leaf", &[]);
        [authority, leaf, Pair::of("/CN=alone")]
    })
}

/// One file of a random disk.
#[derive(Clone, Debug)]
enum File {
    Pem { name: String, certificates: Vec<usize>, key: Option<usize> },
    Kubeconfig { name: String, users: Vec<String>, identity: usize },
}

fn odd_name() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-zA-Z0-9._-]{1,6}",
        1 => "[ -~&&[^/]]{1,6}",
        1 => Just("%".to_owned()),
        1 => Just("%2F".to_owned()),
        1 => Just("#".to_owned()),
        1 => Just("#1".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("=".to_owned()),
        1 => Just("\u{202E}\u{61C}".to_owned()),
        1 => Just("\u{1b}[2J".to_owned()),
        1 => Just("é漢\u{FEFF}".to_owned()),
        1 => Just("#user".to_owned()),
    ];
    proptest::collection::vec(part, 1..4)
        .prop_map(|parts| parts.concat())
        .prop_filter("no name", |name| !matches!(name.as_str(), "." | "..") && name.len() < 100)
}

fn file() -> impl Strategy<Value = File> {
    prop_oneof![
        3 => (odd_name(), proptest::collection::vec(0..3_usize, 1..4), proptest::option::of(0..3_usize))
            .prop_map(|(name, certificates, key)| File::Pem { name, certificates, key }),
        1 => (odd_name(), proptest::collection::btree_set(odd_name(), 1..3), 0..3_usize)
            .prop_map(|(name, users, identity)| File::Kubeconfig { name, users: users.into_iter().collect(), identity }),
    ]
}

impl File {
    fn write(&self, program: &Program) {
        let pool = pool();
        let (name, text) = match self {
            Self::Pem { name, certificates, key } => {
                let mut text: String = certificates.iter().map(|&index| pool[index].certificate.as_str()).collect();
                text.extend(key.map(|index| pool[index].key.as_str()));
                (name, text)
            }
            Self::Kubeconfig { name, users, identity } => {
                let users: Vec<&str> = users.iter().map(String::as_str).collect();
                (name, kubeconfig("https://127.0.0.1:1", &pool[0].certificate, &users, &pool[*identity]))
            }
        };
        program.write(std::path::Path::new("disk").join(name), text);
    }
}

proptest! {
    #![proptest_config(Config { cases: 12, max_shrink_iters: 20, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_printed_name_is_a_target(files in proptest::collection::vec(file(), 1..4)) {
        let program = Program::new();
        for file in &files {
            file.write(&program);
        }

        let listed = program.line("list disk -o name").exits(0);
        let names = listed.lines();
        prop_assert!(!names.is_empty());
        prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in &names {
            let shown = program.run(["show", "-o", "name", name]);
            prop_assert_eq!((shown.code, shown.lines()), (0, vec![*name]));
            let renewed = program.run(["renew", name, "--dry-run"]);
            prop_assert_ne!(renewed.code, 2, "{:#?}", renewed);
        }
        let findings = program.line("check disk -o json --fail-on never").exits(0).items();
        for finding in &findings {
            let (code, target) = (finding["code"].as_str().expect("a code"), finding["target"].as_str().expect("a target"));
            let related = finding["related"].as_array().expect("places").iter().map(|at| at.as_str().expect("a place"));
            for place in related {
                prop_assert_eq!(program.run(["show", place]).code, 0, "{}", place);
            }
            prop_assert_eq!(program.run(["show", target]).code, 0, "{}", target);
            let ignored = program.run(["check", "disk", "-o", "json", "--ignore", &format!("{code}={target}"), "--fail-on=never"]);
            let left = ignored.exits(0).items();
            prop_assert_eq!(left.len() + 1, findings.len(), "{}={}", code, target);
        }
    }
}

/// What a dry run prints, and the key that a finding names.
#[test]
fn names_of_a_plan_and_of_keys_are_targets() {
    let program = Program::new();
    let folder = program.demo();
    let named = program.run(["renew", "--root", &folder, "--all", "--dry-run", "-o", "name"]).exits(0);
    assert!(named.lines().len() >= 10, "{named:#?}");
    for name in named.lines() {
        assert_eq!(program.run(["show", name, "-o", "name"]).exits(0).lines().len(), 1, "{name}");
    }
    let key = format!("file:{folder}/etc/kubernetes/pki/etcd/server.key");
    let shown = program.run(["show", &key]).exits(0);
    assert!(shown.out.contains("etcd/server.crt"), "{shown:#?}");
    program.run(["renew", &key, "--dry-run"]).exits(0);
}
