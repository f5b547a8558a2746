//! All Secrets, page after page. The next page is asked for as soon as the answer says where it begins, which is before
//! the first object of this one, so that the server makes it while this one is being read.

use std::panic::resume_unwind;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::promising;
use super::values::{Gathering, Secret, Text};
use crate::access::cluster::{Cluster, ClusterError};
use crate::formats::list_stream::{ListStream, NoList, Part};
use crate::model::{GapReason, Inventory};

/// As kubectl pages. A page is never held whole; larger ones were no faster.
const PAGE: u32 = 500;

/// Objects that are worth being looked at before they are decoded.
const LARGE: usize = 64 << 10;

/// Never hold certificates, and are many (Helm) or are secrets of another kind.
const NEVER: [&str; 5] = [
    "helm.sh/release.v1",
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "bootstrap.kubernetes.io/token",
];

/// So many bytes wake the thread that looks into them.
const TOGETHER: usize = 256 << 10;
/// So many times that may wait for it.
const AHEAD: usize = 4;

type Pieces = BoxStream<'static, Result<Bytes, ClusterError>>;

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
pub(super) async fn read(
    cluster: &Cluster,
    query: &Query<'_>,
    begin: impl Fn() -> Gathering,
) -> (Inventory, Result<(), ClusterError>) {
    let path = query.path();
    let (mut gathering, mut outcome) = all(cluster, &path, begin()).await;
    // The state that the first page showed is gone after five minutes (410 Gone), or a server was restarted: what a new
    // beginning shows is whole again.
    if let Err((_, Progress::Begun)) = &outcome {
        (gathering, outcome) = all(cluster, &path, begin()).await;
    }
    (gathering.inventory, outcome.map_err(|(error, _)| error))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Nothing,
    /// At least one page was read whole.
    Begun,
}

async fn all(cluster: &Cluster, path: &str, gathering: Gathering) -> (Gathering, Result<(), (ClusterError, Progress)>) {
    let (pieces, arriving) = mpsc::channel(AHEAD);
    let (tell, mut told) = mpsc::channel(1);
    let taker = spawn_blocking(move || take_all(gathering, arriving, &tell));
    let mut progress = Progress::Nothing;
    let fetched = async {
        let mut ahead = Some(cluster.get_stream(path).await.map_err(|error| (error, progress))?);
        while let Some(page) = ahead {
            ahead = one(cluster, path, page, &pieces, &mut told).await.map_err(|error| (error, progress))?;
            progress = Progress::Begun;
        }
        Ok(())
    }
    .await;
    drop(pieces);
    match taker.await {
        // Whoever does not take ends the fetching; why is then the reason for both.
        Ok((gathering, Err(error))) => (gathering, Err((error, progress))),
        Ok((gathering, Ok(()))) => (gathering, fetched),
        Err(panicked) => resume_unwind(panicked.into_panic()),
    }
}

/// Fetches a page, and has the next one begun meanwhile.
async fn one(
    cluster: &Cluster,
    path: &str,
    mut page: Pieces,
    pieces: &mpsc::Sender<Arrived>,
    told: &mut mpsc::Receiver<String>,
) -> Result<Option<Pieces>, ClusterError> {
    let asking = async {
        let next = told.recv().await.unwrap_or_default();
        if next.is_empty() {
            return Ok(None);
        }
        cluster.get_stream(&format!("{path}&continue={}", query(&next))).await.map(Some)
    };
    let fetching = async {
        let (mut some, mut length) = (Vec::new(), 0);
        // The first piece says where the next page begins; of the others many go together.
        let mut enough = 0;
        while let Some(piece) = page.next().await {
            let piece = piece?;
            length += piece.len();
            some.push(piece);
            if length > enough {
                if pieces.send(Arrived::Pieces(core::mem::take(&mut some))).await.is_err() {
                    return Ok(());
                }
                (length, enough) = (0, TOGETHER);
            }
        }
        pieces.send(Arrived::Pieces(some)).await.unwrap_or_default();
        pieces.send(Arrived::EndOfPage).await.unwrap_or_default();
        Ok(())
    };
    // Where this page breaks off nobody may ever say where the next one begins; where only the next one fails, this one is
    // still read to its end.
    let (ahead, ()) = futures::try_join!(async { Ok(asking.await) }, fetching)?;
    ahead
}

enum Arrived {
    Pieces(Vec<Bytes>),
    EndOfPage,
}

/// On a thread of its own, so that what arrives is taken from the connection while what came before is being looked into.
/// Tells for each page where the next one begins: nowhere where it is the last.
fn take_all(
    mut gathering: Gathering,
    mut arriving: mpsc::Receiver<Arrived>,
    tell: &mpsc::Sender<String>,
) -> (Gathering, Result<(), ClusterError>) {
    let mut list = ListStream::default();
    let (mut next, mut is_told) = (None, false);
    while let Some(arrived) = arriving.blocking_recv() {
        let taken = match arrived {
            Arrived::Pieces(pieces) => {
                pieces.iter().try_for_each(|piece| take(&mut list, piece, &mut gathering, &mut next))
            }
            Arrived::EndOfPage if list.is_complete() => {
                list = ListStream::default();
                // A list that says nothing of itself has no next page.
                next = (!is_told).then(String::new);
                is_told = false;
                Ok(())
            }
            Arrived::EndOfPage => Err(broken("the list of Secrets broke off")),
        };
        if let Err(error) = taken {
            return (gathering, Err(error));
        }
        if let Some(next) = next.take() {
            is_told = !list.is_complete() || is_told;
            // Nobody waits for it where fetching has ended already.
            tell.blocking_send(next).unwrap_or_default();
        }
    }
    (gathering, Ok(()))
}

fn take(
    list: &mut ListStream,
    piece: &[u8],
    gathering: &mut Gathering,
    next: &mut Option<String>,
) -> Result<(), ClusterError> {
    let taken = list.push(piece, |part| {
        match part {
            Part::Metadata(bytes) => {
                let metadata: Metadata<'_> = serde_json::from_slice(bytes).map_err(|_| NoList)?;
                *next = Some(metadata.next.map(|next| next.0.into_owned()).unwrap_or_default());
            }
            Part::Item(bytes) if bytes.len() > LARGE && !promising::is_promising_object(bytes) => {}
            Part::Item(bytes) => gathering.take(&serde_json::from_slice::<Secret<'_>>(bytes).map_err(|_| NoList)?),
        }
        Ok::<_, NoList>(())
    });
    taken.map_err(|NoList| broken("the list of Secrets is not what this API promises"))
}

fn broken(message: &str) -> ClusterError {
    ClusterError { reason: GapReason::ReadFailed, message: message.to_owned() }
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
