//! The tree: by signature, everything once, what hangs on nothing last.

use std::collections::BTreeSet;

use crate::material::Pair;
use crate::program::{Program, Ran};

#[test]
fn the_demo_hangs_together() {
    let program = Program::new();
    let folder = program.demo();
    let tree = program.line("tree --root demo").exits(0);
    let lines = tree.lines();
    let at = |words: &str| {
        lines.iter().position(|line| line.contains(words)).unwrap_or_else(|| panic!("{words}: {tree:#?}"))
    };
    assert!(tree.out.is_ascii());
    // A root, who trusts it, what it signed.
    let proxy = at("front-proxy-ca");
    assert!(lines[proxy].starts_with("front-proxy-ca   valid   "), "{tree:#?}");
    let bundle = format!("file:{folder}/etc/kubernetes/pki/front-proxy-ca.crt");
    assert_eq!(lines[proxy + 1], format!("|  trusted by: {bundle}; 1 connection relies on it"));
    assert!(lines[proxy + 2].starts_with("`- front-proxy-client   "), "{tree:#?}");
    // By name etcd-peer would hang below etcd-ca.
    let orphans = at("Signed by nothing that was read:");
    assert!(at("etcd-peer") > orphans && at("etcd-server") < orphans, "{tree:#?}");
    assert!(lines[at("etcd-peer") + 1].ends_with("the authority of that name did not sign it"), "{tree:#?}");
    assert!(lines[at("apiserver-etcd-client") + 1].ends_with("no certificate of that name was read"), "{tree:#?}");

    // Everything that is listed, and nothing else.
    let names = |ran: Ran| ran.exits(0).lines().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(names(program.line("tree --root demo -o name")), names(program.line("list --root demo -o name")));
    // One certificate, and what is above it.
    let narrow = program.line("tree --root demo apiserver").exits(0);
    assert!(narrow.lines().last().expect("a line").starts_with("`- kube-apiserver   expired"), "{narrow:#?}");
    assert!(narrow.lines()[0].starts_with("kubernetes("), "{narrow:#?}");
    // An authority, and what hangs on it.
    assert_eq!(program.line("tree --root demo etcd-ca -o name").exits(0).lines().len(), 3);
    let authorities = program.line("tree --root demo --role authority").exits(0);
    assert!(
        !authorities.out.contains("kube-apiserver") && authorities.out.contains("front-proxy-ca"),
        "{authorities:#?}"
    );
}

#[test]
fn nodes_and_edges_fit_together() {
    let program = Program::new();
    program.demo();
    let items = program.line("tree --root demo -o json").exits(0).items();
    let of_kind = |kind: &str| items.iter().filter(|item| item["kind"] == kind).cloned().collect::<Vec<_>>();
    let (nodes, edges) = (of_kind("Node"), of_kind("Edge"));
    let ids: BTreeSet<&str> = nodes.iter().map(|node| node["id"].as_str().expect("text")).collect();
    assert_eq!((ids.len(), nodes.len() + edges.len()), (nodes.len(), items.len()));
    for edge in &edges {
        let (from, to) = (edge["from"].as_str().expect("text"), edge["to"].as_str().expect("text"));
        assert!(ids.contains(to), "{edge}");
        match edge["relation"].as_str() {
            Some("signed") => assert!(ids.contains(from), "{edge}"),
            _ => program.run(["show", "--root", "demo", from]).exits(0).out.clear(),
        }
    }
    let signed: BTreeSet<&str> =
        edges.iter().filter(|edge| edge["relation"] == "signed").filter_map(|edge| edge["to"].as_str()).collect();
    for node in &nodes {
        let id = node["id"].as_str().expect("text");
        assert!(node["orphan"].is_null() || !signed.contains(id), "{node}");
    }
}

/// Two roots that signed one authority: shown in full once, named the second time.
#[test]
fn a_cross_signed_authority_is_told_once() {
    let program = Program::new();
    let (old, new) = (Pair::authority("/CN=old"), Pair::authority("/CN=new"));
    let middle = Pair::authority("/CN=middle");
    program.write("certs/old.crt", &old.certificate);
    program.write("certs/new.crt", &new.certificate);
    for (name, root) in [("by-old", &old), ("by-new", &new)] {
        program.write(format!("certs/{name}.crt"), again(root, &middle, "/CN=middle"));
    }
    let leaf = Pair::signed_by(&middle, "/CN=leaf", &[]);
    program.write("certs/leaf.crt", &leaf.certificate);
    let tree = program.line("tree certs").exits(0);
    let count = |words: &str| tree.out.matches(words).count();
    assert_eq!((count("`- leaf   valid"), count("`- leaf   (shown above)")), (1, 1), "{tree:#?}");
    assert_eq!(count("signed by each of: middle (until "), 1, "{tree:#?}");

    // With the self-signed one too there are three ways up.
    program.write("certs/middle.crt", &middle.certificate);
    let tree = program.line("tree certs").exits(0);
    assert_eq!(tree.out.matches("leaf   (shown above)").count(), 2, "{tree:#?}");
}

/// Two that signed one another: the program ends, and says so.
#[test]
fn a_circle_is_no_way_up() {
    let program = Program::new();
    let (left, right) = (Pair::authority("/CN=left"), Pair::authority("/CN=right"));
    program.write("certs/left.crt", again(&right, &left, "/CN=left"));
    program.write("certs/right.crt", again(&left, &right, "/CN=right"));
    let tree = program.line("tree certs").exits(0);
    assert!(tree.out.starts_with("Signed by nothing that was read:\n"), "{tree:#?}");
    assert!(tree.out.contains("the signatures lead from left back to itself"), "{tree:#?}");
    assert!(tree.out.contains("left   (shown above, with what it signed)"), "{tree:#?}");
}

#[test]
fn lines_are_drawn_on_terminals_only() {
    let program = Program::new();
    program.demo();
    let drawn = |variables: &str, more: &str| {
        let mut command = std::process::Command::new("script");
        program.prepare(&mut command);
        let line = format!("{variables} {} tree --root demo {more}", env!("CARGO_BIN_EXE_kubectl-certs"));
        let ran = Ran::of(&command.args(["-qec", &line, "/dev/null"]).output().expect("script of util-linux runs"));
        ran.exits(0).out.contains("└─ ")
    };
    assert!(drawn("", ""));
    assert!(!drawn("", "--ascii"));
    assert!(!drawn("NO_COLOR=1", ""));
}

/// The same key and name, signed by another authority.
fn again(by: &Pair, of: &Pair, subject: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(at("ca.crt"), &by.certificate).expect("written");
    std::fs::write(at("ca.key"), &by.key).expect("written");
    std::fs::write(at("own.key"), &of.key).expect("written");
    let (certificate, key, own) = (at("ca.crt"), at("ca.key"), at("own.key"));
    let more = ["-days", "900", "-addext", "basicConstraints=critical,CA:TRUE", "-subj", subject];
    let first = ["req", "-x509", "-new", "-key", &own, "-CA", &certificate, "-CAkey", &key];
    support::openssl::text(&first.iter().copied().chain(more).collect::<Vec<_>>(), b"")
}
