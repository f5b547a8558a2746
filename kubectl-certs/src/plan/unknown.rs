//! What was named and is not there, and what was wished for and has no meaning here: said, never passed over.

use super::World;
use super::candidates::{Candidate, operators_left_alone, unread};
use super::renew::Asked;
use crate::error::Error;
use crate::layouts::{self, operator};
use crate::request::Renew;

/// What the request alone tells, before any node is asked.
pub fn refuse_senseless(request: &Renew) -> Result<(), Error> {
    let is_known =
        |name: &&String| *name == operator::NAME || layouts::ALL.iter().any(|layout| layout.leaf(name).is_some());
    if let Some(name) = request.only.iter().find(|name| !is_known(name)) {
        let ours = layouts::ALL.iter().filter(|layout| layout.renewed_by.is_none());
        let has_place = |leaf: &&layouts::Leaf| !matches!(leaf.store, layouts::Store::NoUsualPlace);
        let known = ours.flat_map(|layout| layout.leaves).filter(has_place).map(|leaf| leaf.name);
        let known: Vec<&str> = known.chain([operator::NAME]).collect();
        return Err(Error::usage(format!("no leaf is called '{name}'"))
            .hint(format!("leaves that are known: {}", known.join(", ")))
            .hint("files and what else has another name are targets: kubectl certs renew TARGET"));
    }
    if request.drain.is_some() && !request.restart {
        return Err(Error::usage("nothing is drained unless API servers are restarted: drain needs restart"));
    }
    if request.restart && request.requests {
        return Err(Error::usage("nothing is restarted for requests: what is in use stays as it is").hint(
            "kubectl certs renew --signed DIR --restart restarts the API servers once the certificates have come",
        ));
    }
    Ok(())
}

/// What takes a look at the nodes.
pub(super) fn refuse(world: &World, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Result<(), Error> {
    let request = asked.request;
    if let Some(name) = request.nodes.iter().find(|name| !asked.nodes.contains(name)) {
        let known = match asked.nodes.as_slice() {
            [] => "none has a name here: nodes do that are reached by --ssh or --nodes".to_owned(),
            nodes => format!("the nodes of this run are {}", nodes.join(", ")),
        };
        return Err(Error::usage(format!("no node is called '{name}'")).hint(known));
    }
    if request.restart && !asked.is_running_machine() {
        return Err(Error::usage(format!(
            "{} is a disk in a folder, not a running machine: there is nothing to restart",
            asked.root
        ))
        .hint("leave --restart out; what runs from this disk later reads the new certificates when it starts"));
    }
    if request.only.iter().any(|name| name == operator::NAME) {
        refuse_no_operator(world, asked, candidates)?;
    }
    let is_there = |name: &String| {
        let unread = unread(world, asked);
        candidates.iter().any(|candidate| candidate.leaf.name == name)
            || unread.iter().any(|(unread, _)| unread == name || unread.starts_with(&format!("{name} on ")))
    };
    match request.only.iter().find(|name| asked.named.is_none() && !is_there(name)) {
        Some(name) => Err(Error::refused(format!("there is no {name} on {}", places(asked)))
            .hint("kubectl certs list shows what is there; leave this name out to renew the others")),
        None => Ok(()),
    }
}

/// Nobody names it for nothing, so whatever stands in the way is said.
fn refuse_no_operator(world: &World, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Result<(), Error> {
    if candidates.iter().any(|candidate| candidate.leaf.name == operator::NAME) {
        return Ok(());
    }
    let name = operator::NAME;
    if let Some(left) = operators_left_alone(world, asked, candidates) {
        return Err(Error::refused(format!("{name} cannot be renewed: {}", left.why))
            .about(&left.at)
            .hint("the user of the context is meant: --kubeconfig, --context and --user name another one"));
    }
    let request = asked.request;
    if request.requests || !request.signed.is_empty() {
        return Err(Error::refused(format!("{name} cannot be renewed by an authority elsewhere yet"))
            .hint("leave this name out, and bring the new certificate into your kubeconfig by hand"));
    }
    if !request.nodes.is_empty() || !asked.is_running_machine() {
        return Err(Error::usage(format!("{name} is on this machine, and only others were asked for"))
            .hint("leave out --node or --root, or this name"));
    }
    Err(Error::refused(format!(
        "there is no {name} here: no kubeconfig is in use, or it is a leaf of this node's by another name"
    ))
    .hint("name one with --kubeconfig; kubectl certs list shows the leaves of a node"))
}

fn places(asked: &Asked<'_>) -> String {
    let Asked { request, nodes, root, .. } = asked;
    match (request.nodes.as_slice(), nodes.as_slice(), *root) {
        ([], [], "/") => "this machine".to_owned(),
        ([], [], root) => root.to_owned(),
        ([], nodes, _) | (nodes, ..) => nodes.join(", "),
    }
}
