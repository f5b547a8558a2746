//! Connections that end in the middle, and what others can see of one that does not.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use kubectl_certs::access::nodes::{Node, NodeErrorKind, NodeOp, NodeReply};
use nodes_tests::processes;
use nodes_tests::server::Server;
use rustix::process::Signal;

use crate::{connect, facts, lock, now};

/// An operation of three seconds: whoever listens here never says a word.
fn long_operation(silent: &TcpListener) -> NodeOp {
    NodeOp::Presented { addresses: vec![silent.local_addr().expect("an address").to_string()] }
}

async fn cut(server: &Server, node: &dyn Node, signal: Signal) -> kubectl_certs::access::nodes::NodeError {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let (outcome, ()) = tokio::join!(node.run(long_operation(&silent)), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        server.signal_sessions("sshd", signal);
    });
    outcome.expect_err("the connection was cut")
}

#[test]
fn a_connection_that_is_cut_leaves_the_outcome_open_and_is_made_anew() {
    let server = Server::start();
    now(async {
        let node = connect(server.options("root")).await.expect("a node");
        let error = cut(&server, &*node, Signal::KILL).await;
        assert_eq!(error.kind, NodeErrorKind::Lost, "{error}");
        assert!(error.message.starts_with("cp1: ") && error.message.contains("not known"), "{error}");
        assert!(facts(node.run(NodeOp::Facts).await.expect("facts")).is_root, "it is there again");
        drop(server);
        let error = node.run(NodeOp::Facts).await.expect_err("it is gone");
        assert!(matches!(error.kind, NodeErrorKind::Lost | NodeErrorKind::Unreachable), "{error:?}");
        let error = node.run(NodeOp::Facts).await.expect_err("it is gone");
        assert_eq!(error.kind, NodeErrorKind::Unreachable, "{error:?}");
    });
}

#[test]
fn a_node_that_says_nothing_any_more_is_given_up() {
    let server = Server::start();
    let mut options = server.options("root");
    options.options.push("ServerAliveInterval=1".to_owned());
    now(async {
        let node = connect(options).await.expect("a node");
        let began = Instant::now();
        let error = cut(&server, &*node, Signal::STOP).await;
        assert_eq!(error.kind, NodeErrorKind::Lost, "{error}");
        assert!(error.message.contains("not responding"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    });
}

#[test]
fn the_lock_goes_with_the_connection_and_comes_back_with_it() {
    let server = Server::start();
    now(async {
        let (first, second) = (connect(server.options("root")).await, connect(server.options("root")).await);
        let (first, second) = (first.expect("a node"), second.expect("a node"));
        assert!(matches!(first.run(lock("a")).await, Ok(NodeReply::LockedBy(None))));
        let told = second.run(lock("b")).await.expect("an answer");
        assert!(
            matches!(&told, NodeReply::LockedBy(Some(holder)) if holder.run == "a" && holder.who == "alice@there"),
            "{told:?}"
        );

        // Both connections end; the first takes its lock again, after its old helper is done.
        let error = cut(&server, &*first, Signal::KILL).await;
        assert_eq!(error.kind, NodeErrorKind::Lost, "{error}");
        first.run(NodeOp::Runs).await.expect("it is there again");
        let told = second.run(lock("b")).await;
        let told = if told.is_err() { second.run(lock("b")).await } else { told }.expect("an answer");
        assert!(matches!(&told, NodeReply::LockedBy(Some(holder)) if holder.run == "a"), "{told:?}");

        // Somebody else comes in between: then nothing more is done under a lock that is not ours.
        drop(first);
        server.signal_sessions("sshd", Signal::KILL);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let told = second.run(lock("b")).await;
        let told = if told.is_err() { second.run(lock("b")).await } else { told }.expect("an answer");
        assert!(matches!(told, NodeReply::LockedBy(None)), "{told:?}");
        let third = connect(server.options("root")).await.expect("a node");
        server.signal_sessions("kubectl-certs-l", Signal::KILL);
        server.signal_sessions("sshd", Signal::KILL);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let took = third.run(lock("c")).await;
        let took = if took.is_err() { third.run(lock("c")).await } else { took }.expect("an answer");
        assert!(matches!(took, NodeReply::LockedBy(None)), "{took:?}");
        let error = match second.run(NodeOp::Runs).await {
            Err(error) if error.kind == NodeErrorKind::Lost => second.run(NodeOp::Runs).await,
            other => other,
        };
        let error = error.expect_err("its lock is gone");
        assert_eq!(error.kind, NodeErrorKind::Unreachable);
        assert!(error.message.contains("meanwhile alice@there has it"), "{error}");
    });
}

#[test]
fn nobody_sees_what_is_said() {
    let server = Server::start();
    let marker = format!("marker-{}", std::process::id());
    now(async {
        let node = connect(server.options("root")).await.expect("a node");
        let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut addresses = vec![silent.local_addr().expect("an address").to_string()];
        addresses.push(format!("{marker}:1"));
        let (presented, lines) = tokio::join!(node.run(NodeOp::Presented { addresses }), async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            processes::all()
        });
        presented.expect("an answer");
        let ours: Vec<_> = lines.iter().filter(|(_, line)| line.contains("kubectl-certs")).collect();
        assert!(ours.len() >= 2, "ssh and the helper are among them: {ours:?}");
        assert!(!lines.iter().any(|(_, line)| line.contains(&marker) || line.contains("PRIVATE KEY")), "{ours:?}");
    });
    assert!(!server.log().contains(&marker));
    server.is_left_alone();
    let port = server.port().to_string();
    let left: Vec<_> =
        processes::all().into_iter().filter(|(_, line)| line.starts_with("ssh ") && line.contains(&port)).collect();
    assert!(left.is_empty(), "{left:?}");
}
