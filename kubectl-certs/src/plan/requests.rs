//! Which requests for certificates are to be made, for an authority that signs elsewhere. Pure; nothing is in use
//! afterwards, so there is nothing to rehearse.

use super::candidates::{Candidate, candidates, no_leaves, not_chosen, refuse_same_names};
use super::condition::NewKey;
use super::renew::Asked;
use super::{LeftAlone, World, leaf, unknown, wishes};
use crate::error::Error;
use crate::layouts::Renewal;
use crate::model::{IdentityStore, Location, ServerName, Time};

/// One request, and what it is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// `LEAF`, with `@NODE` where there are several nodes: what the authority's answer is called too.
    pub name: String,
    /// The name of the leaf, under which its node keeps the key.
    pub leaf: String,
    pub at: Location,
    pub store: IdentityStore,
    pub key: NewKey,
    pub added_names: Vec<ServerName>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    pub wanted: Vec<Wanted>,
    pub left_alone: Vec<LeftAlone>,
}

pub fn requests(world: &World, asked: &Asked<'_>, now: Time) -> Result<Requests, Error> {
    let candidates = candidates(world, asked);
    unknown::refuse_senseless(asked.request)?;
    unknown::refuse(world, asked, &candidates)?;
    wishes::refuse(asked, &candidates)?;
    let mut requests = Requests { left_alone: no_leaves(world, asked, &candidates), ..Requests::default() };
    let mut chosen = Vec::new();
    for candidate in &candidates {
        match not_wanted(asked, candidate, now) {
            Some(why) => requests.left_alone.push(candidate.left_alone(why)),
            None => chosen.push(candidate),
        }
    }
    refuse_same_names(&chosen)?;
    for candidate in chosen {
        let store = leaf::store(candidate);
        // All that will be replaced is there and readable: better known now than when the certificate has come.
        leaf::expected(candidate.entry, &store)?;
        requests.wanted.push(Wanted {
            name: if asked.nodes.len() > 1 { candidate.id() } else { candidate.leaf.name.to_owned() },
            leaf: candidate.leaf.name.to_owned(),
            at: candidate.entry.at.clone(),
            store,
            key: wishes::key(asked.request, candidate.entry)?,
            added_names: wishes::added_names(asked.request, candidate.certificate),
        });
    }
    Ok(requests)
}

fn not_wanted(asked: &Asked<'_>, candidate: &Candidate<'_>, now: Time) -> Option<String> {
    match candidate.leaf.renewal {
        Renewal::ByItself { .. } => Some(
            "the kubelet makes its key and its request by itself; no authority is asked for it from here".to_owned(),
        ),
        Renewal::ByAuthority => not_chosen(asked, candidate, now),
    }
}
