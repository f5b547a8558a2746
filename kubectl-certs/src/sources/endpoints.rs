//! What servers present: the API server of the context, and endpoints that were named.

use futures::FutureExt;
use futures::future::join_all;

use super::gather::{Found, Key, Kind, add};
use super::{Reading, Source};
use crate::access::tls;
use crate::formats::Content;
use crate::model::{Gap, GapReason, Inventory, Location, Origin, Place, TrustEdge};

pub(super) const SOURCE: Source = Source {
    name: "endpoints",
    wanted: |wanted| wanted.cluster || !wanted.endpoints.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut places = reading.wanted.endpoints.clone();
    if let Some(cluster) = reading.cluster.filter(|_| reading.wanted.cluster) {
        places.push((cluster.host.clone(), cluster.port));
    }
    places.sort();
    places.dedup();
    let mut inventory = Inventory::default();
    let looks = places.into_iter().map(|(host, port)| async move { (tls::presented(&host, port).await, host, port) });
    for (outcome, host, port) in join_all(looks).await {
        let at = Location::from(Place::Endpoint { host, port });
        match outcome {
            Ok(certificates) => {
                let content = Content { certificates, ..Content::default() };
                let found = Found {
                    at,
                    content: &content,
                    // The handshake has shown that the server has the key; the key itself is not ours to see.
                    key: Key::None,
                    kind: Kind::Chain,
                    origin: Origin::default(),
                    digest: None,
                };
                if let Some(chosen) = reading
                    .wanted
                    .chosen
                    .as_ref()
                    .filter(|_| reading.cluster.is_some_and(|cluster| cluster.endpoint() == found.at))
                {
                    inventory.edges.push(TrustEdge { bundle: chosen.location(), presented: found.at.clone() });
                }
                add(&mut inventory, found);
            }
            Err(error) => inventory.gaps.push(Gap { at, reason: GapReason::Unreachable, message: error.to_string() }),
        }
    }
    inventory
}
