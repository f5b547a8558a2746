//! The exit codes that a disk can lead to: 0, 1, 2, 3 and 4.

use crate::material::Pair;
use crate::program::Program;

#[test]
fn findings_count_from_the_wanted_severity_on() {
    let program = Program::new();
    let folder = program.demo();
    let check = |more: &[&str]| {
        let mut arguments = vec!["check", "--root", &folder];
        arguments.extend(more);
        program.run(arguments).code
    };
    assert_eq!(check(&[]), 1);
    assert_eq!(check(&["--fail-on", "never"]), 0);
    // Its only finding is a warning.
    let warned = ["front-proxy-client", "--fail-on"];
    for (severity, code) in [("info", 1), ("warning", 1), ("error", 0), ("never", 0)] {
        assert_eq!(check(&[warned[0], warned[1], severity]), code, "{severity}");
    }
}

#[test]
fn what_is_ignored_does_not_count() {
    let program = Program::new();
    let folder = program.demo();
    let file = format!("file:{folder}/etc/kubernetes/pki/apiserver.crt");
    let relative = "demo/etc/kubernetes/pki/apiserver.crt";
    let check = |ignore: &str| program.run(["check", "--root", &folder, "apiserver", "--ignore", ignore]);
    // The kubeconfig that does not trust it is also told of.
    let only = |ignore: &str| {
        let ran = check(ignore);
        let kept = ran.lines().into_iter().filter(|line| line.contains(" expired ")).count();
        assert!(kept <= 1 && ran.code == 1, "{ran:#?}");
        kept
    };
    assert_eq!(only("expired=etcd-server"), 1);
    assert_eq!(only("expiring=apiserver"), 1);
    assert_eq!(only("expired=file:/elsewhere"), 1);
    for same in ["expired", "expired=apiserver", &format!("expired={file}"), &format!("expired={relative}")] {
        assert_eq!(only(same), 0, "{same}");
    }
    check("expired=nonsense").exits(2).says("nonsense");
    check("expired=").exits(2);
    let all = ["expired", "kubeconfig-stale"].map(|code| ["--ignore", code]).concat();
    let ran = program.run(["check", "--root", &folder, "apiserver"].iter().chain(&all)).exits(0);
    assert!(ran.err.contains("Nothing wrong with 1 certificate."), "{ran:#?}");
}

#[test]
fn wrong_usage_is_2() {
    let program = Program::new();
    for line in [
        "",
        "nonsense",
        "list --nonsense",
        "list -o nonsense",
        "list nonsense",
        "list file:",
        "list tls://host",
        "list secret/",
        "list webhook/other/x",
        "show",
        "check --fail-on sometimes",
        "list -n bad/ns",
        "list -l a=b,",
        "demo /proc/nowhere/demo",
        "renew --validity 5s",
        "renew --within soon",
        "runs",
        "apply",
    ] {
        let ran = program.line(line).exits(2);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{line}: {ran:#?}");
    }
}

#[test]
fn what_cannot_be_read_is_3() {
    let program = Program::new();
    program.line("list file:/nowhere").exits(3).says("/nowhere");
    program.line("list --root nowhere").exits(3).says("does not exist");
    program.line("list").exits(3).says("no kubeconfig");
    program.line("list --kubeconfig nowhere").exits(3).says("nowhere");
    program.line("check tls://127.0.0.1:1").exits(3).says("127.0.0.1:1");
    program.run_with(["show", "-"], b"no PEM").exits(3).says("standard input");
    program.write("empty.pem", "");
    program.line("list empty.pem").exits(3).says("no certificate");
}

/// What is no folder, or is not there, must not look like a disk on which all is well.
#[test]
fn a_root_must_be_a_folder() {
    let program = Program::new();
    program.write("file", "");
    for command in ["list", "check", "renew --dry-run", "runs list", "runs undo"] {
        program.line(&format!("{command} --root file")).exits(2).says("is a file; a folder is wanted");
        program.line(&format!("{command} --root nowhere")).exits(3).says("does not exist");
    }
    let parentheses = program.run(["list", "-l", "a in ("]).exits(2);
    assert!(parentheses.err.contains("a ')' is missing"), "{parentheses:#?}");
}

/// On a disk in a folder, a node's own name for a file means that node's file and not this machine's.
#[test]
fn paths_of_the_node_are_understood_below_the_root() {
    let program = Program::new();
    let folder = program.demo();
    let wanted = format!("file:{folder}/etc/kubernetes/pki/apiserver.crt");
    for target in ["/etc/kubernetes/pki/apiserver.crt", "file:/etc/kubernetes/pki/apiserver.crt", &wanted] {
        assert_eq!(program.run(["list", "--root", &folder, target, "-o", "name"]).exits(0).lines(), [&wanted]);
    }
    let ran = program.run(["list", "--root", &folder, "kubeconfig:/etc/kubernetes/admin.conf", "-o", "name"]).exits(0);
    assert_eq!(ran.lines().len(), 2, "{ran:#?}");
}

#[test]
fn findings_beat_gaps() {
    let program = Program::new();
    let folder = program.demo();
    program.write("demo/etc/kubernetes/pki/broken.crt", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    program.run(["check", "--root", &folder]).exits(1).says("bad-pem");
    program.run(["check", "--root", &folder, "--fail-on", "never"]).exits(3).says("bad-pem");
    program.run(["list", "--root", &folder]).exits(3).says("bad-pem");
}

#[test]
fn what_nobody_confirmed_is_4_and_changes_nothing() {
    let program = Program::new();
    let folder = program.demo();
    let before = support::tree::Tree::read(folder.as_ref());
    program.run(["renew", "--root", &folder]).exits(4).says("--yes");
    before.assert_unchanged(&support::tree::Tree::read(folder.as_ref()));
    program.write("a.pem", Pair::of("/CN=a").certificate);
    program.line("renew a.pem --yes").exits(4);
}

/// The hint that `check` ends with must be a command that works.
#[test]
fn nothing_to_do_is_0() {
    let program = Program::new();
    let folder = program.demo();
    program.run(["renew", "--root", &folder, "--yes"]).exits(0);
    program.run(["renew", "--root", &folder, "--yes"]).exits(0).says("Nothing to renew");
    program.line("runs list").exits(0);
}
