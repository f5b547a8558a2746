//! One run at a time on each node. Who comes second is told who is first and since when.

use super::{Means, from_node};
use crate::access::Access;
use crate::access::nodes::{self, Fleet, Member, NodeOp, NodeReply};
use crate::error::{Error, ErrorKind};

pub(super) struct Lock {
    fleet: Fleet,
    run: String,
}

/// On all nodes, in the order of their names: two runs that want the same nodes cannot each hold half of them.
pub(super) async fn take(means: &Means<'_>, run: &str) -> Result<Lock, Error> {
    let own = nodes::facts(&*means.access.nodes.at("/")).await.map_err(|error| from_node(&error))?;
    let who = format!("{}@{}", own.user, own.host);
    let mut taken = Lock { fleet: Fleet::default(), run: run.to_owned() };
    for member in means.fleet.members() {
        match take_one(means.access, means.place, member, run, &who).await {
            Ok(()) => taken.fleet.add(member.clone()),
            Err(error) => {
                taken.release().await;
                return Err(error);
            }
        }
    }
    Ok(taken)
}

async fn take_one(access: &Access, place: &str, member: &Member, run: &str, who: &str) -> Result<(), Error> {
    let op = NodeOp::Lock { run: run.to_owned(), who: who.to_owned(), since: access.clock.now() };
    match member.node.run(op).await {
        Ok(NodeReply::LockedBy(None)) => Ok(()),
        Ok(NodeReply::LockedBy(Some(other))) => Err(Error::new(
            ErrorKind::Locked,
            format!(
                "{} is changing {} since {} (run {}, process {})",
                other.who,
                member.name.as_deref().unwrap_or("this node"),
                other.since,
                other.run,
                other.pid
            ),
        )
        .hint(format!("wait until that run is done; kubectl certs runs list{place} shows it"))),
        Ok(_) => Err(Error::failed("the node did not answer the question for its lock")),
        Err(error) => Err(from_node(&error)),
    }
}

/// Who is changing one of these disks at this moment, as the error that they who come second get. Leaves nothing behind:
/// where no lock was ever taken, none is tried.
pub async fn other_run(fleet: &Fleet, access: &Access, place: &str) -> Option<Error> {
    for member in fleet.members() {
        let told = format!("{}/var/lib/kubectl-certs/lock", member.root.trim_end_matches('/'));
        let op = NodeOp::Exist { paths: vec![told] };
        if !matches!(member.node.run(op).await, Ok(NodeReply::Existing(found)) if !found.is_empty()) {
            continue;
        }
        // It may be there from a run that was killed; only who tries to take it knows.
        match take_one(access, place, member, LOOK, "").await {
            Err(error) if error.kind == ErrorKind::Locked => return Some(error),
            Err(_) => {}
            Ok(()) => {
                member.node.run(NodeOp::Unlock { run: LOOK.to_owned() }).await.ok();
            }
        }
    }
    None
}

/// Holds the lock for the moment of a look.
const LOOK: &str = "look";

impl Lock {
    pub(super) async fn release(self) {
        // A lock that stays is gone with the process that serves the node.
        for member in self.fleet.members() {
            member.node.run(NodeOp::Unlock { run: self.run.clone() }).await.ok();
        }
    }
}
