//! Nodes over SSH, with a real server and a real client.

mod middle;
mod refused;
mod runtimes;
mod start;

use std::sync::Arc;

use kubectl_certs::access::nodes::{Node, NodeError, NodeOp, NodeReply, SshNode, SshOptions};

fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

async fn connect(options: SshOptions) -> Result<Arc<dyn Node>, NodeError> {
    SshNode::connect(options, "cp1".to_owned()).await
}

/// That this is not reached; everything that is said must name the node and, if any, hint at what to do.
#[track_caller]
fn refused(options: SshOptions) -> NodeError {
    let Err(error) = now(connect(options)) else { panic!("it was reached") };
    assert!(error.message.starts_with("cp1: "), "{error}");
    assert!(!error.message.chars().any(char::is_control), "{error:?}");
    error
}

fn facts(reply: NodeReply) -> kubectl_certs::access::nodes::Facts {
    match reply {
        NodeReply::Facts(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn lock(run: &str) -> NodeOp {
    let since = "2026-01-02T03:04:05Z".parse().expect("a time");
    NodeOp::Lock { run: run.to_owned(), who: "alice@there".to_owned(), since }
}
