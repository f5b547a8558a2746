//! CertificateSigningRequests: who asked whom for what, what was decided, and the certificate that came of it.

use std::sync::Arc;

use futures::FutureExt;
use serde::Deserialize;

use super::gather::{Found, Key, Kind, add};
use super::listing::{Metadata, Resource, said, time};
use super::{Reading, Source};
use crate::formats::{self, certificate, pem, signing_request};
use crate::model::{
    Entry, Filed, Gap, GapReason, Holds, Inventory, KeyState, Location, Origin, Place, Pointer, RequestState,
};

pub(super) const SOURCE: Source = Source {
    name: "CertificateSigningRequests",
    // They belong to the whole cluster: a question about one namespace is not about them.
    wanted: |wanted| wanted.whole_cluster() || !wanted.signing_requests.is_empty(),
    read: |reading| read(reading).boxed(),
};

const REQUESTS: Resource = Resource { api: "/apis/certificates.k8s.io/v1", plural: "certificatesigningrequests" };

async fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let Some(cluster) = reading.cluster else { return inventory };
    let at = |name: &str| Location::from(Place::SigningRequest { name: name.to_owned() });
    if reading.wanted.whole_cluster() {
        let listed = REQUESTS.each(cluster, None, None, |object: Request| {
            let at = at(&object.metadata.name);
            gather(at, object, &mut inventory);
        });
        if let Err(error) = listed.await {
            inventory.gaps.push(error.gap(at("*")));
        }
    }
    for name in &reading.wanted.signing_requests {
        match cluster.get::<Request>(&REQUESTS.one(None, name)).await {
            Ok(object) => gather(at(name), object, &mut inventory),
            Err(error) => inventory.gaps.push(error.gap(at(name))),
        }
    }
    inventory
}

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    request: String,
    signer_name: Option<String>,
    username: Option<String>,
    groups: Option<Vec<String>>,
    usages: Option<Vec<String>>,
    expiration_seconds: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    certificate: Option<String>,
    conditions: Option<Vec<Condition>>,
}

#[derive(Deserialize)]
pub(super) struct Condition {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) status: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) message: Option<String>,
}

impl Condition {
    /// A condition without a status holds: the first versions of this API had none.
    pub(super) fn holds(&self) -> bool {
        self.status.as_deref().unwrap_or("True") == "True"
    }
}

fn gather(at: Location, object: Request, inventory: &mut Inventory) {
    let Request { metadata, spec, status } = object;
    let certificate = said(status.certificate);
    let conditions = status.conditions.unwrap_or_default();
    let (state, why) = state(certificate.is_some(), &conditions);
    let filed = Filed {
        signer: spec.signer_name.unwrap_or_default(),
        requester: spec.username.unwrap_or_default(),
        groups: spec.groups.unwrap_or_default(),
        created: time(metadata.creation_timestamp.as_ref()),
        state,
        reason: why.and_then(|condition| said(condition.reason.clone())),
        message: why.and_then(|condition| said(condition.message.clone())),
        usages: spec.usages.unwrap_or_default(),
        expiration_seconds: spec.expiration_seconds,
    };
    add_request(at, &spec.request, certificate.as_deref(), filed, inventory);
}

/// The last word: what was issued was approved before, and what failed was approved too.
fn state(issued: bool, conditions: &[Condition]) -> (RequestState, Option<&Condition>) {
    let find = |kind: &str| conditions.iter().find(|condition| condition.kind == kind && condition.holds());
    match (find("Denied"), find("Failed"), find("Approved")) {
        (Some(denied), ..) => (RequestState::Denied, Some(denied)),
        (None, Some(failed), _) => (RequestState::Failed, Some(failed)),
        (None, None, approved) if issued => (RequestState::Issued, approved),
        (None, None, Some(approved)) => (RequestState::Approved, Some(approved)),
        (None, None, None) => (RequestState::Pending, None),
    }
}

/// A request as PEM in base64, and the certificate that answers it. cert-manager's objects have the same shape.
pub(super) fn add_request(
    at: Location,
    request: &str,
    certificate: Option<&str>,
    filed: Filed,
    inventory: &mut Inventory,
) {
    let bad = |message: String| Gap { at: at.clone(), reason: GapReason::BadRequest, message };
    let text = pem::decode_base64(request).map(|bytes| pem::decode_text(&bytes).into_owned());
    let block =
        text.iter().flat_map(|text| pem::blocks(text)).find(|block| block.label.ends_with("CERTIFICATE REQUEST"));
    match block.and_then(|block| block.der).map(|der| signing_request::parse(&der)) {
        Some(Ok(parsed)) => {
            let holds = Holds::Request(Box::new(crate::model::SigningRequest { filed: Some(filed), ..parsed }));
            inventory.entries.push(Entry {
                at: at.clone(),
                holds,
                key: KeyState::Absent,
                key_public: None,
                key_at: None,
                origin: Arc::default(),
                digest: None,
                key_digest: None,
                also_in: Box::default(),
            });
        }
        Some(Err(error)) => inventory.gaps.push(bad(error.to_string())),
        None => inventory.gaps.push(bad("it holds no request in PEM".to_owned())),
    }
    if let Some(bytes) = certificate.and_then(pem::decode_base64) {
        let place = at.field(Pointer::json(["status", "certificate"]));
        let content = formats::read(&bytes);
        add(
            inventory,
            Found {
                at: place,
                content: &content,
                key: Key::None,
                kind: Kind::Chain,
                origin: Origin::default(),
                digest: Some(certificate::sha256_hex(&bytes)),
            },
        );
    }
}
