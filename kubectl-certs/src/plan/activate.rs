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
        steps.push(restart(&use_.component, file));
    }
    steps.extend(remade);
    steps.sort_by(|a, b| a.node.cmp(&b.node));
    steps
}

fn restart(component: &str, file: Location) -> Step {
    let on = file.node().map_or_else(String::new, |node| format!(" on {node}"));
    let at = file.node().map_or_else(String::new, |node| format!("@{node}"));
    let away = match component {
        "kubelet" => "its containers keep running",
        _ => "another control-plane node's takes over meanwhile",
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

/// Restarts of what would take notice by itself, because somebody wants to see that it starts from what was written.
pub(super) fn forced(world: &World, asked: &Asked<'_>, written: &[&Location]) -> Vec<Step> {
    if !asked.request.restart || !asked.is_running_machine() {
        return Vec::new();
    }
    let seconds = asked.request.drain.map_or(LOAD_BALANCERS_NOTICE, |span| u16::try_from(span.0).unwrap_or(u16::MAX));
    let mut steps: Vec<Step> = Vec::new();
    for use_ in world.inventory.uses.iter().filter(|use_| written.contains(&&use_.place)) {
        let Purpose::Serve { address: Some(address) } = &use_.purpose else { continue };
        let (Some((_, port)), Some(file)) = (host_and_port(address), use_.place.whole_file()) else { continue };
        if use_.component != API_SERVER || use_.loaded.evidence == Evidence::NotRunning {
            continue;
        }
        let drain = Some(DrainFirst { port, seconds });
        let mut step = restart(&use_.component, file.clone());
        step.actions = vec![Action::Restart(Restart { component: use_.component.clone(), at: file, drain })];
        // It reads again what was put back, as it read what was written.
        step.undo = Undo::Nothing;
        step.impact = format!(
            "{address} turns new connections away for about {} s, and its clients go to the other API servers",
            u32::from(seconds) + API_SERVER_STARTS
        );
        steps.push(step);
    }
    steps
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
