//! What cannot or must not be: each with a message of its own and what to do.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use kubectl_certs::access::nodes::{HelperSource, NodeError, NodeErrorKind, SshOptions};
use kubectl_certs::error::exit;
use nodes_tests::helper;
use nodes_tests::server::{Make, Server};

use crate::refused;

#[track_caller]
fn assert_says(error: &NodeError, kind: NodeErrorKind, words: &[&str]) {
    let all = format!("{}\n{}", error.message, error.hints.join("\n"));
    assert_eq!(error.kind, kind, "{all}");
    for word in words {
        assert!(all.contains(word), "'{word}' is missing in:\n{all}");
    }
}

#[test]
fn host_keys_are_checked() {
    let server = Server::start();
    let with_hosts = |name: &str| {
        let mut options = server.options("root");
        options.options.push(format!("UserKnownHostsFile={}", server.path(name).display()));
        options
    };
    let unknown = refused(with_hosts("no_hosts"));
    assert_says(&unknown, NodeErrorKind::Refused, &["not known yet", "accept it once: ssh ", "ssh-keyscan"]);
    let changed = refused(with_hosts("other_hosts"));
    assert_says(&changed, NodeErrorKind::Refused, &["not the one that is known", "\nssh-keygen ", " -R ", "\nssh -F "]);
    assert!(!server.log().contains("Accepted"), "{}", server.log());
    assert!(!server.state().exists(), "nothing was put there");
}

#[test]
fn a_key_that_nobody_knows_is_refused() {
    let server = Server::start();
    let mut options = server.options("root");
    options.identity = Some(server.path("other_key"));
    assert_says(
        &refused(options),
        NodeErrorKind::PermissionDenied,
        &["the login was refused", "publickey", "try: ssh -F"],
    );
}

#[test]
fn what_is_not_there_is_not_reached() {
    let server = Server::start();
    let port = server.port();
    let mut options = server.options("root");
    options.destination = "root@no-such-name.invalid".to_owned();
    assert_says(&refused(options), NodeErrorKind::Unreachable, &["its name is not known", "no-such-name.invalid"]);
    let options = server.options("root");
    drop(server);
    let gone = SshOptions { config: None, ..options };
    assert_says(&refused(gone), NodeErrorKind::Unreachable, &["no connection", "refused", &port.to_string()]);
}

#[test]
fn a_jump_host_that_refuses_is_the_reason() {
    let server = Server::start();
    let mut options = server.options("root");
    options.jump = Some(format!("nobody-there@127.0.0.1:{}", server.port()));
    assert_says(&refused(options), NodeErrorKind::PermissionDenied, &["the login was refused"]);
}

#[test]
fn a_destination_is_never_an_option_or_a_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let proof = folder.path().join("proof");
    for destination in [format!("-oProxyCommand=touch {}", proof.display()), "-V".to_owned(), "root@$(id)".to_owned()] {
        assert_says(&refused(SshOptions::to(destination)), NodeErrorKind::Refused, &["no destination", "USER@HOST"]);
    }
    let mut options = SshOptions::to("127.0.0.1");
    options.jump = Some(format!("-oProxyCommand=touch {}", proof.display()));
    assert_says(&refused(options), NodeErrorKind::Refused, &["no destination"]);
    assert!(!proof.exists());
}

#[test]
fn sudo_that_asks_is_told_with_the_line_to_add() {
    let server = Server::start();
    let error = refused(server.options("operator"));
    assert_says(
        &error,
        NodeErrorKind::PermissionDenied,
        &["asks operator for a password", "operator ALL=(root) NOPASSWD: ALL"],
    );
    assert!(!server.state().exists());
}

#[test]
fn sudo_that_is_not_there_or_does_not_make_root() {
    let server =
        Server::made(&Make { programs: vec![("sudo", "echo sh: sudo: not found >&2; exit 127")], ..Make::default() });
    assert_says(&refused(server.options("operator")), NodeErrorKind::PermissionDenied, &["there is no sudo"]);
    // What only claims to be sudo gives nobody anything.
    let server = Server::made(&Make { programs: vec![("sudo", "shift 2; exec \"$@\"")], ..Make::default() });
    assert_says(&refused(server.options("operator")), NodeErrorKind::Refused, &["user 20001", "not root"]);
}

#[test]
fn other_machines_are_refused_before_anything_is_put_there() {
    for (uname, words) in [
        ("case $1 in -s) echo Darwin;; *) echo Darwin arm64;; esac", ["no Linux machine", "Darwin arm64"]),
        ("case $1 in -s) echo Linux;; *) echo Linux riscv64;; esac", ["riscv64", "x86_64 and aarch64 only"]),
    ] {
        let server = Server::made(&Make { programs: vec![("uname", uname)], ..Make::default() });
        assert_says(&refused(server.options("root")), NodeErrorKind::Refused, &words);
        assert!(!server.state().exists());
    }
}

#[test]
fn a_helper_that_is_missing_or_none_is_told() {
    let server = Server::start();
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = server.options("root");
    options.helper = HelperSource { folder: Some(folder.path().to_owned()) };
    let build = "RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target";
    assert_says(&refused(options.clone()), NodeErrorKind::NotFound, &["kubectl-certs-linux-", build]);
    fs::write(folder.path().join(helper::name()), "MZ").expect("written");
    assert_says(&refused(options.clone()), NodeErrorKind::Refused, &["no program for Linux"]);
    fs::write(folder.path().join(helper::name()), "\x7fELF").expect("written");
    assert_says(&refused(options.clone()), NodeErrorKind::Refused, &["does not start"]);
    // A program, and not ours.
    fs::copy("/bin/echo", folder.path().join(helper::name())).expect("copied");
    assert_says(&refused(options), NodeErrorKind::Refused, &["not our helper"]);
}

#[test]
fn folders_that_others_could_write_to_are_refused() {
    let server = Server::start();
    let elsewhere = server.path("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    let unsafe_folder = || {
        assert_says(
            &refused(server.options("root")),
            NodeErrorKind::Refused,
            &["only root may write", "kubectl-certs"],
        );
    };
    symlink(&elsewhere, server.state()).expect("a symlink");
    unsafe_folder();
    fs::remove_file(server.state()).expect("removed");
    fs::create_dir(server.state()).expect("a folder");
    fs::set_permissions(server.state(), Permissions::from_mode(0o775)).expect("rights");
    unsafe_folder();
    fs::set_permissions(server.state(), Permissions::from_mode(0o755)).expect("rights");
    std::os::unix::fs::chown(server.state(), Some(20001), None).expect("an owner");
    unsafe_folder();
    std::os::unix::fs::chown(server.state(), Some(0), None).expect("an owner");
    symlink(&elsewhere, server.state().join("helper")).expect("a symlink");
    unsafe_folder();
    assert_eq!(fs::read_dir(&elsewhere).expect("a folder").count(), 0);
}

#[test]
fn sudo_that_allows_nothing_is_told() {
    let server = Server::made(&Make { sudoers: Some(""), ..Make::default() });
    assert_says(&refused(server.options("operator")), NodeErrorKind::PermissionDenied, &["operator", "NOPASSWD: ALL"]);
}

/// Whatever arrives there is not what was sent.
#[test]
fn a_hash_that_stays_wrong_is_refused() {
    let server =
        Server::made(&Make { programs: vec![("sha256sum", "cat > /dev/null; echo 0123abcd -")], ..Make::default() });
    assert_says(&refused(server.options("root")), NodeErrorKind::Refused, &["not started", "'0123abcd'"]);
    assert_eq!(server.helpers(), Vec::<std::path::PathBuf>::new(), "nothing is left");
}

#[test]
fn disks_that_cannot_take_or_run_a_helper_are_told() {
    for (disk, kind, words) in [
        ("size=1m", NodeErrorKind::Failed, ["failed to write /var/lib/kubectl-certs/helper", "No space left"]),
        ("ro", NodeErrorKind::Failed, ["failed to make the folder /var/lib/kubectl-certs", "Read-only"]),
        ("noexec", NodeErrorKind::Refused, ["does not start", "mounted noexec"]),
    ] {
        let server = Server::made(&Make { disk: Some(disk), ..Make::default() });
        assert_says(&refused(server.options("root")), kind, &words);
    }
}

/// In a process of its own, whose PATH has no ssh.
#[test]
fn a_missing_client_is_told() {
    let mut program = Command::new(helper::built());
    let output = program.args(["list", "--ssh", "127.0.0.1", "-o", "json"]).env("PATH", "/nowhere").output();
    let output = output.expect("the program");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(i32::from(exit::UNREADABLE)), "{said}");
    assert!(said.contains("ssh, the OpenSSH client, is not in PATH") && said.contains("install"), "{said}");
    assert!(said.contains("\"unreachable\""), "{said}");
}
