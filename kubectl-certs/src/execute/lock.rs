//! One run at a time on each node. Who comes second is told who is first and since when.

use super::{Means, from_node};
use crate::access::Access;
use crate::access::nodes::{self, Fleet, Holder, Member, NodeOp, NodeReply};
use crate::error::{Error, ErrorKind};

/// Does this while the lock is held.
pub(super) async fn during<T>(
    means: &Means<'_>,
    run: &str,
    what: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let lock = take(means, run).await?;
    let outcome = what.await;
    lock.release().await;
    outcome
}

struct Lock {
    fleet: Fleet,
    run: String,
}

/// On all nodes, in the order of their names: two runs that want the same nodes cannot each hold half of them.
async fn take(means: &Means<'_>, run: &str) -> Result<Lock, Error> {
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
        Ok(NodeReply::LockedBy(Some(other))) => Err(locked(&other, member, place)),
        Ok(_) => Err(Error::failed("the node did not answer the question for its lock")),
        Err(error) => Err(from_node(&error)),
    }
}

fn locked(other: &Holder, member: &Member, place: &str) -> Error {
    let node = member.name.as_deref().unwrap_or("this node");
    let Holder { run, who, since, pid, .. } = other;
    let message = format!("{who} is changing {node} since {since} (run {run}, process {pid})");
    Error::new(ErrorKind::Locked, message)
        .hint(format!("wait until that run is done; kubectl certs runs list{place} shows it"))
}

/// Who is changing one of these disks at this moment, as the error that they who come second get.
pub async fn other_run(fleet: &Fleet, place: &str) -> Option<Error> {
    for member in fleet.members() {
        if let Ok(NodeReply::LockedBy(Some(other))) = member.node.run(NodeOp::Locked).await {
            return Some(locked(&other, member, place));
        }
    }
    None
}

impl Lock {
    async fn release(self) {
        // A lock that stays is gone with the process that serves the node.
        for member in self.fleet.members() {
            member.node.run(NodeOp::Unlock { run: self.run.clone() }).await.ok();
        }
    }
}
