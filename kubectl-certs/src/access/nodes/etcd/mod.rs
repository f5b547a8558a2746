//! The etcd member of this node: who else is there, who of them is well, and who leads.

mod door;
mod gateway;

use std::time::Duration;

use futures::future::join_all;

use self::door::Door;
use self::gateway::{MemberList, Status};
use super::{EtcdMember, EtcdMembers, LocalNode, NodeError};

/// A member that takes longer is in no state to be relied upon. An election takes one to two seconds.
const ANSWER: Duration = Duration::from_secs(4);
const BETWEEN: Duration = Duration::from_millis(200);

pub(super) async fn members(node: &LocalNode) -> Result<EtcdMembers, NodeError> {
    Ok(read(&Door::of(node).await?).await?.0)
}

/// Gives the leadership away, and waits until this member sees the other one lead.
pub(super) async fn move_leader(node: &LocalNode, to: &str) -> Result<EtcdMembers, NodeError> {
    let door = Door::of(node).await?;
    let (before, ids) = read(&door).await?;
    let refused = |why: String| Err(NodeError::refused(format!("the leadership of etcd is not moved to {to}: {why}")));
    if before.leader.as_deref() == Some(to) {
        return Ok(before);
    }
    if !before.this_leads() {
        let leader = before.leader.as_deref().unwrap_or("nobody");
        return refused(format!(
            "only the leader can give it away, and that is {leader}, not {} of this node",
            before.this
        ));
    }
    let target = before.members.iter().position(|member| member.id == to);
    let Some(target) = target else { return refused("no member has this id".to_owned()) };
    if before.members[target].learner {
        return refused("it is a learner, which cannot lead".to_owned());
    }
    if !before.members[target].healthy {
        return refused(format!("it is not healthy: {}", before.members[target].said));
    }
    gateway::transfer(&door, &ids[target], ANSWER * 2).await.map_err(|why| {
        NodeError::failed(format!("failed to move the leadership of etcd from {} to {to}: {why}", before.this))
    })?;
    for _ in 0..25 {
        let after = read(&door).await?.0;
        if after.leader.as_deref() == Some(to) {
            return Ok(after);
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Err(NodeError::failed(format!("etcd took the leadership from {}, but {to} does not lead 5 s later", before.this)))
}

/// With the ids as the gateway writes them, in the same order.
async fn read(door: &Door) -> Result<(EtcdMembers, Vec<String>), NodeError> {
    let failed =
        |why: String| NodeError::failed(format!("failed to read the members of etcd at {}: {why}", door.endpoint));
    let list: MemberList = gateway::members(door, ANSWER).await.map_err(failed)?;
    let own: Status = gateway::status(door, ANSWER).await.map_err(failed)?;
    let members = join_all(list.members.iter().map(|member| look(door, member))).await;
    let hex = |id: &str| gateway::hex(id).map_err(failed);
    let found = EtcdMembers {
        this: hex(&own.header.member_id)?,
        leader: own.leader.filter(|leader| leader != "0").map(|leader| hex(&leader)).transpose()?,
        members: list
            .members
            .iter()
            .zip(members)
            .map(|(member, (healthy, said))| {
                let name = member.name.clone().unwrap_or_default();
                let learner = member.is_learner.unwrap_or_default();
                Ok(EtcdMember { id: hex(&member.id)?, name, learner, healthy, said })
            })
            .collect::<Result<_, NodeError>>()?,
    };
    Ok((found, list.members.into_iter().map(|member| member.id).collect()))
}

/// Asks a member itself, wherever it runs: what the others think of it may be old.
async fn look(door: &Door, member: &gateway::Member) -> (bool, String) {
    let mut said = "it has not been started, or has no address for clients".to_owned();
    for url in member.client_urls.iter().flatten() {
        let Some(endpoint) = door::endpoint(url) else { continue };
        match gateway::health(&Door { endpoint, identity: door.identity.clone() }, ANSWER).await {
            Ok(()) => return (true, format!("{url}/health answers true")),
            Err(why) => said = format!("{url}/health: {why}"),
        }
    }
    (false, said)
}
