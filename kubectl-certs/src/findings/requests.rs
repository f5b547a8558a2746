//! Requests for certificates that hang, came to nothing, or ask for what their requester must not have.

use std::collections::BTreeSet;

use super::{Check, Finding, Severity, View};
use crate::model::{Entry, Filed, Holds, Place, RequestState, SigningRequest, Span};

pub(super) const REQUEST_PENDING: Check = Check {
    code: "request-pending",
    title: "a request for a certificate waits",
    what: "Nobody has decided on a request within an hour, or it was approved and no certificate came within ten minutes.",
    why: "Whoever asked goes on without a certificate, or with an old one until that expires. Requests of kubelets for serving certificates \
          are approved by nobody unless a person or an approver does it; the cluster forgets a pending one after a day, and the kubelet asks \
          again.",
    repair: "kubectl certificate approve NAME, after a look at who asks for what; where it was approved, see whether the signer that it names \
             runs.",
    source: "kubernetes.io, Certificates and Certificate Signing Requests; pkg/controller/certificates/cleaner",
    renewable: false,
    run: request_pending,
};

pub(super) const REQUEST_FAILED: Check = Check {
    code: "request-failed",
    title: "a request was approved, and the signer could not sign it",
    what: "The request has the condition Failed. One of cert-manager's is an info: it tries again, and failed ones of the past are kept.",
    why: "Whoever asked has no certificate. A signer that fails at one request mostly fails at all of them.",
    repair: "The reason and the message are the signer's own.",
    source: "kubernetes.io, Certificates and Certificate Signing Requests (conditions)",
    renewable: false,
    run: request_failed,
};

pub(super) const REQUEST_NOT_FOR_NODE: Check = Check {
    code: "request-not-for-node",
    title: "a node asks for the certificate of another one",
    what: "The requester is a kubelet (system:node:NAME), and the request is for the identity of another node, or for the name of another \
           node.",
    why: "With such a certificate one node can pose as the other: read its pods' Secrets, or answer in its place. Usual causes: a machine \
          image with the kubelet's files of another node in it; somebody who has taken over a node.",
    repair: "kubectl certificate deny NAME, and look at the node that asked.",
    source: "kubernetes.io, Certificate Signing Requests, kubernetes.io/kubelet-serving",
    renewable: false,
    run: request_not_for_node,
};

fn filed<'a>(view: &'a View<'_>) -> impl Iterator<Item = (&'a Entry, &'a SigningRequest, &'a Filed)> {
    view.inventory.entries.iter().filter_map(|entry| match &entry.holds {
        Holds::Request(request) => Some((entry, &**request, request.filed.as_ref()?)),
        _ => None,
    })
}

fn request_pending(view: &View<'_>) -> Vec<Finding> {
    filed(view)
        .filter_map(|(entry, request, filed)| {
            let (patience, done) = match filed.state {
                RequestState::Pending => (Span::hours(1), "nobody has decided on it"),
                RequestState::Approved => (Span::minutes(10), "it was approved, and no certificate is there"),
                RequestState::Denied | RequestState::Failed | RequestState::Issued => return None,
            };
            let waits = view.now.since(filed.created?);
            if waits < patience {
                return None;
            }
            let message =
                format!("{} asked {} for {} {waits} ago: {done}", filed.requester, filed.signer, request.subject);
            Some(Finding::new(&REQUEST_PENDING, Severity::Warning, entry.at.clone(), message))
        })
        .collect()
}

fn request_failed(view: &View<'_>) -> Vec<Finding> {
    filed(view)
        .filter(|(_, _, filed)| filed.state == RequestState::Failed)
        .map(|(entry, request, filed)| {
            let said: Vec<&str> = [&filed.reason, &filed.message].into_iter().flatten().map(String::as_str).collect();
            let message =
                format!("{} could not sign what is asked for {}: {}", filed.signer, request.subject, said.join(": "));
            let is_kept = matches!(entry.at.place, Place::Managed { .. });
            let severity = if is_kept { Severity::Info } else { Severity::Warning };
            Finding::new(&REQUEST_FAILED, severity, entry.at.clone(), message)
        })
        .collect()
}

const NODE: &str = "system:node:";

fn request_not_for_node(view: &View<'_>) -> Vec<Finding> {
    let nodes = known_nodes(view);
    filed(view)
        .filter(|(_, _, filed)| !matches!(filed.state, RequestState::Denied | RequestState::Failed))
        .filter(|(_, _, filed)| {
            matches!(&*filed.signer, "kubernetes.io/kubelet-serving" | "kubernetes.io/kube-apiserver-client-kubelet")
        })
        .filter_map(|(entry, request, filed)| {
            let own = filed.requester.strip_prefix(NODE)?;
            let asked = node_of(&request.subject);
            let foreign = request.dns_names.iter().find(|name| is_of_another(name, own, &nodes));
            let wants = match (asked, foreign) {
                (Some(other), _) if other != own => format!("the identity of the node {other}"),
                (None, _) => format!("{}, which is no node", request.subject),
                (_, Some(name)) => format!("the name {name}, which is another node's"),
                (Some(_), None) => return None,
            };
            let message = format!("the node {own} asks for {wants}");
            Some(Finding::new(&REQUEST_NOT_FOR_NODE, Severity::Error, entry.at.clone(), message))
        })
        .collect()
}

fn node_of(subject: &str) -> Option<&str> {
    subject.split([',', '+']).find_map(|part| part.trim().strip_prefix("CN=")?.strip_prefix(NODE))
}

/// A node may have any names of its own; those of the others are theirs.
fn is_of_another(name: &str, own: &str, nodes: &BTreeSet<&str>) -> bool {
    let is_called = |node: &str| name == node || name.strip_prefix(node).is_some_and(|rest| rest.starts_with('.'));
    !is_called(own) && nodes.iter().any(|node| *node != own && is_called(node))
}

/// By the certificates of their kubelets, and by who asks.
fn known_nodes<'a>(view: &'a View<'_>) -> BTreeSet<&'a str> {
    let by_certificates = view.inventory.certificates.values().filter_map(|certificate| node_of(&certificate.subject));
    let by_requests = filed(view).filter_map(|(_, _, filed)| filed.requester.strip_prefix(NODE));
    by_certificates.chain(by_requests).collect()
}
