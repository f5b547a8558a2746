//! The etcd member of this node: who else is there, who of them is well, and who leads.

mod calls;
mod door;

use std::time::Duration;

use futures::future::join_all;

use self::calls::Member;
use self::door::Door;
use super::{EtcdMember, EtcdMembers, LocalNode, NodeError};

/// A member that takes longer is in no state to be relied upon. An election takes one to two seconds.
const ANSWER: Duration = Duration::from_secs(4);
const BETWEEN: Duration = Duration::from_millis(200);

pub(super) async fn members(node: &LocalNode) -> Result<EtcdMembers, NodeError> {
    read(&Door::of(node).await?).await
}

/// Where etcd of this node listens for clients; asked by those who hold its door, which only Unix can.
#[cfg(unix)]
pub(super) fn client_port(node: &LocalNode) -> u16 {
    door::listening(door::running(node).as_ref()).port
}

/// Gives the leadership away, and waits until this member sees the other one lead.
pub(super) async fn move_leader(node: &LocalNode, to: &str) -> Result<EtcdMembers, NodeError> {
    let door = Door::of(node).await?;
    let before = read(&door).await?;
    let refused = |why: String| NodeError::refused(format!("the leadership of etcd is not moved to {to}: {why}"));
    if before.leader.as_deref() == Some(to) {
        return Ok(before);
    }
    if !before.this_leads() {
        let leader = before.leader.as_deref().unwrap_or("nobody");
        return Err(refused(format!(
            "only the leader can give it away, and that is {leader}, not {} of this node",
            before.this
        )));
    }
    let Some(target) = before.members.iter().find(|member| member.id == to) else {
        return Err(refused("no member has this id".to_owned()));
    };
    if target.learner {
        return Err(refused("it is a learner, which cannot lead".to_owned()));
    }
    if !target.healthy {
        return Err(refused(format!("it is not healthy: {}", target.said)));
    }
    let id = u64::from_str_radix(to, 16).map_err(|error| refused(error.to_string()))?;
    calls::move_leader(&door, id, ANSWER * 2).await.map_err(|why| {
        NodeError::failed(format!("failed to move the leadership of etcd from {} to {to}: {why}", before.this))
    })?;
    for _ in 0..25 {
        let after = read(&door).await?;
        if after.leader.as_deref() == Some(to) {
            return Ok(after);
        }
        tokio::time::sleep(BETWEEN).await;
    }
    Err(NodeError::failed(format!("etcd took the leadership from {}, but {to} does not lead 5 s later", before.this)))
}

async fn read(door: &Door) -> Result<EtcdMembers, NodeError> {
    let failed =
        |why: String| NodeError::failed(format!("failed to read the members of etcd at {}: {why}", door.endpoint));
    let listed = calls::members(door, ANSWER).await.map_err(failed)?;
    let own = calls::status(door, ANSWER).await.map_err(failed)?;
    let answers = join_all(listed.iter().map(|member| look(door, member))).await;
    let members = listed.into_iter().zip(answers).map(|(member, (healthy, said))| EtcdMember {
        id: hex(member.id),
        name: member.name,
        learner: member.is_learner,
        healthy,
        said,
    });
    Ok(EtcdMembers {
        this: hex(own.header.unwrap_or_default().member_id),
        leader: Some(own.leader).filter(|&leader| leader != 0).map(hex),
        members: members.collect(),
    })
}

/// Asks a member itself, wherever it runs: what the others think of it may be old.
async fn look(door: &Door, member: &Member) -> (bool, String) {
    let mut said = "it has not been started, or has no address for clients".to_owned();
    for url in &member.client_urls {
        let Some(endpoint) = door::endpoint(url) else { continue };
        match calls::health(&endpoint, &door.caller, ANSWER).await {
            Ok(()) => return (true, format!("{url}/health answers well")),
            Err(why) => said = format!("{url}/health: {why}"),
        }
    }
    (false, said)
}

fn hex(id: u64) -> String {
    format!("{id:x}")
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::calls::{MemberListResponse, StatusResponse};
    use super::hex;

    /// A member with an id beyond what a float holds, and a learner that has not been started; the header (field 1) and
    /// the peers' addresses (field 3 of a member) are skipped.
    #[test]
    fn members_are_read_as_etcd_writes_them() {
        let started: &[u8] = b"\x08\xe2\xc6\xea\xad\x8e\x9b\x97\xc2\x7a\x12\x03cp1\x1a\x02p1\x22\x02c1";
        let learner: &[u8] = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x02p2\x28\x01";
        let mut bytes = b"\x0a\x02\x08\x07".to_vec();
        for member in [started, learner] {
            bytes.extend([0x12, u8::try_from(member.len()).expect("short")]);
            bytes.extend(member);
        }
        let list = MemberListResponse::decode(&*bytes).expect("members");
        assert_eq!(hex(list.members[0].id), "7a845cd8e5baa362");
        assert_eq!((list.members[0].name.as_str(), list.members[0].is_learner), ("cp1", false));
        assert_eq!(list.members[0].client_urls, ["c1"]);
        assert_eq!(hex(list.members[1].id), "ffffffffffffffff");
        assert_eq!((list.members[1].name.as_str(), list.members[1].is_learner), ("", true));
    }

    #[test]
    fn a_status_without_a_leader() {
        let status = StatusResponse::decode(&b"\x0a\x02\x10\x05\x12\x053.6.8"[..]).expect("status");
        assert_eq!((status.header.expect("header").member_id, status.leader), (5, 0));
    }
}
