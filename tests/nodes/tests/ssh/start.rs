//! From nothing to an answer, in the ways that work.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use kubectl_certs::access::nodes::{NodeOp, NodeReply};
use nodes_tests::server::{Make, Server};

use crate::{connect, facts, now};

#[test]
fn the_helper_is_brought_once_and_answers() {
    let server = Server::start();
    now(async {
        let node = connect(server.options("root")).await.expect("a node");
        let facts = facts(node.run(NodeOp::Facts).await.expect("facts"));
        assert!(facts.is_root);
        assert_eq!(facts.arch, std::env::consts::ARCH);
        let helpers = server.helpers();
        assert_eq!(helpers.len(), 1, "{helpers:?}");
        let helper = fs::metadata(&helpers[0]).expect("a helper");
        assert_eq!(helper.mode() & 0o7777, 0o700);
        let folder = fs::metadata(server.state().join("helper")).expect("a folder");
        assert_eq!((folder.mode() & 0o7777, folder.uid()), (0o700, 0));
        drop(node);

        let again = connect(server.options("root")).await.expect("a node");
        again.run(NodeOp::Runs).await.expect("runs");
        let now = fs::metadata(&helpers[0]).expect("a helper");
        assert_eq!(
            (now.ino(), now.modified().ok()),
            (helper.ino(), helper.modified().ok()),
            "it is the one that was there"
        );
    });
    server.is_left_alone();
}

#[test]
fn what_is_written_there_is_there() {
    let server = Server::start();
    let run = "20260102t030405z-abcd".to_owned();
    now(async {
        let node = connect(server.options("root")).await.expect("a node");
        for line in ["{\"é\": 1}", "{\"n\": 2}"] {
            let op = NodeOp::Append { run: run.clone(), line: line.to_owned() };
            assert!(matches!(node.run(op).await, Ok(NodeReply::Done)));
        }
        let journal = node.run(NodeOp::Journal { run: run.clone() }).await.expect("a journal");
        assert!(
            matches!(&journal, NodeReply::Journal(lines) if lines[0].contains('é') && lines.len() == 2),
            "{journal:?}"
        );
        let error = node.run(NodeOp::Journal { run: "none".to_owned() }).await.expect_err("no such run");
        assert!(error.message.starts_with("cp1: failed to read the journal"), "{error}");
        // As a run is finished, the helper goes too.
        assert!(matches!(node.run(NodeOp::Wipe { run: run.clone() }).await, Ok(NodeReply::Done)));
        assert!(server.helpers().is_empty());
        assert!(node.run(NodeOp::Runs).await.is_ok(), "it still runs");
    });
    assert!(server.state().join("runs").join(run).join("journal.jsonl").exists());
}

#[test]
fn sudo_makes_root_of_an_operator() {
    // Newer versions of sudo keep a process and a terminal between the two.
    for sudoers in ["operator ALL=(root) NOPASSWD: ALL", "Defaults use_pty\noperator ALL=(root) NOPASSWD: ALL"] {
        let server = Server::made(&Make { sudoers: Some(sudoers), ..Make::default() });
        now(async {
            let node = connect(server.options("operator")).await.expect("a node");
            let facts = facts(node.run(NodeOp::Facts).await.expect("facts"));
            assert_eq!((facts.is_root, facts.user.as_str()), (true, "operator"));
        });
        assert_eq!(fs::metadata(&server.helpers()[0]).expect("a helper").uid(), 0);
        server.is_left_alone();
    }
}

#[test]
fn a_jump_host_is_passed() {
    let server = Server::start();
    let mut options = server.options("root");
    options.jump = Some("jump".to_owned());
    now(async {
        let node = connect(options).await.expect("a node");
        assert!(facts(node.run(NodeOp::Facts).await.expect("facts")).is_root);
    });
    assert_eq!(server.log().matches("Accepted publickey").count(), 2, "{}", server.log());
    server.is_left_alone();
}

#[test]
fn a_helper_that_somebody_changed_is_replaced() {
    let server = Server::start();
    now(connect(server.options("root"))).expect("a node");
    let helper = server.helpers().remove(0);
    let original = fs::read(&helper).expect("a helper");
    server.is_left_alone();
    for changed in [b"#!/bin/sh\necho changed\n".to_vec(), Vec::new()] {
        fs::write(&helper, changed).expect("changed");
        let node = now(connect(server.options("root"))).expect("a node");
        drop(node);
        server.is_left_alone();
        assert!(fs::read(&helper).expect("a helper") == original, "it is as it was");
    }
    fs::set_permissions(server.state().join("helper"), Permissions::from_mode(0o755)).expect("rights");
    now(connect(server.options("root"))).expect("a node");
    let folder = fs::metadata(server.state().join("helper")).expect("a folder");
    assert_eq!(folder.mode() & 0o7777, 0o700, "closed again");
}

/// What a login prints, and how root's files look, is everybody's own business.
#[test]
fn several_nodes_at_once_and_what_logins_print() {
    let server = Server::start();
    fs::write(server.path("home/.bashrc"), "echo 'Welcome!'; echo '{\"id\":1}'\n").expect("written");
    now(async {
        let nodes = [connect(server.options("root")), connect(server.options("root")), connect(server.options("root"))];
        let [a, b, c] = nodes;
        let (a, b, c) = tokio::join!(a, b, c);
        for node in [a, b, c] {
            node.expect("a node").run(NodeOp::Facts).await.expect("facts");
        }
    });
    assert_eq!(server.helpers().len(), 1, "no half of one is left: {:?}", server.helpers());
}
