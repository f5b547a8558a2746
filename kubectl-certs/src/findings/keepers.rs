//! What those say who keep certificates in a cluster, and who has not taken up what they keep.

use super::{Check, Finding, Severity, View};
use crate::model::{Holds, ManagedState, Place};

pub(super) const NOT_READY: Check = Check {
    code: "cert-manager-not-ready",
    title: "cert-manager says that it is not ready",
    what: "A Certificate, Issuer or ClusterIssuer of cert-manager has the condition Ready with the status False.",
    why: "What is not ready is not renewed: the Secret keeps the old certificate until that expires, or is not there at all.",
    repair: "The reason and the message are cert-manager's own. cmctl status certificate NAME tells which request or order \
             hangs; an Issuer that is not ready keeps all of its Certificates from being renewed.",
    source: "cert-manager's conditions of Certificates and Issuers",
    renewable: false,
    run: not_ready,
};

pub(super) const OLDER_IN_PODS: Check = Check {
    code: "older-in-pods",
    title: "pods work with what was there before the last change",
    what: "Containers that have the Secret or ConfigMap in their environment or mount it by subPath started before its values \
           were last changed. Looked for with --consumers.",
    why: "Such a container is never given what is new. It goes on with the old certificate until that expires, although the \
          Secret holds a good one.",
    repair: "Restart the workload (kubectl rollout restart); mount the whole volume instead of a subPath, so that the next \
             change arrives by itself.",
    source: "kubernetes.io, Volumes (subPath) and Secrets as environment variables",
    renewable: false,
    run: older_in_pods,
};

fn not_ready(view: &View<'_>) -> Vec<Finding> {
    let managed = view.inventory.others().filter_map(|entry| match (&entry.holds, &entry.at.place) {
        (Holds::Managed(object), Place::Managed { kind, .. }) if object.state == ManagedState::NotReady => {
            Some((entry, object, kind))
        }
        _ => None,
    });
    managed
        .map(|(entry, object, kind)| {
            let said: Vec<&str> = [&object.reason, &object.message].into_iter().flatten().map(String::as_str).collect();
            let message = format!("the {} is not ready: {}", kind.kind(), said.join(": "));
            Finding {
                related: object.secret.iter().cloned().collect(),
                ..Finding::new(&NOT_READY, Severity::Warning, entry.at.clone(), message)
            }
        })
        .collect()
}

fn older_in_pods(view: &View<'_>) -> Vec<Finding> {
    let older = view.inventory.consumers.iter().filter(|consumer| consumer.older_pods > 0);
    older
        .filter_map(|consumer| {
            // The identity, where there is one; it is what expires.
            let mut entries = view.inventory.entries.iter().filter(|entry| consumer.is_of(&entry.at.place));
            let first = entries.clone().next();
            let entry = entries.find(|entry| entry.leaf().is_some()).or(first)?;
            let (older, pods) = (consumer.older_pods, consumer.pods);
            let message = format!("{older} of {pods} pods of {} started before it was last changed", consumer.by);
            Some(Finding::new(&OLDER_IN_PODS, Severity::Warning, entry.at.clone(), message))
        })
        .collect()
}
