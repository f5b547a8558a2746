//! caBundle fields: what the API server trusts when it calls webhooks, aggregated APIs and converters, and whom it calls.

use futures::FutureExt;
use futures::StreamExt;
use futures::stream;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::gather::{Found, Key, Kind, add};
use super::listing::{Metadata, Resource};
use super::target::Target;
use super::{Reading, Source};
use crate::access::cluster::{Cluster, ClusterError};
use crate::formats::{self, certificate, pem};
use crate::model::{
    BundleKind, Called, Endpoint, Evidence, Gap, GapReason, Inventory, Loaded, Location, ObjectRef, Origin, Place,
    Purpose, ServicePort, TakesEffect, Use,
};

pub(super) const SOURCE: Source = Source {
    name: "caBundle fields",
    // They belong to the whole cluster: a question about one namespace is not about them.
    wanted: |wanted| wanted.whole_cluster() || wanted.webhooks,
    read: |reading| read(reading).boxed(),
};

struct Row {
    bundles: BundleKind,
    kind: &'static str,
    resource: Resource,
}

const ADMISSION: &str = "/apis/admissionregistration.k8s.io/v1";

const ROWS: [Row; 4] = [
    Row {
        bundles: BundleKind::ApiService,
        kind: "APIService",
        resource: Resource { api: "/apis/apiregistration.k8s.io/v1", plural: "apiservices" },
    },
    Row { bundles: BundleKind::Conversion, kind: "CustomResourceDefinition", resource: DEFINITIONS },
    Row {
        bundles: BundleKind::MutatingWebhook,
        kind: "MutatingWebhookConfiguration",
        resource: Resource { api: ADMISSION, plural: "mutatingwebhookconfigurations" },
    },
    Row {
        bundles: BundleKind::ValidatingWebhook,
        kind: "ValidatingWebhookConfiguration",
        resource: Resource { api: ADMISSION, plural: "validatingwebhookconfigurations" },
    },
];

const DEFINITIONS: Resource = Resource { api: "/apis/apiextensions.k8s.io/v1", plural: "customresourcedefinitions" };
/// Definitions that are read at the same time; each may be a megabyte.
const AT_ONCE: usize = 4;

async fn read(reading: &Reading<'_>) -> Inventory {
    let named = |kind: BundleKind| {
        let places = reading.wanted.filter.iter().filter_map(Target::location);
        places.into_iter().any(|at| matches!(at.place.whole(), Place::CaBundle { kind: own, .. } if *own == kind))
    };
    of_kinds(reading, |kind| reading.wanted.whole_cluster() || named(kind)).await
}

/// All of them, for whom they call.
pub(super) async fn all(reading: &Reading<'_>) -> Inventory {
    of_kinds(reading, |_| true).await
}

async fn of_kinds(reading: &Reading<'_>, wanted: impl Fn(BundleKind) -> bool) -> Inventory {
    let mut inventory = Inventory::default();
    let Some(cluster) = reading.cluster else { return inventory };
    let reads =
        ROWS.iter().filter(|row| wanted(row.bundles)).map(|row| async move { (row, clients(row, cluster).await) });
    for (row, (clients, error)) in futures::future::join_all(reads).await {
        for (name, field, client) in clients {
            gather(row, name, field, &client, &mut inventory);
        }
        let any = || "*".to_owned();
        inventory.gaps.extend(error.map(|error| error.gap(place(row.bundles, any(), any()))));
    }
    inventory
}

/// Name of the object, name of the webhook in it, how it is called.
type Client = (String, String, ClientConfig);

/// As `WebhookClientConfig`; an APIService has the same fields.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClientConfig {
    ca_bundle: Option<String>,
    service: Option<ServiceReference>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct ServiceReference {
    namespace: String,
    name: String,
    port: Option<u16>,
}

#[derive(Deserialize)]
struct Hooks {
    #[serde(default)]
    metadata: Metadata,
    webhooks: Option<Vec<Hook>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hook {
    name: String,
    client_config: ClientConfig,
}

#[derive(Deserialize)]
struct ApiService {
    #[serde(default)]
    metadata: Metadata,
    spec: ClientConfig,
}

/// What was read before an error ended the reading counts all the same.
async fn clients(row: &Row, cluster: &Cluster) -> (Vec<Client>, Option<ClusterError>) {
    let mut clients: Vec<Client> = Vec::new();
    let outcome = match row.bundles {
        BundleKind::MutatingWebhook | BundleKind::ValidatingWebhook => {
            let each = |object: Hooks| {
                let name = object.metadata.name;
                let hooks = object.webhooks.into_iter().flatten();
                clients.extend(hooks.map(|hook| (name.clone(), hook.name, hook.client_config)));
            };
            row.resource.each(cluster, None, None, each).await
        }
        BundleKind::ApiService => {
            let each = |object: ApiService| clients.push((object.metadata.name, String::new(), object.spec));
            row.resource.each(cluster, None, None, each).await
        }
        BundleKind::Conversion => converters(cluster, &mut clients).await,
    };
    (clients, outcome.err())
}

/// Definitions are large because of their schemas, and few have a converter. Which ones do stands in the metadata of all:
/// the API server keeps there who set which field, also those that it fills in itself.
async fn converters(cluster: &Cluster, clients: &mut Vec<Client>) -> Result<(), ClusterError> {
    let mut names = Vec::new();
    let each = |object: Definition| {
        if object.metadata.may_have_converter() {
            names.push(object.metadata.name);
        }
    };
    DEFINITIONS.each_metadata(cluster, each).await?;
    let mut reads =
        stream::iter(names)
            .map(|name| async move {
                cluster.get::<Converted>(&DEFINITIONS.one(None, &name)).await.map(|read| (name, read))
            })
            .buffered(AT_ONCE);
    while let Some(read) = reads.next().await {
        match read {
            Ok((name, definition)) => {
                let config = definition.spec.conversion.and_then(|conversion| conversion.webhook?.client_config);
                clients.extend(config.map(|config| (name, String::new(), config)));
            }
            // Deleted since it was listed.
            Err(error) if error.reason == GapReason::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Definition {
    metadata: DefinitionMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DefinitionMetadata {
    name: String,
    managed_fields: Option<Vec<ManagedFields>>,
}

impl DefinitionMetadata {
    /// Yes, unless it is known who chose the strategy and nobody has set a webhook.
    fn may_have_converter(&self) -> bool {
        let owned = || {
            self.managed_fields.iter().flatten().filter_map(|fields| fields.fields.spec.as_ref()?.conversion.as_ref())
        };
        owned().any(|conversion| conversion.webhook.is_some())
            || !owned().any(|conversion| conversion.strategy.is_some())
    }
}

#[derive(Deserialize)]
struct ManagedFields {
    #[serde(rename = "fieldsV1", default)]
    fields: Fields,
}

#[derive(Default, Deserialize)]
struct Fields {
    #[serde(rename = "f:spec")]
    spec: Option<SpecFields>,
}

#[derive(Deserialize)]
struct SpecFields {
    #[serde(rename = "f:conversion")]
    conversion: Option<ConversionFields>,
}

#[derive(Deserialize)]
struct ConversionFields {
    #[serde(rename = "f:strategy")]
    strategy: Option<IgnoredAny>,
    #[serde(rename = "f:webhook")]
    webhook: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Converted {
    spec: ConvertedSpec,
}

#[derive(Deserialize)]
struct ConvertedSpec {
    conversion: Option<Conversion>,
}

#[derive(Deserialize)]
struct Conversion {
    webhook: Option<Converter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Converter {
    client_config: Option<ClientConfig>,
}

fn place(kind: BundleKind, name: String, field: String) -> Location {
    Location::from(Place::CaBundle { kind, name, field })
}

fn gather(row: &Row, name: String, field: String, client: &ClientConfig, inventory: &mut Inventory) {
    let by = ObjectRef { kind: row.kind.to_owned(), namespace: None, name: name.clone() };
    let at = place(row.bundles, name, field);
    let bundle = client.ca_bundle.as_deref().filter(|bundle| !bundle.is_empty());
    let called = called(&at, by, client, bundle.is_some());
    // Without one, the authorities of the API server's machine count.
    if let Some(bytes) = bundle.and_then(pem::decode_base64) {
        let content = formats::read(&bytes);
        if content.certificates.is_empty() && content.broken.is_empty() && content.cut.is_empty() {
            let message = "this caBundle holds no certificate in PEM: the API server trusts nobody by it".to_owned();
            inventory.gaps.push(Gap { at: at.clone(), reason: GapReason::BadPem, message });
        }
        let digest = Some(certificate::sha256_hex(&bytes));
        let origin = Origin::default();
        let place = at.clone();
        add(inventory, Found { at: place, content: &content, key: Key::None, kind: Kind::Bundle, origin, digest });
        inventory.uses.push(Use {
            component: "kube-apiserver".to_owned(),
            purpose: Purpose::Trust { peers: called.as_ref().map_or_else(|| at.to_string(), peer) },
            place: at,
            stored: None,
            loaded: Loaded { certificate: None, evidence: Evidence::ReadOnEachUse, started: None, written: None },
            takes_effect: TakesEffect::Watch,
        });
    }
    inventory.calls.extend(called);
}

fn peer(called: &Called) -> String {
    match &called.service {
        Some(service) => format!("the Service {}/{} on port {}", service.namespace, service.name, service.port),
        None => format!("{}", called.endpoint),
    }
}

/// Nobody is called for an APIService that the API server serves itself.
fn called(bundle: &Location, by: ObjectRef, client: &ClientConfig, has_bundle: bool) -> Option<Called> {
    let service = client.service.as_ref().map(|service| ServicePort {
        namespace: service.namespace.clone(),
        name: service.name.clone(),
        port: service.port.unwrap_or(443),
    });
    let endpoint = if let Some(service) = &service {
        service.endpoint()
    } else {
        let url: http::Uri = client.url.as_ref()?.parse().ok()?;
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        Location::from(Place::Endpoint(Endpoint::tls(host, url.port_u16().unwrap_or(443))))
    };
    Some(Called { bundle: bundle.clone(), by, service, endpoint, has_bundle })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_have_a_converter() {
        let may = |fields: serde_json::Value| {
            let object = serde_json::json!({ "metadata": { "name": "x", "managedFields": fields } });
            serde_json::from_value::<Definition>(object).expect("metadata").metadata.may_have_converter()
        };
        let spec = |conversion: serde_json::Value| {
            serde_json::json!([{ "manager": "m", "fieldsType": "FieldsV1", "fieldsV1": { "f:metadata": {} } },
                { "manager": "n", "fieldsV1": { "f:spec": { "f:group": {}, "f:conversion": conversion } } }])
        };
        assert!(!may(spec(serde_json::json!({ ".": {}, "f:strategy": {} }))));
        assert!(may(spec(serde_json::json!({ ".": {}, "f:strategy": {}, "f:webhook": { "f:clientConfig": {} } }))));
        // Whoever wiped the record of it has wiped the answer too.
        for nothing in [serde_json::json!(null), serde_json::json!([]), serde_json::json!([{}])] {
            assert!(may(nothing));
        }
        assert!(may(serde_json::json!([{ "fieldsV1": { "f:spec": { "f:versions": {} } } }])));
    }
}
