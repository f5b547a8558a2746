//! What a request wants beside a new life: more names, the old key or another kind of key. For which leaves that makes
//! sense, and what people must know of it.

use super::candidates::Candidate;
use super::condition::NewKey;
use super::renew::Asked;
use crate::error::Error;
use crate::model::{Certificate, Entry, KeyKind, KeyState, ServerName};
use crate::request::Renew;

/// Wishes that contradict each other, or that the chosen leaves cannot have.
pub(super) fn refuse(asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Result<(), Error> {
    let request = asked.request;
    if request.reuse_key && request.key_algorithm.is_some() {
        return Err(Error::usage("the old key cannot be kept and be of another kind: reuseKey excludes keyAlgorithm"));
    }
    let asks_for_more = request.requests || of_key(request) || !request.add_sans.is_empty();
    if !request.signed.is_empty() && asks_for_more {
        return Err(Error::usage("signed certificates are taken as they were asked for")
            .hint("names and kinds of keys belong to the requests: use --add-san, --reuse-key and --key-algorithm with --csr-out"));
    }
    if request.add_sans.is_empty() {
        return Ok(());
    }
    let names = list(&request.add_sans);
    if asked.named.is_none() && request.only.is_empty() {
        return Err(Error::usage(format!("which certificate should get the name {names}?"))
            .hint("name it: kubectl certs renew --only apiserver --add-san NAME"));
    }
    let cannot: Vec<&Candidate<'_>> = candidates
        .iter()
        .filter(|candidate| !candidate.layout.serves(&candidate.leaf) || candidate.leaf.signer.is_empty())
        .collect();
    let Some(first) = cannot.first() else { return Ok(()) };
    let leaves: Vec<String> = cannot.iter().map(|candidate| candidate.name()).collect();
    let serving = first.layout.leaves.iter().filter(|leaf| first.layout.serves(leaf) && !leaf.signer.is_empty());
    Err(Error::refused(format!(
        "{} cannot get the name {names}: only certificates that servers present and an authority here signs have use for \
         names",
        leaves.join(", ")
    ))
    .about(&first.entry.at)
    .hint(format!(
        "name only such leaves together with --add-san: {}",
        serving.map(|leaf| leaf.name).collect::<Vec<_>>().join(", ")
    )))
}

/// Those that the old certificate does not have.
pub(super) fn added_names(request: &Renew, old: &Certificate) -> Vec<ServerName> {
    let mut added: Vec<ServerName> = Vec::new();
    for name in &request.add_sans {
        if !name.is_in(&old.dns_names, &old.ip_addresses) && !added.contains(name) {
            added.push(name.clone());
        }
    }
    added
}

pub(super) fn key(request: &Renew, entry: &Entry) -> Result<NewKey, Error> {
    if request.reuse_key && entry.key != KeyState::Matches {
        return Err(Error::refused(format!(
            "{} cannot keep its key: the key that was found does not belong to the certificate",
            entry.at
        ))
        .about(&entry.at)
        .hint("renew it with a new key (without --reuse-key), or put the right key back first"));
    }
    Ok(match (request.reuse_key, request.key_algorithm) {
        (true, _) => NewKey::Old,
        (false, Some(kind)) => NewKey::OfKind(kind),
        (false, None) => NewKey::Another,
    })
}

/// It wants something of keys, which what makes its own would not do.
pub(super) fn of_key(request: &Renew) -> bool {
    request.reuse_key || request.key_algorithm.is_some()
}

/// For the title of a step.
pub(super) fn said(request: &Renew, added: &[ServerName]) -> String {
    let mut said = String::new();
    if !added.is_empty() {
        said.push_str(&format!(", with {} added", list(added)));
    }
    if request.reuse_key {
        said.push_str(", with its old key");
    }
    if let Some(kind) = request.key_algorithm {
        said.push_str(&format!(", with a new key of kind {kind}"));
    }
    said
}

/// What is left to people, or what they should think of.
pub(super) fn impact(request: &Renew, candidate: &Candidate<'_>, added: &[ServerName]) -> String {
    let mut impact = String::new();
    let setting = candidate.layout.names_from.iter().find(|(leaf, _)| *leaf == candidate.leaf.name);
    if let (Some((_, setting)), false) = (setting, added.is_empty()) {
        impact.push_str(&format!(
            "; add {} to {setting} of the ClusterConfiguration too (ConfigMap kubeadm-config): kubeadm makes certificates \
             from there when a node joins or a pair is gone",
            list(added)
        ));
    }
    // kubeadm's `TryLoadKeyFromDisk` (util/pkiutil/pki_helpers.go) takes RSA and ECDSA only; Go's TLS takes all three.
    if request.key_algorithm == Some(KeyKind::Ed25519) {
        impact.push_str(
            "; kubeadm reads RSA and ECDSA keys only and will not accept this one, though servers and clients do",
        );
    }
    impact
}

fn list(names: &[ServerName]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
