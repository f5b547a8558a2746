//! The certificate that a kubelet makes for itself: taken away, so that it makes another. What somebody else gave it would
//! be lost that way, and a kubelet that is told to serve it would not start again.

use super::action::Remake;
use super::candidates::Candidate;
use super::leaf::{expected, store};
use super::{Action, Expected, Step, Undo, World};
use crate::error::Error;
use crate::model::{Certificate, Entry, Evidence, Purpose};

const COMPONENT: &str = "kubelet";

pub(super) fn remake(candidate: &Candidate<'_>) -> Result<Step, Error> {
    let at = &candidate.entry.at;
    let store = store(candidate);
    let expects = expected(candidate.entry, &store)?;
    let mut actions: Vec<Action> = expects.iter().map(Expected::backed_up).collect();
    actions.push(Action::Remake(Remake {
        component: COMPONENT.to_owned(),
        at: at.clone(),
        store: store.clone(),
        old: candidate.certificate.fingerprint.clone(),
    }));
    Ok(Step {
        id: format!("remake-{}", candidate.id()),
        node: at.node().map(str::to_owned),
        title: format!("{}: taken away, and {COMPONENT} restarted, which makes another", candidate.name()),
        actions,
        expects,
        undo: Undo::Restore(store.paths().iter().map(|path| at.beside(path)).collect()),
        impact: format!("{COMPONENT} is away for about 1 s; its containers keep running"),
        pending_seconds: None,
    })
}

/// Why this is not one that the kubelet made for itself and serves, or nothing.
pub(super) fn not_its_own(world: &World, candidate: &Candidate<'_>) -> Option<Error> {
    let Candidate { entry, certificate, .. } = candidate;
    let at = &entry.at;
    let issuers = world.trust.issuers(&certificate.fingerprint);
    // Not copies of it, which hold the kubelet's own authority as well.
    let is_copy = |other: &Entry| other.certificates().contains(&certificate.fingerprint);
    let others = || world.inventory.entries.iter().filter(|other| other.at != *at && !is_copy(other));
    let signer = others().find(|other| other.certificates().iter().any(|id| issuers.contains(id)));
    let why = if let Some(signer) = signer {
        format!("it is signed by the authority in {}, and no kubelet makes that anew", signer.at)
    } else if !has_names_of_a_kubelet(certificate) {
        format!(
            "it is for {} by {}, and a kubelet makes its own for CN=NODE@TIME by CN=NODE-ca@TIME: somebody gave it to this one",
            certificate.subject, certificate.issuer
        )
    } else if let Some(given) = world.inventory.serving_given.get(&at.node().map(str::to_owned)) {
        format!("the kubelet would not make another: {given}")
    } else {
        let address = serves_another(world, candidate)?;
        format!("the kubelet serves another certificate at {address}, so a new one here would change nothing")
    };
    Some(
        Error::refused(format!("{at} is not taken away: {why}"))
            .about(at)
            .hint("renew it where it comes from; what the kubelet does not use can be removed by hand"),
    )
}

/// As client-go names them (`GenerateSelfSignedCertKey` in util/cert): host and seconds since 1970.
pub fn has_names_of_a_kubelet(certificate: &Certificate) -> bool {
    let parts = |name: &str| -> Option<(String, bool)> {
        let (host, time) = name.strip_prefix("CN=")?.rsplit_once('@')?;
        Some((host.to_owned(), !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit())))
    };
    match (parts(&certificate.subject), parts(&certificate.issuer)) {
        (Some((host, true)), Some((authority, true))) => authority == format!("{host}-ca"),
        _ => false,
    }
}

/// Where that was seen.
fn serves_another<'a>(world: &'a World, candidate: &Candidate<'_>) -> Option<&'a String> {
    let uses = world.inventory.uses.iter().filter(|use_| use_.place == candidate.entry.at);
    uses.filter(|use_| use_.loaded.evidence == Evidence::Handshake)
        .filter(|use_| use_.loaded.certificate.as_ref() != Some(&candidate.certificate.fingerprint))
        .find_map(|use_| match &use_.purpose {
            Purpose::Serve { address } => address.as_ref(),
            _ => None,
        })
}
