//! What is asked of etcd by gRPC. Its JSON gateway would do as well, but it reaches etcd as a client of its own, and is
//! held with the others while the door is held.
//!
//! The numbers of the messages are those of `etcdserverpb/rpc.proto` in go.etcd.io/etcd/api/v3 v3.6.8.

use std::time::Duration;

use prost::Message;

use super::door::Door;
use crate::access::nodes::{grpc, http};

#[derive(Clone, PartialEq, Message)]
pub(super) struct MemberListRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MemberListResponse {
    #[prost(message, repeated, tag = "2")]
    pub(super) members: Vec<Member>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Member {
    #[prost(uint64, tag = "1")]
    pub(super) id: u64,
    /// Empty before it has been started.
    #[prost(string, tag = "2")]
    pub(super) name: String,
    #[prost(string, repeated, tag = "4")]
    pub(super) client_urls: Vec<String>,
    #[prost(bool, tag = "5")]
    pub(super) is_learner: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusRequest {}

#[derive(Clone, PartialEq, Message)]
pub(super) struct StatusResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) header: Option<ResponseHeader>,
    /// 0 while there is none.
    #[prost(uint64, tag = "4")]
    pub(super) leader: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct ResponseHeader {
    #[prost(uint64, tag = "2")]
    pub(super) member_id: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MoveLeaderRequest {
    #[prost(uint64, tag = "1")]
    pub(super) target_id: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct MoveLeaderResponse {}

pub(super) async fn members(door: &Door, limit: Duration) -> Result<Vec<Member>, String> {
    let answer = grpc::call(&door.channel, "/etcdserverpb.Cluster/MemberList", MemberListRequest {}, limit).await;
    let answer: MemberListResponse = answer.map_err(|status| grpc::said(&status))?;
    Ok(answer.members)
}

/// Of the member behind the door.
pub(super) async fn status(door: &Door, limit: Duration) -> Result<StatusResponse, String> {
    let answer = grpc::call(&door.channel, "/etcdserverpb.Maintenance/Status", StatusRequest {}, limit).await;
    answer.map_err(|status| grpc::said(&status))
}

pub(super) async fn move_leader(door: &Door, target_id: u64, limit: Duration) -> Result<(), String> {
    let request = MoveLeaderRequest { target_id };
    let answer = grpc::call(&door.channel, "/etcdserverpb.Maintenance/MoveLeader", request, limit).await;
    answer.map(|_: MoveLeaderResponse| ()).map_err(|status| grpc::said(&status))
}

/// A member is well when it can read what a majority agrees on.
pub(super) async fn health(endpoint: &http::Endpoint, caller: &http::Caller, limit: Duration) -> Result<(), String> {
    let (status, body) = http::get(endpoint, "/health", &[], caller, limit).await?;
    if status == 200 { Ok(()) } else { Err(format!("answers {status}: {}", body.trim())) }
}
