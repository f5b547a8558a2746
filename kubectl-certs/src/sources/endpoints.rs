//! What servers present: the API server of the context, and endpoints that were named.

use futures::FutureExt;
use futures::future::join_all;

use super::gather::{Found, Key, Kind, add};
use super::{Reading, Source};
use crate::access::cluster::{Chosen, Contexts};
use crate::access::tls;
use crate::formats::Content;
use crate::model::{Gap, GapReason, Inventory, Location, Origin, Place, TrustEdge};

pub(super) const SOURCE: Source = Source {
    name: "endpoints",
    wanted: |wanted| wanted.whole_cluster() || wanted.contexts.is_some() || !wanted.endpoints.is_empty(),
    read: |reading| read(reading).boxed(),
};

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut places = reading.wanted.endpoints.clone();
    // Also where the API cannot be used: what the server presents may tell why not.
    let chosen = reading.wanted.chosen.as_ref().filter(|_| reading.wanted.whole_cluster());
    let server = chosen.and_then(Chosen::server);
    places.extend(server.clone());
    let contexts: Vec<_> = reading.wanted.contexts.iter().flat_map(Contexts::servers).collect();
    places.extend(contexts.iter().map(|(server, _)| server.clone()));
    places.sort();
    places.dedup();
    let mut inventory = Inventory::default();
    let is_server = &|host: &str, port: u16| server.as_ref().is_some_and(|server| *server == (host.to_owned(), port));
    let limit = reading.wanted.patience();
    let looks = places.into_iter().map(|(host, port)| async move {
        // Whoever asked the API server has seen it already, and may have come a way (a proxy) that is not open here.
        let seen = if is_server(&host, port) { reading.presented.clone() } else { Vec::new() };
        let presented = if seen.is_empty() { tls::presented(&host, port, limit).await } else { Ok(seen) };
        (presented, host, port)
    });
    for (outcome, host, port) in join_all(looks).await {
        let is_server = is_server(&host, port);
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
                let of_contexts = contexts.iter().filter(|((host, port), _)| is_at(&found.at, host, *port));
                let bundles = of_contexts.map(|(_, bundle)| bundle.clone());
                let edge = |bundle| TrustEdge { bundle, presented: found.at.clone() };
                inventory.edges.extend(bundles.map(edge));
                if let (true, Some(bundle)) = (is_server, chosen.and_then(Chosen::authorities)) {
                    inventory.edges.push(TrustEdge { bundle, presented: found.at.clone() });
                }
                add(&mut inventory, found);
            }
            // That the server cannot be reached is told once, by who wanted to talk to it.
            Err(_) if is_server && reading.cluster.is_none() => {}
            Err(error) => inventory.gaps.push(Gap { at, reason: GapReason::Unreachable, message: error.to_string() }),
        }
    }
    inventory
}

fn is_at(at: &Location, host: &str, port: u16) -> bool {
    matches!(&at.place, Place::Endpoint { host: other, port: number } if other == host && *number == port)
}
