//! How what was written comes into use: by itself, at once or later, or by a restart; and by what that is proven.

use super::action::{DrainFirst, Restart};
use super::renew::Asked;
use super::{Action, Condition, LeftAlone, Step, Undo, World};
use crate::model::{Evidence, IdentityStore, Location, Purpose, Span, TakesEffect, Use, host_and_port};

const API_SERVER: &str = "kube-apiserver";
/// Health checks once a second, two failures in a row, and some to spare.
const LOAD_BALANCERS_NOTICE: u16 = 4;
/// From its end until it is ready again, in seconds, as seen on Kubernetes 1.36.
const API_SERVER_STARTS: u32 = 7;

/// What people and components notice of a renewal.
pub(super) fn impact(uses: &[&Use], store: &IdentityStore) -> String {
    let mut running: Vec<String> = uses
        .iter()
        .filter(|use_| use_.loaded.evidence != Evidence::NotRunning)
        .map(|use_| match use_.takes_effect {
            TakesEffect::EachHandshake => format!("{} uses it from the next connection", use_.component),
            TakesEffect::Watch => format!("{} notices within seconds, without a restart", use_.component),
            TakesEffect::Timer { seconds } => {
                format!("{} notices within {}", use_.component, Span(i64::from(seconds)))
            }
            TakesEffect::Restart => format!("{} needs a restart", use_.component),
        })
        .collect();
    running.dedup();
    match (running.is_empty(), store) {
        (false, _) => running.join("; "),
        // Nobody can be seen to use it: people do, and they tend to have copies.
        (true, IdentityStore::Kubeconfig { .. }) if uses.is_empty() => {
            "copies of it elsewhere (~/.kube/config) keep the old certificate".to_owned()
        }
        (true, _) => "no process here uses it; it is read at the next start".to_owned(),
    }
}

/// Restarts of what reads its identity at start only, node by node; without a container or a service there is nobody to
/// start it again.
pub(super) fn restarts(
    world: &World,
    asked: &Asked<'_>,
    written: &[&Location],
    remade: Vec<Step>,
    left_alone: &mut Vec<LeftAlone>,
) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let running = world.inventory.uses.iter().filter(|use_| {
        written.contains(&&use_.place)
            && use_.takes_effect == TakesEffect::Restart
            && use_.loaded.evidence != Evidence::NotRunning
            && matches!(use_.purpose, Purpose::ClientOf { .. })
    });
    for use_ in running {
        let Some(file) = use_.place.whole_file() else { continue };
        if !asked.is_running_machine() {
            left_alone.push(LeftAlone {
                at: use_.place.clone(),
                name: use_.component.clone(),
                why: format!(
                    "{} reads this only at its start and is not restarted from here: restart it yourself",
                    use_.component
                ),
            });
            continue;
        }
        // One start is enough, also where it reads several of the files.
        let node = file.node();
        let same = |step: &Step| step.node.as_deref() == node && restarted(step) == Some(&use_.component);
        if remade.iter().chain(&steps).any(same) {
            continue;
        }
        steps.push(restart(world, &use_.component, file));
    }
    steps.extend(remade);
    steps.sort_by(|a, b| a.node.cmp(&b.node));
    steps
}

fn restart(world: &World, component: &str, file: Location) -> Step {
    let on = file.node().map_or_else(String::new, |node| format!(" on {node}"));
    let at = file.node().map_or_else(String::new, |node| format!("@{node}"));
    let away = match component {
        "kubelet" => "its containers keep running".to_owned(),
        _ if runs_elsewhere(world, component, &file) => "another control-plane node's takes over meanwhile".to_owned(),
        _ => format!("no other {component} is known here: if it is the only one, its work waits meanwhile"),
    };
    Step {
        id: format!("restart-{component}{at}"),
        node: file.node().map(str::to_owned),
        title: format!("restart {component}{on}"),
        actions: vec![Action::Restart(Restart { component: component.to_owned(), at: file, drain: None })],
        expects: Vec::new(),
        undo: Undo::Restart(component.to_owned()),
        impact: format!("{component} is away for about 2 s; {away}"),
        pending_seconds: None,
    }
}

/// On another of the nodes that were read; of others nothing is known.
fn runs_elsewhere(world: &World, component: &str, file: &Location) -> bool {
    world.inventory.uses.iter().any(|use_| {
        use_.component == component && use_.place.node() != file.node() && use_.loaded.evidence != Evidence::NotRunning
    })
}

/// Restarts of API servers, which would take notice by themselves, because somebody wants to see that they start from what
/// was written. Those that use nothing of it are named.
pub(super) fn forced(
    world: &World,
    asked: &Asked<'_>,
    written: &[&Location],
    left_alone: &mut Vec<LeftAlone>,
) -> Vec<Step> {
    if !asked.request.restart {
        return Vec::new();
    }
    let seconds = asked.request.drain.map_or(LOAD_BALANCERS_NOTICE, |span| u16::try_from(span.0).unwrap_or(u16::MAX));
    let mut steps: Vec<Step> = Vec::new();
    let servers = api_servers(world, asked);
    if servers.is_empty() {
        left_alone.push(LeftAlone {
            at: Location::file(asked.root),
            name: API_SERVER.to_owned(),
            why: "it is not restarted: none runs on the nodes that are meant".to_owned(),
        });
    }
    for (node, address, place) in servers {
        let Some((_, port)) = host_and_port(address) else { continue };
        let own = |use_: &&Use| use_.component == API_SERVER && use_.place.node() == node;
        // All of it is written by then: what is written last tells that the process is younger than the rest too.
        let last =
            written.iter().rev().find(|at| world.inventory.uses.iter().filter(own).any(|use_| use_.place == ***at));
        let Some(file) = last.and_then(|at| at.whole_file()) else {
            left_alone.push(LeftAlone {
                at: place.clone(),
                name: node.map_or_else(|| API_SERVER.to_owned(), |node| format!("{API_SERVER} on {node}")),
                why: "it is not restarted: no certificate that it uses is renewed in this run".to_owned(),
            });
            continue;
        };
        let drain = Some(DrainFirst { port, seconds });
        let mut step = restart(world, API_SERVER, file.clone());
        let clients = if runs_elsewhere(world, API_SERVER, &file) {
            "and its clients go to the other API servers"
        } else {
            "and no other API server is known here: if it is the only one, nobody answers meanwhile"
        };
        step.actions = vec![Action::Restart(Restart { component: API_SERVER.to_owned(), at: file, drain })];
        // It reads again what was put back, as it read what was written.
        step.undo = Undo::Nothing;
        step.impact = format!(
            "{address} turns new connections away for about {} s, {clients}",
            u32::from(seconds) + API_SERVER_STARTS
        );
        steps.push(step);
    }
    steps
}

/// Those that run on the nodes that are meant: node, address and serving certificate.
fn api_servers<'a>(world: &'a World, asked: &Asked<'_>) -> Vec<(Option<&'a str>, &'a String, &'a Location)> {
    let nodes = &asked.request.nodes;
    let uses = world.inventory.uses.iter().filter(|use_| {
        use_.component == API_SERVER
            && use_.loaded.evidence != Evidence::NotRunning
            && (nodes.is_empty() || use_.place.node().is_some_and(|node| nodes.iter().any(|name| name == node)))
    });
    let mut found: Vec<(Option<&str>, &String, &Location)> = Vec::new();
    for use_ in uses {
        let Purpose::Serve { address: Some(address) } = &use_.purpose else { continue };
        if !found.iter().any(|(node, ..)| *node == use_.place.node()) {
            found.push((use_.place.node(), address, &use_.place));
        }
    }
    found
}

/// The component that starts anew in this step.
pub(super) fn restarted(step: &Step) -> Option<&String> {
    step.actions.iter().find_map(|action| match action {
        Action::Restart(restart) => Some(&restart.component),
        Action::Remake(remake) => Some(&remake.component),
        _ => None,
    })
}

/// A handshake with each server that runs from what was written or made anew.
pub(super) fn proof(world: &World, written: &[&Location], restarts: &[Step]) -> Vec<Condition> {
    let remade: Vec<&Location> = restarts
        .iter()
        .flat_map(|step| &step.actions)
        .filter_map(|action| match action {
            Action::Remake(remake) => Some(&remake.at),
            _ => None,
        })
        .collect();
    let served =
        world.inventory.uses.iter().filter(|use_| written.contains(&&use_.place) || remade.contains(&&use_.place));
    served
        .filter_map(|use_| match (&use_.purpose, use_.loaded.evidence) {
            (Purpose::Serve { address: Some(address) }, evidence) if evidence != Evidence::NotRunning => {
                Some(Condition::Presents { address: address.clone(), at: use_.place.clone() })
            }
            _ => None,
        })
        .collect()
}
