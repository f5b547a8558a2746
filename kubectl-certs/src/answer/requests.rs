//! Requests for an authority that signs elsewhere: made on the nodes, and the answers to them.

use super::change::Seen;
use crate::access::Access;
use crate::access::nodes::{Fleet, NodeOp, NodeReply};
use crate::error::Error;
use crate::formats::certificate::key_id;
use crate::formats::signing_request;
use crate::model::Inventory;
use crate::plan::requests::{Wanted, requests as wanted};
use crate::plan::signed::{KeptRequest, leaf_of};
use crate::report::{Report, RequestMade, RequestsMade};
use crate::request::{Mode, Renew};

/// Nothing that is in use changes, so there is nothing to agree to.
pub(super) async fn requests(request: &Renew, access: &Access) -> Result<Report, Error> {
    let seen = Seen::of(request, access).await?;
    let wanted = wanted(&seen.world, &seen.asked(request), seen.now)?;
    let mut requests = Vec::new();
    for wanted in &wanted.wanted {
        requests.push(match request.mode {
            Mode::Plan => imagined(wanted, &seen),
            Mode::Apply => made(wanted, &seen).await?,
        });
    }
    let gaps = seen.world.inventory.gaps.clone();
    Ok(Report::Requests(RequestsMade { requests, left_alone: wanted.left_alone, gaps }))
}

async fn made(wanted: &Wanted, seen: &Seen) -> Result<RequestMade, Error> {
    let failed = |message: String| Error::failed(format!("{}: {message}", wanted.at)).about(&wanted.at);
    let node = seen.fleet.node(wanted.at.node()).map_err(|error| failed(error.message))?;
    let op = NodeOp::KeepRequest {
        name: wanted.leaf.clone(),
        store: wanted.store.clone(),
        key: wanted.key.choice().ok_or_else(|| failed("a key that exists is not made".to_owned()))?,
        added_names: wanted.added_names.clone(),
    };
    let reply = node.run(op).await.map_err(|error| {
        let refused = Error::new((&error).into(), format!("no request for {}: {}", wanted.at, error.message));
        error.hints.iter().fold(refused, Error::hint).about(&wanted.at)
    })?;
    let NodeReply::Request(der) = reply else {
        return Err(failed("the node answered another question than the one it was asked".to_owned()));
    };
    let asks = signing_request::parse(&der).map_err(|error| failed(error.to_string()))?;
    Ok(RequestMade {
        name: wanted.name.clone(),
        leaf: wanted.leaf.clone(),
        at: wanted.at.clone(),
        subject: asks.subject,
        names: [asks.dns_names, asks.ip_addresses, asks.other_names].concat(),
        was_kept: is_kept(wanted, seen),
        request: Some(signing_request::pem(&der)),
        file: None,
    })
}

/// What would be asked, as far as it is known before there is a key.
fn imagined(wanted: &Wanted, seen: &Seen) -> RequestMade {
    let old = seen.world.leaf(&wanted.at);
    let names = old.map(|old| [&old.dns_names[..], &old.ip_addresses, &old.other_names].concat()).unwrap_or_default();
    RequestMade {
        name: wanted.name.clone(),
        leaf: wanted.leaf.clone(),
        at: wanted.at.clone(),
        subject: old.map(|old| old.subject.clone()).unwrap_or_default(),
        names: names.into_iter().chain(wanted.added_names.iter().map(ToString::to_string)).collect(),
        was_kept: is_kept(wanted, seen),
        request: None,
        file: None,
    }
}

fn is_kept(wanted: &Wanted, seen: &Seen) -> bool {
    seen.kept.iter().any(|kept| kept.leaf == wanted.leaf && kept.node.as_deref() == wanted.at.node())
}

/// What waits on the nodes.
pub(super) async fn kept(fleet: &Fleet) -> Result<Vec<KeptRequest>, Error> {
    let mut all = Vec::new();
    for member in fleet.members() {
        let reply = member.node.run(NodeOp::KeptRequests).await;
        let reply = reply.map_err(|error| Error::new((&error).into(), error.message))?;
        let NodeReply::Kept(kept) = reply else { continue };
        for kept in kept {
            let request = signing_request::parse(&kept.request)
                .map_err(|error| Error::unreadable(format!("the request kept for {}: {error}", kept.name)))?;
            let public_key = key_id(&kept.public_key);
            all.push(KeptRequest { node: member.name.clone(), leaf: kept.name, public_key, request });
        }
    }
    Ok(all)
}

/// So that their signatures are verified with all the others.
pub(super) fn add_signed(inventory: &mut Inventory, request: &Renew) {
    for signed in &request.signed {
        if let Some((certificate, der)) = leaf_of(&signed.certificate) {
            inventory.der.insert(certificate.fingerprint.clone(), der);
            inventory.certificates.insert(certificate.fingerprint.clone(), certificate);
        }
    }
}
