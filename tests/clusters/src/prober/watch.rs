//! One watch on what the streams write, through the load balancer; opened again where it broke off.

use std::time::Duration;

use bytes::BytesMut;
use http_body_util::BodyExt;
use serde::Deserialize;
use tokio::time::{sleep, timeout};

use super::client::{Client, Endpoint, Protocol};
use super::ledger::Ledger;

/// Events come several times a second. Nothing for this long means that the connection is dead
/// without having said so, as after a power cut.
const SILENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);

pub(super) struct Watch {
    client: Client,
    endpoint: Endpoint,
    ledger: Ledger,
    /// Of the last event seen.
    version: String,
}

enum End {
    Broken,
    /// The server no longer has the events after our version.
    Expired,
}

impl Watch {
    pub(super) fn new(client: Client, endpoint: Endpoint, ledger: &Ledger) -> Self {
        Self { client, endpoint, ledger: ledger.clone(), version: ledger.version.clone() }
    }

    /// Until the task is aborted.
    pub(super) async fn follow(mut self) {
        loop {
            let end = self.once().await;
            let expired = matches!(end, End::Expired);
            if expired {
                // From now on; what is lost will be missed in the ledger.
                self.version.clear();
            }
            self.ledger.reopened(expired);
            sleep(PAUSE).await;
        }
    }

    async fn once(&mut self) -> End {
        let Ok(mut connection) = self.client.connect(&self.endpoint, Protocol::Http2).await else {
            return End::Broken;
        };
        let call = self.ledger.watch(&self.version);
        let Ok(Ok(mut body)) = timeout(SILENCE, connection.begin(&call)).await else { return End::Broken };
        let mut lines = BytesMut::new();
        while let Ok(Some(Ok(frame))) = timeout(SILENCE, body.frame()).await {
            lines.extend(frame.into_data().ok().into_iter().flatten());
            while let Some(end) = lines.iter().position(|byte| *byte == b'\n') {
                let line = lines.split_to(end + 1);
                if let Some(end) = self.event(&line) {
                    return end;
                }
            }
        }
        End::Broken
    }

    fn event(&mut self, line: &[u8]) -> Option<End> {
        let Ok(Event { kind, object }) = serde_json::from_slice(line) else { return Some(End::Broken) };
        if kind == "ERROR" {
            return Some(if object.code == Some(410) { End::Expired } else { End::Broken });
        }
        self.version = object.metadata.resource_version;
        // ADDED comes only for a watch without a version, and tells old news.
        if kind == "MODIFIED" {
            self.ledger.see(&object.metadata.name, &object.data.number);
        }
        None
    }
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    object: Object,
}

/// A `ConfigMap`, or the Status of an error.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    data: Content,
    code: Option<u16>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    name: String,
    resource_version: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    number: String,
}
