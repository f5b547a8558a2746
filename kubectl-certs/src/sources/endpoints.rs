//! What servers present: the API server of the context, endpoints that were named, and with `--probe` those that the
//! cluster has, row by row below.

mod asked;
mod control_plane;
mod hosts;
mod node_ports;
mod services;

use futures::stream::{self, StreamExt};
use futures::{FutureExt, join};

use self::asked::{Asked, Group};
use super::gather::{Found, Key, Kind, add};
use super::{Reading, Source};
use crate::access::cluster::{Chosen, Cluster, Contexts};
use crate::access::nodes::{NodeOp, NodeReply};
use crate::access::tls::{self, Presented, ProbeError};
use crate::formats::{Content, name};
use crate::model::{Endpoint, Gap, GapReason, Handshake, Inventory, Location, Origin, Place, TrustEdge};

pub(super) const SOURCE: Source = Source {
    name: "endpoints",
    wanted: |wanted| {
        wanted.whole_cluster()
            || wanted.contexts.is_some()
            || !wanted.endpoints.is_empty()
            || wanted.probe
            || wanted.probe_hosts
    },
    read: |reading| read(reading).boxed(),
};

/// Looks at so many servers at once.
const PARALLEL: usize = 64;

async fn read(reading: &Reading<'_>) -> Inventory {
    let wanted = reading.wanted;
    let mut asked: Vec<Asked> = wanted.endpoints.iter().cloned().map(Asked::alone).collect();
    // Also where the API cannot be used: what the server presents may tell why not.
    let chosen = wanted.chosen.as_ref().filter(|_| wanted.whole_cluster() || wanted.probe);
    let server = chosen.and_then(Chosen::server).map(|(host, port)| Endpoint::tls(host, port));
    let bundle = chosen.and_then(Chosen::authorities);
    asked.extend(server.clone().map(|server| Asked::alone(server).verified_with(bundle.clone())));
    let of_context = |((host, port), bundle)| Asked::alone(Endpoint::tls(host, port)).verified_with(Some(bundle));
    asked.extend(wanted.contexts.iter().flat_map(Contexts::servers).map(of_context));
    let mut inventory = Inventory::default();
    let (of_cluster, of_nodes) = join!(known(reading, bundle, &mut inventory.gaps), node_ports::all(wanted));
    asked.extend(of_cluster.into_iter().chain(of_nodes));
    let server = &server;
    let looks = asked::each_once(asked).into_iter().map(|asked| async move {
        let is_server = Some(&asked.endpoint) == server.as_ref();
        let outcome = look(reading, &asked.endpoint).await;
        // Whoever asked the API server has seen what it shows to them, and may have come a way (a proxy) that is not
        // open here.
        let outcome = match &reading.presented {
            seen if is_server && !seen.is_empty() => {
                Ok(Presented { chain: seen.clone(), unproven: None, ..outcome.unwrap_or_default() })
            }
            _ => outcome,
        };
        (asked, outcome)
    });
    let looks: Vec<_> = stream::iter(looks).buffer_unordered(PARALLEL).collect().await;
    let answered: Vec<Group> =
        looks.iter().filter(|(_, outcome)| outcome.is_ok()).filter_map(|(asked, _)| asked.group()).collect();
    let mut silent = Vec::new();
    for (asked, outcome) in looks {
        match outcome {
            Ok(presented) => gather(&mut inventory, &asked, presented),
            // That the server cannot be reached is told once, by who wanted to talk to it.
            Err(_) if Some(&asked.endpoint) == server.as_ref() && reading.cluster.is_none() => {}
            Err(error) => silent.push((asked, error)),
        }
    }
    silent.sort_by(|(a, _), (b, _)| a.endpoint.cmp(&b.endpoint));
    inventory.gaps.extend(asked::gaps(&silent, &answered));
    inventory
}

/// Those that the cluster has, as far as they are asked for.
async fn known(reading: &Reading<'_>, bundle: Option<Location>, gaps: &mut Vec<Gap>) -> Vec<Asked> {
    let Some(cluster) = reading.cluster else { return Vec::new() };
    let mut asked = Vec::new();
    if reading.wanted.probe {
        let (servers, nodes, services) = join!(
            control_plane::api_servers(cluster, bundle),
            control_plane::nodes(cluster),
            services::all(reading, cluster)
        );
        for part in [servers, nodes, services] {
            asked.extend(part.asked);
            gaps.extend(part.gaps);
        }
    }
    if reading.wanted.probe_hosts {
        let part = hosts::all(cluster, reading.wanted).await;
        asked.extend(part.asked);
        gaps.extend(part.gaps);
    }
    asked
}

/// From here, or from the node that it is seen from.
async fn look(reading: &Reading<'_>, endpoint: &Endpoint) -> Result<Presented, ProbeError> {
    let Some(name) = &endpoint.node else { return tls::presented(endpoint, reading.wanted.patience()).await };
    let unreachable = |why: String| ProbeError::Unreachable { address: endpoint.address(), why };
    let member = reading.wanted.members.iter().find(|member| member.name.as_ref() == Some(name));
    let Some(member) = member else {
        return Err(unreachable(format!("it is seen from the node {name} only; name that with --ssh")));
    };
    let from_there = Endpoint { node: None, ..endpoint.clone() };
    match member.node.run(NodeOp::Probe { endpoints: vec![from_there.to_string()] }).await {
        Ok(NodeReply::Probed(outcomes)) => {
            outcomes.into_iter().next().unwrap_or_else(|| Err(unreachable("the node says nothing of it".to_owned())))
        }
        Ok(_) => Err(unreachable("the node answers something else".to_owned())),
        Err(error) => Err(unreachable(error.message)),
    }
}

fn gather(inventory: &mut Inventory, asked: &Asked, presented: Presented) {
    let Presented { chain, version, client_authorities, unproven } = presented;
    let at = Location::from(Place::Endpoint(asked.endpoint.clone()));
    let content = Content { certificates: chain, ..Content::default() };
    let found = Found {
        at: at.clone(),
        content: &content,
        // Mostly the handshake has shown that the server has the key; the key itself is not ours to see.
        key: Key::None,
        kind: Kind::Chain,
        origin: Origin::default(),
        digest: None,
    };
    add(inventory, found);
    if let Some(why) = unproven {
        let message = format!("it presents this, and has not shown that it has the key: {why}");
        inventory.gaps.push(Gap { at: at.clone(), reason: GapReason::ReadFailed, message });
    }
    for bundle in &asked.bundles {
        inventory.edges.push(TrustEdge { bundle: bundle.clone(), presented: at.clone() });
    }
    let named = |der: &Vec<u8>| name::of_der(der).unwrap_or_else(|| format!("#{}", hex::encode(der)));
    let client_authorities = client_authorities.map(|names| names.iter().map(named).collect());
    if version.is_some() {
        inventory.handshakes.insert(at, Handshake { version, client_authorities });
    }
}

/// What a row found to look at, and what it could not see.
#[derive(Default)]
struct Part {
    asked: Vec<Asked>,
    gaps: Vec<Gap>,
}

impl Part {
    /// Objects of this kind; none, and a gap at `at`, where they cannot be had.
    async fn list<T: serde::de::DeserializeOwned>(&mut self, cluster: &Cluster, path: &str, at: Endpoint) -> Vec<T> {
        match cluster.get::<Items<T>>(path).await {
            Ok(list) => list.items.unwrap_or_default(),
            // A cluster without this API has nothing of it.
            Err(error) if error.reason == GapReason::NotFound => Vec::new(),
            Err(error) => {
                self.gaps.push(error.gap(Location::from(Place::Endpoint(at))));
                Vec::new()
            }
        }
    }
}

#[derive(serde::Deserialize)]
struct Items<T> {
    // Null where a server written in Go has none.
    items: Option<Vec<T>>,
}

/// Any of these, for gaps about all of them.
fn any_host(port: u16) -> Endpoint {
    Endpoint::tls("*", port)
}

#[cfg(test)]
mod tests {
    use super::asked::Silence;
    use super::*;

    fn refused(endpoint: &Endpoint) -> ProbeError {
        ProbeError::Unreachable { address: endpoint.address(), why: "connection refused".to_owned() }
    }

    fn told(asked: &[Asked], answered: &[Group]) -> Vec<(String, String)> {
        let silent: Vec<_> = asked.iter().map(|asked| (asked.clone(), refused(&asked.endpoint))).collect();
        asked::gaps(&silent, answered).into_iter().map(|gap| (gap.at.to_string(), gap.message)).collect()
    }

    #[test]
    fn who_is_outside_of_the_cluster_is_told_so_once() {
        let asked: Vec<Asked> =
            ["10.0.0.1", "10.0.0.2"].map(|host| Asked::of(Endpoint::tls(host, 8443), Group::Services)).into();
        let [(at, message)] = told(&asked, &[]).try_into().expect("one gap");
        assert_eq!(at, "tls://10.0.0.1:8443");
        assert!(message.contains("none of 2") && message.contains("on a node"), "{message}");
        assert_eq!(told(&asked, &[Group::Services]).len(), 2, "inside, each that is silent counts");
        assert_eq!(told(&asked, &[Group::Kubelets]).len(), 1);
    }

    #[test]
    fn what_need_not_be_there_is_missed_by_nobody_unless_it_answers_with_nonsense() {
        let asked = Asked::of(Endpoint::tls("10.0.0.1", 10257), Group::OnNodes);
        assert_eq!(told(std::slice::from_ref(&asked), &[]), []);
        let error = ProbeError::NoHandshake { address: "10.0.0.1:10257".to_owned(), why: "not TLS".to_owned() };
        assert_eq!(asked::gaps(&[(asked, error)], &[]).len(), 1);
    }

    #[test]
    fn what_is_asked_twice_is_looked_at_once_and_the_stronger_wish_counts() {
        let endpoint = Endpoint::tls("10.0.0.1", 10250);
        let bundle = |name: &str| Some(Location::file(name));
        let asked = asked::each_once(vec![
            Asked::of(endpoint.clone(), Group::OnNodes).verified_with(bundle("a")),
            Asked::alone(endpoint.clone()).verified_with(bundle("b")),
            Asked::of(endpoint, Group::Kubelets).verified_with(bundle("a")),
        ]);
        let [one] = asked.try_into().expect("one");
        assert_eq!((one.bundles.len(), one.silence), (2, Silence::Gap));
    }
}
