//! One run at a time on a node. Who comes second is told who is first and since when.

use std::sync::Arc;

use super::Means;
use crate::access::nodes::{Node, NodeOp, NodeReply};
use crate::error::{Error, ErrorKind};

pub(super) struct Lock {
    node: Arc<dyn Node>,
    run: String,
}

pub(super) async fn take(means: &Means<'_>, run: &str) -> Result<Lock, Error> {
    let facts = match means.node.run(NodeOp::Facts).await {
        Ok(NodeReply::Facts(facts)) => facts,
        Ok(_) => return Err(Error::failed("the node did not say what it is")),
        Err(error) => return Err(super::from_node(&error)),
    };
    let op = NodeOp::Lock {
        run: run.to_owned(),
        who: format!("{}@{}", facts.user, facts.host),
        since: means.access.clock.now(),
    };
    match means.node.run(op).await {
        Ok(NodeReply::LockedBy(None)) => Ok(Lock { node: means.node.clone(), run: run.to_owned() }),
        Ok(NodeReply::LockedBy(Some(other))) => Err(Error::new(
            ErrorKind::Locked,
            format!(
                "{} is changing this node since {} (run {}, process {})",
                other.who, other.since, other.run, other.pid
            ),
        )
        .hint("wait until that run is done; kubectl certs runs list shows it")),
        Ok(_) => Err(Error::failed("the node did not answer the question for its lock")),
        Err(error) => Err(super::from_node(&error)),
    }
}

impl Lock {
    pub(super) async fn release(self) {
        // A lock that stays is gone with the process that serves the node.
        self.node.run(NodeOp::Unlock { run: self.run }).await.ok();
    }
}
