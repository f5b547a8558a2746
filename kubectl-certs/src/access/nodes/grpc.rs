//! One call by gRPC, with a limit, and with what was said in the error. The messages are written by hand beside the calls:
//! a handful of them does not need a compiler for their language.

use std::time::Duration;

use http::uri::PathAndQuery;
use prost::Message;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// `method` is written `/package.Service/Method`.
pub(super) async fn call<Q, R>(
    channel: &Channel,
    method: &'static str,
    request: Q,
    limit: Duration,
) -> Result<R, Status>
where
    Q: Message + 'static,
    R: Message + Default + 'static,
{
    let mut grpc = Grpc::new(channel.clone());
    let exchange = async {
        grpc.ready().await.map_err(|error| Status::unavailable(chain(&error)))?;
        let codec = ProstCodec::<Q, R>::default();
        grpc.unary(Request::new(request), PathAndQuery::from_static(method), codec).await
    };
    let late = |_| Err(Status::deadline_exceeded(format!("no answer within {} s", limit.as_secs())));
    Ok(timeout(limit, exchange).await.unwrap_or_else(late)?.into_inner())
}

pub(super) fn said(status: &Status) -> String {
    // A connection that broke has its reason further in.
    let inner = std::error::Error::source(status).map(|error| format!(": {}", chain(error))).unwrap_or_default();
    format!("{:?}: {}{inner}", status.code(), status.message())
}

/// tonic's own words are "transport error"; the reason is further in.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let inner = error.to_string();
        if !text.contains(&inner) {
            text = format!("{text}: {inner}");
        }
        source = error.source();
    }
    text
}
