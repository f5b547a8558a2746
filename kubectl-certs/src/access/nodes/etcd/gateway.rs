//! etcd's interface in JSON (its gRPC gateway, etcd 3.4 and later). Ids have 64 bits and are written as decimal
//! strings: they are kept as text, since a number in JSON would be rounded by whoever reads it as a float.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::door::Door;
use crate::access::nodes::http;

#[derive(Deserialize)]
pub(super) struct MemberList {
    pub(super) members: Vec<Member>,
}

/// Empty fields are left out by the gateway.
#[derive(Deserialize)]
pub(super) struct Member {
    #[serde(rename = "ID")]
    pub(super) id: String,
    /// Not before it has been started.
    pub(super) name: Option<String>,
    #[serde(rename = "clientURLs")]
    pub(super) client_urls: Option<Vec<String>>,
    #[serde(rename = "isLearner")]
    pub(super) is_learner: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Status {
    pub(super) header: Header,
    /// None or 0 while there is none.
    pub(super) leader: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Header {
    pub(super) member_id: String,
}

pub(super) async fn members(door: &Door, limit: Duration) -> Result<MemberList, String> {
    ask(door, "/v3/cluster/member/list", json!({}), limit).await
}

/// Of the member behind the door.
pub(super) async fn status(door: &Door, limit: Duration) -> Result<Status, String> {
    ask(door, "/v3/maintenance/status", json!({}), limit).await
}

/// `target` as the gateway writes it.
pub(super) async fn transfer(door: &Door, target: &str, limit: Duration) -> Result<(), String> {
    let wish = json!({ "targetID": target });
    ask::<serde_json::Value>(door, "/v3/maintenance/transfer-leadership", wish, limit).await.map(drop)
}

/// A member is well when it can read what a majority agrees on.
pub(super) async fn health(door: &Door, limit: Duration) -> Result<(), String> {
    let (status, body) = http::get(&door.endpoint, "/health", &[], door.identity.as_ref(), limit).await?;
    if status == 200 { Ok(()) } else { Err(format!("answers {status}: {}", body.trim())) }
}

/// As etcdctl shows it.
pub(super) fn hex(id: &str) -> Result<String, String> {
    id.parse::<u64>().map(|id| format!("{id:x}")).map_err(|error| format!("'{id}' is no id of a member: {error}"))
}

async fn ask<T: DeserializeOwned>(
    door: &Door,
    path: &str,
    document: serde_json::Value,
    limit: Duration,
) -> Result<T, String> {
    let (status, body) = http::post(&door.endpoint, path, document.to_string(), door.identity.as_ref(), limit).await?;
    if status != 200 {
        return Err(format!("{path} answers {status}: {}", body.trim().chars().take(300).collect::<String>()));
    }
    serde_json::from_str(&body).map_err(|error| format!("the answer to {path} is not as expected: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{MemberList, Status, hex};

    /// Answers of etcd 3.6.8; the second member has not been started.
    #[test]
    fn answers_are_understood_without_rounding() {
        let list: MemberList = serde_json::from_str(
            r#"{"header":{"cluster_id":"16844499610343741182","member_id":"8828283256189920098","raft_term":"2"},
                "members":[{"ID":"8828283256189920098","name":"cp1","peerURLs":["https://10.89.0.11:2380"],
                "clientURLs":["https://10.89.0.11:2379"]},
                {"ID":"18446744073709551615","peerURLs":["https://10.89.0.12:2380"],"isLearner":true}]}"#,
        )
        .expect("members");
        assert_eq!(hex(&list.members[0].id).as_deref(), Ok("7a845cd8e5baa362"));
        assert_eq!(hex(&list.members[1].id).as_deref(), Ok("ffffffffffffffff"));
        assert_eq!((list.members[1].is_learner, list.members[1].name.as_deref()), (Some(true), None));
        let status: Status = serde_json::from_str(
            r#"{"header":{"member_id":"8828283256189920098"},"version":"3.6.8","leader":"8828283256189920098"}"#,
        )
        .expect("status");
        assert_eq!(status.leader.as_deref(), Some("8828283256189920098"));
        let lost: Status =
            serde_json::from_str(r#"{"header":{"member_id":"1"},"errors":["etcdserver: no leader"]}"#).expect("status");
        assert_eq!(lost.leader, None);
        assert!(hex("7a8").is_err());
    }
}
