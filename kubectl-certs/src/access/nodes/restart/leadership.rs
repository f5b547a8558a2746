//! Before a member of etcd is ended it gives its leadership away: killing the leader failed every write for seconds,
//! moving the leadership first failed one write in eight attempts (seen with etcd 3.6).

use crate::access::nodes::{LocalNode, etcd};

/// Returns what should be known about it. Not to succeed is no failure: an etcd that does not answer may be the very
/// reason for restarting it.
pub(super) async fn hand_over(node: &LocalNode) -> Option<String> {
    let members = match etcd::members(node).await {
        Ok(members) => members,
        Err(error) => return Some(format!("whether etcd of this node leads is not known: {error}")),
    };
    if !members.this_leads() {
        return None;
    }
    let heir = members.members.iter().find(|member| member.id != members.this && member.healthy && !member.learner)?;
    match etcd::move_leader(node, &heir.id).await {
        Ok(_) => Some(format!("etcd gave its leadership to {} ({})", heir.name, heir.id)),
        Err(error) => Some(error.message),
    }
}
