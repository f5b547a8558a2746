//! How what was written comes into use: by itself, at once or later, or by a restart; and by what that is proven.

use super::action::Restart;
use super::renew::Asked;
use super::{Action, Condition, LeftAlone, Step, Undo, World};
use crate::model::{Evidence, IdentityStore, Location, Purpose, Span, TakesEffect, Use};

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

/// Restarts of what reads its identity at start only; without a container there is nobody to start it again.
pub(super) fn restarts(
    world: &World,
    asked: &Asked<'_>,
    places: &[&Location],
    left_alone: &mut Vec<LeftAlone>,
) -> Vec<Step> {
    let mut steps = Vec::new();
    let running = world.inventory.uses.iter().filter(|use_| {
        places.contains(&&use_.place)
            && use_.takes_effect == TakesEffect::Restart
            && use_.loaded.evidence != Evidence::NotRunning
            && matches!(use_.purpose, Purpose::ClientOf { .. })
    });
    for use_ in running {
        let path = use_.place.path().unwrap_or_default().to_owned();
        if !asked.running_machine || use_.component == "kubelet" {
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
        steps.push(Step {
            id: format!("restart-{}", use_.component),
            title: format!("restart {}", use_.component),
            actions: vec![Action::Restart(Restart { component: use_.component.clone(), path })],
            expects: Vec::new(),
            undo: Undo::Restart(use_.component.clone()),
            impact: format!(
                "{} is away for about 2 s; another control-plane node's takes over meanwhile",
                use_.component
            ),
            pending_seconds: None,
        });
    }
    steps
}

/// A handshake with each server that runs from what was written.
pub(super) fn proof(world: &World, places: &[&Location]) -> Vec<Condition> {
    let served = world.inventory.uses.iter().filter(|use_| places.contains(&&use_.place));
    served
        .filter_map(|use_| match (&use_.purpose, use_.loaded.evidence) {
            (Purpose::Serve { address: Some(address) }, evidence) if evidence != Evidence::NotRunning => {
                Some(Condition::Presents { address: address.clone(), at: use_.place.clone() })
            }
            _ => None,
        })
        .collect()
}
