//! What cert-manager keeps and who signs for it, where its API is there. That it is not is nothing to tell of.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use serde::Deserialize;

use super::listing::{Metadata, Resource, said, time};
use super::signing_requests::{Condition, add_request};
use super::{Reading, Source};
use crate::access::cluster::{Cluster, ClusterError};
use crate::model::{
    Entry, Filed, Gap, GapReason, Holds, Inventory, KeyState, Location, Managed, ManagedKind, ManagedState, ObjectRef,
    Owner, Place, RequestState,
};

pub(super) const SOURCE: Source = Source {
    name: "cert-manager",
    // Who asks for a Secret wants to know who keeps it.
    wanted: |wanted| wanted.cluster || !wanted.managed.is_empty() || !wanted.secrets.is_empty(),
    read: |reading| read(reading).boxed(),
};

const GROUP: &str = "/apis/cert-manager.io";
const API: &str = "/apis/cert-manager.io/v1";

fn resource(kind: ManagedKind) -> Resource {
    let plural = match kind {
        ManagedKind::Certificate => "certificates",
        ManagedKind::CertificateRequest => "certificaterequests",
        ManagedKind::ClusterIssuer => "clusterissuers",
        ManagedKind::Issuer => "issuers",
    };
    Resource { api: API, plural }
}

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Some(cluster) = reading.cluster else { return inventory };
    if reading.wanted.managed.is_empty() && !is_there(cluster).await {
        return inventory;
    }
    if reading.wanted.cluster {
        for kind in ManagedKind::ALL {
            all(reading, cluster, kind, &mut inventory).await;
        }
    }
    for (kind, namespace, name) in &reading.wanted.managed {
        let at = place(*kind, namespace, name);
        let namespace = Some(namespace.as_str()).filter(|_| kind.is_namespaced());
        match cluster.get::<Object>(&resource(*kind).one(namespace, name)).await {
            Ok(object) => gather(*kind, at, object, &mut inventory),
            Err(error) => inventory.gaps.push(unread(error, at)),
        }
    }
    owners(reading, cluster, &mut inventory).await;
    inventory
}

/// Where it cannot be told, the lists will tell.
async fn is_there(cluster: &Cluster) -> bool {
    !matches!(cluster.get::<serde::de::IgnoredAny>(GROUP).await, Err(error) if error.reason == GapReason::NotFound)
}

fn unread(error: ClusterError, at: Location) -> Gap {
    // The API server says this alone of a kind that it does not know.
    if error.message.contains("could not find the requested resource") || error.message.contains("page not found") {
        let message = "cert-manager's API is not there".to_owned();
        return Gap { at, reason: GapReason::NotFound, message };
    }
    error.gap(at)
}

async fn all(reading: &Reading<'_>, cluster: &Cluster, kind: ManagedKind, inventory: &mut Inventory) {
    let mut gaps = Vec::new();
    let each = |object: Object| {
        // What was issued lies in the Secret of its Certificate.
        if kind != ManagedKind::CertificateRequest || object.request_state().0 != RequestState::Issued {
            let at = place(kind, &object.metadata.namespace, &object.metadata.name);
            gather(kind, at, object, inventory);
        }
    };
    if kind.is_namespaced() {
        resource(kind).wanted(reading, cluster, |namespace| place(kind, namespace, "*"), &mut gaps, each).await;
    } else if reading.wanted.whole_cluster()
        && let Err(error) = resource(kind).each(cluster, None, None, each).await
    {
        gaps.push(error.gap(place(kind, "", "*")));
    }
    // Its definitions may be of another version.
    inventory.gaps.extend(gaps.into_iter().filter(|gap| gap.reason != GapReason::NotFound));
}

/// The Certificates that may keep Secrets which were named.
async fn owners(reading: &Reading<'_>, cluster: &Cluster, inventory: &mut Inventory) {
    let of = |(namespace, _): &(Option<String>, String)| namespace.clone().unwrap_or_else(|| cluster.namespace.clone());
    let mut namespaces: Vec<String> = reading.wanted.secrets.iter().map(of).collect();
    namespaces.sort();
    namespaces.dedup();
    for namespace in namespaces {
        let kind = ManagedKind::Certificate;
        let each = |object: Object| gather(kind, place(kind, &namespace, &object.metadata.name), object, inventory);
        let outcome = resource(kind).each(cluster, Some(&namespace), None, each).await;
        match outcome {
            Err(error) if error.reason != GapReason::NotFound => {
                inventory.unseen.push(error.gap(place(kind, &namespace, "*")));
            }
            _ => {}
        }
    }
}

fn place(kind: ManagedKind, namespace: &str, name: &str) -> Location {
    Location::from(Place::Managed { kind, namespace: namespace.to_owned(), name: name.to_owned() })
}

/// All four kinds, as far as they are read here.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    secret_name: Option<String>,
    issuer_ref: Option<IssuerRef>,
    request: Option<String>,
    usages: Option<Vec<String>>,
    username: Option<String>,
    groups: Option<Vec<String>>,
    duration: Option<String>,
}

#[derive(Deserialize)]
struct IssuerRef {
    name: String,
    kind: Option<String>,
    group: Option<String>,
}

impl IssuerRef {
    fn text(&self) -> String {
        let kind = self.kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("Issuer");
        match self.group.as_deref() {
            None | Some("" | "cert-manager.io") => format!("{kind} {}", self.name),
            Some(group) => format!("{kind}.{group} {}", self.name),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    conditions: Option<Vec<Condition>>,
    not_after: Option<String>,
    renewal_time: Option<String>,
    certificate: Option<String>,
}

impl Object {
    fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().flatten().find(|condition| condition.kind == kind)
    }

    /// cert-manager's conditions (its `pkg/apis/certmanager/v1/types_certificaterequest.go`).
    fn request_state(&self) -> (RequestState, Option<&Condition>) {
        let holds = |kind: &str| self.condition(kind).filter(|condition| condition.holds());
        let ready = self.condition("Ready");
        let reason = ready.and_then(|condition| condition.reason.as_deref());
        match (holds("Denied"), holds("InvalidRequest"), ready) {
            (Some(denied), ..) => (RequestState::Denied, Some(denied)),
            (_, _, Some(ready)) if ready.holds() => (RequestState::Issued, Some(ready)),
            (_, Some(invalid), _) => (RequestState::Failed, Some(invalid)),
            (_, _, ready) if reason == Some("Failed") => (RequestState::Failed, ready),
            (_, _, ready) => match holds("Approved") {
                Some(approved) => (RequestState::Approved, ready.or(Some(approved))),
                None => (RequestState::Pending, ready),
            },
        }
    }
}

fn gather(kind: ManagedKind, at: Location, object: Object, inventory: &mut Inventory) {
    let words = |condition: Option<&Condition>| {
        let said =
            |text: fn(&Condition) -> &Option<String>| condition.and_then(|condition| said(text(condition).clone()));
        (said(|condition| &condition.reason), said(|condition| &condition.message))
    };
    let issuer = object.spec.issuer_ref.as_ref().map(IssuerRef::text);
    if kind == ManagedKind::CertificateRequest {
        let (state, why) = object.request_state();
        let (reason, message) = words(why);
        let filed = Filed {
            signer: issuer.unwrap_or_default(),
            requester: object.spec.username.unwrap_or_default(),
            groups: object.spec.groups.unwrap_or_default(),
            created: time(object.metadata.creation_timestamp.as_ref()),
            state,
            reason,
            message,
            usages: object.spec.usages.unwrap_or_default(),
            expiration_seconds: object.spec.duration.as_deref().and_then(seconds),
        };
        let (request, certificate) = (object.spec.request.unwrap_or_default(), said(object.status.certificate));
        return add_request(at, &request, certificate.as_deref(), filed, inventory);
    }
    let ready = object.condition("Ready");
    let (reason, message) = words(ready);
    let secret = object.spec.secret_name.as_ref().filter(|_| kind == ManagedKind::Certificate);
    let managed = Managed {
        state: match ready {
            Some(ready) if ready.holds() => ManagedState::Ready,
            Some(_) => ManagedState::NotReady,
            None => ManagedState::Unknown,
        },
        reason,
        message,
        secret: secret.map(|name| {
            let namespace = object.metadata.namespace.as_str().into();
            Location::from(Place::Secret { namespace, name: name.as_str().into(), key: "tls.crt".into() })
        }),
        issuer,
        not_after: time(object.status.not_after.as_ref()),
        renewal: time(object.status.renewal_time.as_ref()),
    };
    inventory.entries.push(Entry {
        at,
        holds: Holds::Managed(Box::new(managed)),
        key: KeyState::Absent,
        key_public: None,
        key_at: None,
        origin: Arc::default(),
        digest: None,
        key_digest: None,
        also_in: Box::default(),
    });
}

/// A duration as Go writes it: `2160h0m0s`.
fn seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = match rest[end..].chars().next()? {
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
    }
    Some(total).filter(|total| *total > 0)
}

/// Whose Secret it is stands in the Certificate, not in the Secret.
pub(super) fn note_owners(inventory: &mut Inventory) {
    let owned = inventory.entries.iter().filter_map(|entry| {
        let (Holds::Managed(managed), Place::Managed { kind, namespace, name }) = (&entry.holds, &entry.at.place)
        else {
            return None;
        };
        let Place::Secret { namespace: secret_namespace, name: secret, .. } = &managed.secret.as_ref()?.place else {
            return None;
        };
        let object = ObjectRef { kind: kind.kind().to_owned(), namespace: Some(namespace.clone()), name: name.clone() };
        let owner = Owner { by: "cert-manager".to_owned(), object, renewal: managed.renewal };
        Some(((secret_namespace.clone(), secret.clone()), owner))
    });
    let owned: BTreeMap<(Arc<str>, Arc<str>), Owner> = owned.collect();
    for entry in inventory.entries.iter_mut().filter(|_| !owned.is_empty()) {
        if let Place::Secret { namespace, name, .. } = entry.at.place.whole()
            && let Some(owner) = owned.get(&(namespace.clone(), name.clone()))
        {
            Arc::make_mut(&mut entry.origin).owner = Some(Box::new(owner.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        for (text, wanted) in
            [("2160h0m0s", Some(7_776_000)), ("1h30m", Some(5_400)), ("0s", None), ("1.5h", None), ("h", None)]
        {
            assert_eq!(seconds(text), wanted, "{text}");
        }
        assert_eq!(seconds("99999999999999999999h"), None);
    }

    #[test]
    fn states_of_requests() {
        let state = |conditions: serde_json::Value| {
            let object = serde_json::json!({ "status": { "conditions": conditions } });
            serde_json::from_value::<Object>(object).expect("an object").request_state().0
        };
        let condition = |kind: &str, status: &str, reason: &str| serde_json::json!({ "type": kind, "status": status, "reason": reason });
        assert_eq!(state(serde_json::json!(null)), RequestState::Pending);
        let approved = condition("Approved", "True", "cert-manager.io");
        assert_eq!(
            state(serde_json::json!([approved, condition("Ready", "False", "Pending")])),
            RequestState::Approved
        );
        assert_eq!(state(serde_json::json!([approved, condition("Ready", "False", "Failed")])), RequestState::Failed);
        assert_eq!(state(serde_json::json!([approved, condition("Ready", "True", "Issued")])), RequestState::Issued);
        let denied = condition("Denied", "True", "Policy");
        assert_eq!(state(serde_json::json!([denied, condition("Ready", "False", "Denied")])), RequestState::Denied);
    }
}
