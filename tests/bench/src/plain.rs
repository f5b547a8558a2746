//! Fetches what a list fetches, and throws it away.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::join;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::client::{Server, request};

pub(crate) struct Fetched {
    pub(crate) took: Duration,
    pub(crate) bytes: u64,
}

/// The selector and the page of `sources/secrets/pages.rs`; the next page is asked for on a second connection as soon as the
/// token for it has come, as there.
pub(crate) async fn fetch(server: &Server) -> Fetched {
    let start = Instant::now();
    let never = [
        "helm.sh/release.v1",
        "kubernetes.io/service-account-token",
        "kubernetes.io/dockercfg",
        "kubernetes.io/dockerconfigjson",
        "bootstrap.kubernetes.io/token",
    ];
    let types = never.map(|name| format!("type!%3D{}", name.replace('/', "%2F"))).join("%2C");
    let first = format!("/api/v1/secrets?limit=500&fieldSelector={types}");
    let (mut one, mut other) = (server.connect().await, server.connect().await);
    let mut bytes = 0;
    let mut page = one.send_request(request("GET", &first, Bytes::new())).await.expect("an answer").into_body();
    loop {
        let mut head = Vec::new();
        let next = loop {
            let Some(piece) = piece(&mut page).await else { break None };
            head.extend_from_slice(&piece);
            if let Some(next) = token(&head) {
                break next;
            }
        };
        bytes += head.len() as u64;
        let asking = async {
            let path = format!("{first}&continue={}", next.as_ref()?.replace('=', "%3D"));
            other.ready().await.expect("a connection");
            Some(other.send_request(request("GET", &path, Bytes::new())).await.expect("an answer").into_body())
        };
        let reading = async {
            let mut read = 0;
            while let Some(piece) = piece(&mut page).await {
                read += piece.len() as u64;
            }
            read
        };
        let (ahead, read) = join!(asking, reading);
        bytes += read;
        match ahead {
            Some(body) => page = body,
            None => return Fetched { took: start.elapsed(), bytes },
        }
        core::mem::swap(&mut one, &mut other);
    }
}

async fn piece(body: &mut Incoming) -> Option<Bytes> {
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.expect("a piece").into_data() {
            return Some(piece);
        }
    }
    None
}

/// The token for the next page, or that there is none, once that is known.
#[expect(clippy::option_option, reason = "not known yet, no more, more")]
fn token(head: &[u8]) -> Option<Option<String>> {
    let text = String::from_utf8_lossy(head);
    let (before, _) = text.split_once("\"items\":")?;
    Some(before.split_once("\"continue\":\"").and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned())))
}
