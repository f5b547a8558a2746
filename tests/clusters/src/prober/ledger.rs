//! What was written, and what the watch saw of it.
//!
//! Each stream writes rising numbers into a `ConfigMap` of its own. The same number written twice (a
//! retry after a lost answer) changes nothing, so each number makes at most one event.

use std::collections::{BTreeMap, BTreeSet};
use std::process;
use std::sync::{Arc, Mutex, MutexGuard};

use http::Method;
use serde::Deserialize;

use super::client::{Call, Client, Endpoint, Protocol};
use super::report::WatchReport;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const LABEL: &str = "kubectl-certs-prober";

#[derive(Clone)]
pub(super) struct Ledger {
    /// Several probers may run.
    run: String,
    /// From which the watch starts: before the first write.
    pub(super) version: String,
    columns: Arc<Mutex<Columns>>,
}

#[derive(Default)]
struct Columns {
    acknowledged: BTreeSet<(String, u64)>,
    seen: BTreeSet<(String, u64)>,
    latest: BTreeMap<String, u64>,
    disordered: Vec<String>,
    reopened: u64,
    expired: u64,
}

impl Ledger {
    /// Makes the `ConfigMap`s.
    pub(super) async fn open(client: &Client, endpoint: &Endpoint, writers: &[&str]) -> Result<Self, String> {
        let mut ledger = Self { run: process::id().to_string(), version: String::new(), columns: Arc::default() };
        let path = format!("{CONFIG_MAPS}?labelSelector={LABEL}%3D{}", ledger.run);
        // Of a run with the same process id that was killed.
        once(client, endpoint, &Call::new(Method::DELETE, &path)).await?;
        for writer in writers {
            let name = ledger.name(writer);
            let labels = format!(r#"{{"{LABEL}":"{}"}}"#, ledger.run);
            let body = format!(r#"{{"metadata":{{"name":"{name}","labels":{labels}}},"data":{{"number":"0"}}}}"#);
            once(client, endpoint, &Call::with_body(Method::POST, CONFIG_MAPS, "application/json", body)).await?;
        }
        let list = once(client, endpoint, &Call::new(Method::GET, &path)).await?;
        let list: List = serde_json::from_slice(&list).map_err(|e| format!("a list: {e}"))?;
        ledger.version = list.metadata.resource_version;
        Ok(ledger)
    }

    pub(super) fn write(&self, writer: &str, number: u64) -> Call {
        let path = format!("{CONFIG_MAPS}/{}", self.name(writer));
        let body = format!(r#"{{"data":{{"number":"{number}"}}}}"#);
        Call::with_body(Method::PATCH, path, "application/merge-patch+json", body)
    }

    pub(super) fn watch(&self, version: &str) -> Call {
        let run = &self.run;
        let path = format!("{CONFIG_MAPS}?watch=1&labelSelector={LABEL}%3D{run}&resourceVersion={version}");
        Call::new(Method::GET, path)
    }

    pub(super) fn acknowledge(&self, writer: &str, number: u64) {
        self.columns().acknowledged.insert((writer.to_owned(), number));
    }

    /// An event: the `ConfigMap`'s name and content.
    pub(super) fn see(&self, name: &str, number: &str) {
        let (Some(writer), Ok(number)) = (name.strip_prefix(&self.name("")), number.parse()) else { return };
        let mut columns = self.columns();
        let latest = columns.latest.insert(writer.to_owned(), number);
        if latest.is_some_and(|latest| latest >= number) {
            columns.disordered.push(format!("{writer} {number}"));
        }
        columns.seen.insert((writer.to_owned(), number));
    }

    pub(super) fn reopened(&self, expired: bool) {
        let mut columns = self.columns();
        columns.reopened += 1;
        columns.expired += u64::from(expired);
    }

    pub(super) fn is_balanced(&self) -> bool {
        let columns = self.columns();
        columns.acknowledged.is_subset(&columns.seen)
    }

    /// Removes the `ConfigMap`s.
    pub(super) async fn close(self, client: &Client, endpoint: &Endpoint) -> WatchReport {
        let path = format!("{CONFIG_MAPS}?labelSelector={LABEL}%3D{}", self.run);
        // If the cluster does not answer any more, the report is what matters.
        let _left = once(client, endpoint, &Call::new(Method::DELETE, path)).await;
        let columns = self.columns();
        let missed = columns.acknowledged.difference(&columns.seen);
        WatchReport {
            expected: columns.acknowledged.len() as u64,
            seen: columns.acknowledged.intersection(&columns.seen).count() as u64,
            missed: missed.map(|(writer, number)| format!("{writer} {number}")).collect(),
            disordered: columns.disordered.clone(),
            reopened: columns.reopened,
            expired: columns.expired,
        }
    }

    fn name(&self, writer: &str) -> String {
        format!("prober-{}-{writer}", self.run)
    }

    fn columns(&self) -> MutexGuard<'_, Columns> {
        self.columns.lock().expect("nobody panics with it")
    }
}

async fn once(client: &Client, endpoint: &Endpoint, call: &Call) -> Result<bytes::Bytes, String> {
    let failed = |problem: super::answer::Problem| format!("{} {}: {}", call.method, call.path, problem.text());
    let mut connection = client.connect(endpoint, Protocol::Http1).await.map_err(failed)?;
    connection.send(call).await.map_err(failed)
}

#[derive(Deserialize)]
struct List {
    metadata: ListMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListMetadata {
    resource_version: String,
}
