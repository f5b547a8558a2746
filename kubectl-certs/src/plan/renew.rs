//! Planning leaf renewals: which leaves, by which authority, until when; then what must be restarted; then the proof.

use super::candidates::{
    Candidate, candidates, leave_second_users, no_leaves, not_chosen, operators_left_alone, refuse_shared_files,
    serves_elsewhere, unread,
};
use super::leaf::{Planned, step};
use super::signed::{self, KeptRequest};
use super::{LeftAlone, Phase, Plan, Step, World, activate, elsewhere, unknown, wishes};
use crate::error::Error;
use crate::findings::Finding;
use crate::model::{Location, Span, Time};
use crate::request::{API, Renew};

/// Peers whose clocks are behind must accept it too; kubeadm's own figure (`CertificateBackdate`).
pub const BACK_DATED: Span = Span::minutes(5);

/// What planning needs to know that is not in the world: which rows were named, and what is wrong.
pub struct Asked<'a> {
    pub request: &'a Renew,
    /// Where the disk is seen, `/` for running machines: components can be restarted on those.
    pub root: &'a str,
    /// The machines, where they are reached from elsewhere.
    pub nodes: Vec<String>,
    /// Entries that a target named; none when no target was given.
    pub named: Option<Vec<Location>>,
    pub findings: &'a [Finding],
    /// Keys that wait for certificates; known where certificates came.
    pub kept: &'a [KeptRequest],
    /// The operator's own kubeconfig, where it is known already that it cannot be renewed.
    pub own: Option<&'a LeftAlone>,
}

impl Asked<'_> {
    pub(super) fn is_running_machine(&self) -> bool {
        self.root == "/"
    }
}

pub fn plan(world: &World, asked: &Asked<'_>, now: Time) -> Result<Plan, Error> {
    let candidates = candidates(world, asked);
    if candidates.is_empty() && asked.named.is_some() {
        return Err(Error::refused(
            "none of the targets is a leaf certificate of a known layout, so there is nothing to renew with",
        )
        .hint(
            "kubectl certs list shows what is there; leaves of kubeadm have names such as apiserver and admin.conf",
        ));
    }
    unknown::refuse_senseless(asked.request)?;
    unknown::refuse(world, asked, &candidates)?;
    wishes::refuse(asked, &candidates)?;
    let mut left_alone = Vec::new();
    let mut external = Vec::new();
    let mut steps = Vec::new();
    let mut remade = Vec::new();
    let renewed: &[Candidate<'_>] = if asked.request.signed.is_empty() { &candidates } else { &[] };
    for candidate in renewed {
        if let Some(why) = not_chosen(asked, candidate, now) {
            left_alone.push(candidate.left_alone(why));
            continue;
        }
        match step(world, asked, candidate, now)? {
            Planned::Step(step) => steps.push((candidate, step)),
            Planned::Remake(_) if wishes::of_key(asked.request) => {
                left_alone.push(candidate.left_alone("the kubelet makes its key and certificate by itself".to_owned()));
            }
            Planned::Remake(step) => remade.push(step),
            // One pair that is not whole must not keep the others from being renewed.
            Planned::Not(error) if asked.named.is_none() && asked.request.only.is_empty() => {
                left_alone.push(candidate.left_alone(error.message));
            }
            Planned::Not(error) => return Err(error),
            Planned::External(authority) if asked.named.is_none() && serves_elsewhere(candidate, &candidates) => {
                left_alone.push(candidate.left_alone(format!(
                    "the servers that it is a client of are not on this disk, nor is the private key of their authority \
                     {authority}: renew it there, and bring the new pair here"
                )));
            }
            Planned::External(authority) => external.push((candidate, authority)),
        }
    }
    for (name, gap) in unread(world, asked) {
        let why = format!("it cannot be read ({}): {}", gap.reason.code(), gap.message);
        if !asked.request.only.is_empty() {
            return Err(Error::unreadable(format!("{name} cannot be renewed: {}: {why}", gap.at)).about(&gap.at));
        }
        left_alone.push(LeftAlone { at: gap.at.clone(), name, why });
    }
    if !asked.request.signed.is_empty() {
        steps = signed::steps(world, asked, &candidates, now, &mut left_alone)?;
    }
    left_alone.extend(elsewhere::left_alone(world, asked));
    left_alone.extend(no_leaves(world, asked, &candidates));
    left_alone.extend(operators_left_alone(world, asked, &candidates));
    if !external.is_empty() {
        return Err(refuse_external(&external));
    }
    let steps = leave_second_users(steps, &mut left_alone);
    refuse_shared_files(&steps)?;
    let mut request = asked.request.clone();
    request.scope.at = Some(now);
    Ok(Plan {
        api: API.to_owned(),
        request,
        at: now,
        root: asked.root.to_owned(),
        nodes: asked.nodes.clone(),
        phases: phases(world, asked, steps, remade, &mut left_alone),
        left_alone,
    })
}

fn phases(
    world: &World,
    asked: &Asked<'_>,
    steps: Vec<(&Candidate<'_>, Step)>,
    remade: Vec<Step>,
    left_alone: &mut Vec<LeftAlone>,
) -> Vec<Phase> {
    let written: Vec<&Location> = steps.iter().map(|(candidate, _)| &candidate.entry.at).collect();
    let restarts = activate::restarts(world, asked, &written, remade, left_alone);
    let proof = activate::proof(world, &written, &restarts);
    let mut phases = Vec::new();
    if !steps.is_empty() {
        phases.push(Phase {
            name: "renew".to_owned(),
            why: "new certificates under the same authorities, with everything else as it was".to_owned(),
            gate: Vec::new(),
            steps: steps.into_iter().map(|(_, step)| step).collect(),
        });
    }
    if !restarts.is_empty() {
        phases.push(Phase {
            name: "restart".to_owned(),
            why: "these components read their identity only when they start; one node after the other, its controller \
                  manager and scheduler together"
                .to_owned(),
            gate: Vec::new(),
            steps: restarts,
        });
    }
    let forced = activate::forced(world, asked, &written, left_alone);
    if !forced.is_empty() {
        phases.push(Phase {
            name: "restart API servers".to_owned(),
            why: "asked for; each is drained first, and the next one waits until it is back".to_owned(),
            gate: Vec::new(),
            steps: forced,
        });
    }
    if !proof.is_empty() {
        phases.push(Phase {
            name: "prove".to_owned(),
            why: "the servers must present what was written".to_owned(),
            gate: proof,
            steps: Vec::new(),
        });
    }
    phases
}

fn refuse_external(external: &[(&Candidate<'_>, String)]) -> Error {
    let mut authorities: Vec<&str> = external.iter().map(|(_, authority)| authority.as_str()).collect();
    authorities.sort_unstable();
    authorities.dedup();
    let leaves: Vec<&str> = external.iter().map(|(candidate, _)| candidate.leaf.name).collect();
    Error::refused(format!(
        "{} cannot be renewed here: the private key of {} is not on this disk (an external authority)",
        leaves.join(", "),
        authorities.join(" and ")
    ))
    .about(&external[0].0.entry.at)
    .hint("kubectl certs renew --csr-out DIR makes the new keys on the nodes and writes the requests; have the authority sign them, then kubectl certs renew --signed DIR checks the certificates and puts them in place")
    .hint("by hand: kubeadm certs generate-csr --kubeconfig-dir DIR --cert-dir DIR, and put certificates and new keys in place")
    .hint("or run this where the authority's key is; leaves of other authorities can be renewed by naming them as targets")
}
