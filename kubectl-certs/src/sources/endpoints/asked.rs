//! One server that is to be looked at, and what is said where it does not answer.

use std::collections::BTreeMap;

use crate::access::tls::ProbeError;
use crate::model::{Endpoint, Gap, GapReason, Location, Place};

#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) endpoint: Endpoint,
    /// What its callers verify it with.
    pub(super) bundles: Vec<Location>,
    pub(super) silence: Silence,
}

/// What it means that nothing can be seen there, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Silence {
    /// As of the others of its group.
    Of(Group),
    Gap,
}

/// Servers that can be reached from the same places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    /// Ports that need not be open, or are for the node itself.
    OnNodes,
    Services,
    Kubelets,
    ApiServers,
}

impl Group {
    /// That no connection comes about is nothing to speak of.
    fn is_optional(self) -> bool {
        self == Self::OnNodes
    }

    fn plural(self) -> &'static str {
        match self {
            Self::OnNodes => "ports of nodes",
            Self::Services => "addresses behind webhooks and aggregated APIs",
            Self::Kubelets => "kubelets",
            Self::ApiServers => "API servers",
        }
    }

    fn way_in(self) -> &'static str {
        match self {
            Self::Services => {
                "they are addresses inside of the cluster, and this program sees them when it runs on a node"
            }
            Self::OnNodes | Self::Kubelets | Self::ApiServers => {
                "run this on a node, or name nodes with --ssh or --nodes, which look at their own ports"
            }
        }
    }
}

impl Asked {
    /// That it does not answer is always told.
    pub(super) fn alone(endpoint: Endpoint) -> Self {
        Self { endpoint, bundles: Vec::new(), silence: Silence::Gap }
    }

    pub(super) fn of(endpoint: Endpoint, group: Group) -> Self {
        Self { silence: Silence::Of(group), ..Self::alone(endpoint) }
    }

    pub(super) fn verified_with(mut self, bundle: Option<Location>) -> Self {
        self.bundles.extend(bundle);
        self
    }

    pub(super) fn group(&self) -> Option<Group> {
        match self.silence {
            Silence::Of(group) => Some(group),
            Silence::Gap => None,
        }
    }
}

/// Several may name one server.
pub(super) fn each_once(asked: Vec<Asked>) -> Vec<Asked> {
    let mut by_endpoint: BTreeMap<Endpoint, Asked> = BTreeMap::new();
    for next in asked {
        match by_endpoint.get_mut(&next.endpoint) {
            Some(known) => {
                known.silence = known.silence.max(next.silence);
                known.bundles.extend(next.bundles);
                known.bundles.sort();
                known.bundles.dedup();
            }
            None => {
                by_endpoint.insert(next.endpoint.clone(), next);
            }
        }
    }
    by_endpoint.into_values().collect()
}

/// Who stands outside is told so once for each group, and not once for each address.
pub(super) fn gaps(silent: &[(Asked, ProbeError)], answered: &[Group]) -> Vec<Gap> {
    let is_outside = |group: Group| !answered.contains(&group);
    let mut gaps = Vec::new();
    let mut outside: BTreeMap<Group, Vec<(&Asked, &ProbeError)>> = BTreeMap::new();
    for (asked, error) in silent {
        let is_reached = matches!(error, ProbeError::NoHandshake { .. });
        match asked.group() {
            Some(group) if !is_reached && group.is_optional() => {}
            Some(group) if !is_reached && is_outside(group) => outside.entry(group).or_default().push((asked, error)),
            _ => gaps.push(gap(asked, error.to_string())),
        }
    }
    for (group, silent) in outside {
        let [(first, error), more @ ..] = silent.as_slice() else { continue };
        let message = match more.len() {
            0 => format!("{error}; {}", group.way_in()),
            more => format!(
                "none of {} {} could be reached from here ({error}); {}",
                more + 1,
                group.plural(),
                group.way_in()
            ),
        };
        gaps.push(gap(first, message));
    }
    gaps
}

fn gap(asked: &Asked, message: String) -> Gap {
    let at = Location::from(Place::Endpoint(asked.endpoint.clone()));
    Gap { at, reason: GapReason::Unreachable, message }
}
