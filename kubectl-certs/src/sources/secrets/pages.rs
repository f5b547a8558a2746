//! All Secrets, page after page. The next page is asked for as soon as the answer says where it begins, which is before
//! the first object of this one, so that the server makes it while this one is being read.

use futures::stream::{BoxStream, StreamExt};
use serde::Deserialize;

use super::values::{Gathering, Secret, Text};
use crate::access::cluster::{Cluster, ClusterError};
use crate::formats::list_stream::{ListStream, NoList, Part};
use crate::model::{GapReason, Inventory};

/// As kubectl pages. A page is never held whole; larger ones were no faster.
const PAGE: u32 = 500;

/// Never hold certificates, and are many (Helm) or are secrets of another kind.
const NEVER: [&str; 5] = [
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "bootstrap.kubernetes.io/token",
];

type Pieces = BoxStream<'static, Result<bytes::Bytes, ClusterError>>;

pub(super) struct Query<'a> {
    pub(super) namespace: Option<&'a str>,
    pub(super) selector: Option<&'a str>,
}

impl Query<'_> {
    fn path(&self) -> String {
        let base = match self.namespace {
            Some(namespace) => format!("/api/v1/namespaces/{}/secrets", query(namespace)),
            None => "/api/v1/secrets".to_owned(),
        };
        let types: Vec<String> = NEVER.iter().map(|name| format!("type!={name}")).collect();
        let mut path = format!("{base}?limit={PAGE}&fieldSelector={}", query(&types.join(",")));
        if let Some(selector) = self.selector {
            path.push_str(&format!("&labelSelector={}", query(selector)));
        }
        path
    }
}

/// What was read, also where it ends early.
pub(super) async fn read<'a>(
    cluster: &Cluster,
    query: &Query<'_>,
    begin: impl Fn() -> Gathering<'a>,
) -> (Inventory, Result<(), ClusterError>) {
    let path = query.path();
    let mut gathering = begin();
    let mut outcome = all(cluster, &path, &mut gathering).await;
    // The state that the first page showed is gone after five minutes (410 Gone), or a server was restarted: what a new
    // beginning shows is whole again.
    if let Err((_, Progress::Begun)) = &outcome {
        gathering = begin();
        outcome = all(cluster, &path, &mut gathering).await;
    }
    (gathering.inventory, outcome.map_err(|(error, _)| error))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    /// At least one page was read whole.
    Begun,
}

async fn all(cluster: &Cluster, path: &str, gathering: &mut Gathering<'_>) -> Result<(), (ClusterError, Progress)> {
    let mut progress = Progress::Nothing;
    let mut ahead = Some(cluster.get_stream(path).await.map_err(|error| (error, progress))?);
    while let Some(page) = ahead {
        ahead = one(cluster, path, page, gathering).await.map_err(|error| (error, progress))?;
        progress = Progress::Begun;
    }
    Ok(())
}

/// Reads a page, and has the next one begun meanwhile.
async fn one(
    cluster: &Cluster,
    path: &str,
    mut page: Pieces,
    gathering: &mut Gathering<'_>,
) -> Result<Option<Pieces>, ClusterError> {
    let mut list = ListStream::default();
    // The first pieces: up to the list's metadata.
    let mut next = None;
    while next.is_none() {
        let Some(piece) = page.next().await else { return finish(&list, None) };
        take(&mut list, &piece?, gathering, &mut next)?;
    }
    let next = next.unwrap_or_default();
    let asking = async {
        if next.is_empty() {
            return Ok(None);
        }
        cluster.get_stream(&format!("{path}&continue={}", query(&next))).await.map(Some)
    };
    let reading = async {
        while let Some(piece) = page.next().await {
            take(&mut list, &piece?, gathering, &mut None)?;
        }
        Ok(())
    };
    let (ahead, read) = futures::join!(asking, reading);
    read?;
    finish(&list, ahead?)
}

fn finish(list: &ListStream, ahead: Option<Pieces>) -> Result<Option<Pieces>, ClusterError> {
    if list.is_complete() {
        Ok(ahead)
    } else {
        Err(ClusterError { reason: GapReason::ReadFailed, message: "the list of Secrets broke off".to_owned() })
    }
}

fn take(
    list: &mut ListStream,
    piece: &[u8],
    gathering: &mut Gathering<'_>,
    next: &mut Option<String>,
) -> Result<(), ClusterError> {
    let told = list.push(piece, |part| {
        match part {
            Part::Metadata(bytes) => {
                let metadata: Metadata<'_> = serde_json::from_slice(bytes).map_err(|_| NoList)?;
                *next = Some(metadata.next.map(|next| next.0.into_owned()).unwrap_or_default());
            }
            Part::Item(bytes) => gathering.take(&serde_json::from_slice::<Secret<'_>>(bytes).map_err(|_| NoList)?),
        }
        Ok::<_, NoList>(())
    });
    told.map_err(|NoList| ClusterError {
        reason: GapReason::ReadFailed,
        message: "the list of Secrets is not what this API promises".to_owned(),
    })
}

#[derive(Deserialize)]
struct Metadata<'a> {
    #[serde(rename = "continue", borrow)]
    next: Option<Text<'a>>,
}

/// Percent-encoding for one word of a path or query.
pub(super) fn query(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
