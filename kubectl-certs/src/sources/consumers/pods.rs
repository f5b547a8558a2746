//! Pods that mount a Secret or ConfigMap or have it in their environment, told of by the workload that they belong to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::super::listing::{Resource, time};
use super::services::Selector;
use super::{Kind, Thing};
use crate::model::{Consumer, ObjectRef, Relies, Time};

pub(super) const PODS: Resource = Resource { api: "/api/v1", plural: "pods" };

/// As far as it says who it is, what it relies on, and since when.
#[derive(Deserialize)]
pub(super) struct Pod {
    metadata: Metadata,
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    #[serde(default)]
    namespace: String,
    labels: Option<BTreeMap<String, String>>,
    owner_references: Option<Vec<OwnerReference>>,
}

#[derive(Deserialize)]
struct OwnerReference {
    kind: String,
    name: String,
    controller: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    volumes: Option<Vec<Volume>>,
    containers: Option<Vec<Container>>,
    init_containers: Option<Vec<Container>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: Option<String>,
    start_time: Option<String>,
    container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Deserialize)]
struct ContainerStatus {
    name: String,
    #[serde(default)]
    state: ContainerState,
}

#[derive(Default, Deserialize)]
struct ContainerState {
    running: Option<Running>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    started_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Volume {
    name: String,
    secret: Option<SecretVolume>,
    config_map: Option<NamedVolume>,
    projected: Option<Projected>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SecretVolume {
    secret_name: Option<String>,
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct NamedVolume {
    name: Option<String>,
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    key: String,
}

#[derive(Deserialize)]
struct Projected {
    sources: Option<Vec<ProjectedSource>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProjectedSource {
    secret: Option<NamedVolume>,
    config_map: Option<NamedVolume>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: String,
    volume_mounts: Option<Vec<Mount>>,
    env: Option<Vec<Variable>>,
    env_from: Option<Vec<VariablesFrom>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mount {
    name: String,
    sub_path: Option<String>,
    sub_path_expr: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Variable {
    value_from: Option<ValueFrom>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ValueFrom {
    secret_key_ref: Option<KeyRef>,
    config_map_key_ref: Option<KeyRef>,
}

#[derive(Deserialize)]
struct KeyRef {
    name: Option<String>,
    key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct VariablesFrom {
    secret_ref: Option<NamedVolume>,
    config_map_ref: Option<NamedVolume>,
}

/// What is mounted by `kube-api-access-…` volumes is every pod's, and nobody's choice.
const INJECTED: &str = "kube-api-access-";

impl Pod {
    fn is_over(&self) -> bool {
        matches!(self.status.phase.as_deref(), Some("Succeeded" | "Failed"))
    }

    /// The Deployment behind a ReplicaSet is known by the hash in the pod's labels, without another question.
    fn workload(&self) -> ObjectRef {
        let Metadata { name, namespace, labels, owner_references } = &self.metadata;
        let of = |kind: &str, name: &str| ObjectRef {
            kind: kind.to_owned(),
            namespace: Some(namespace.clone()),
            name: name.to_owned(),
        };
        let owner = owner_references.iter().flatten().find(|owner| owner.controller == Some(true));
        match owner {
            // A static pod belongs to its node.
            None => of("Pod", name),
            Some(owner) if owner.kind == "Node" => of("Pod", name),
            Some(owner) => {
                let hash = labels.iter().flatten().find(|(key, _)| *key == "pod-template-hash");
                let deployment = hash
                    .filter(|_| owner.kind == "ReplicaSet")
                    .and_then(|(_, hash)| owner.name.strip_suffix(hash)?.strip_suffix('-'));
                match deployment {
                    Some(deployment) => of("Deployment", deployment),
                    None => of(&owner.kind, &owner.name),
                }
            }
        }
    }

    /// When a container was last started; the pod itself, where that is not told.
    fn started(&self, container: &str) -> Option<Time> {
        let statuses = self.status.container_statuses.iter().flatten();
        let running =
            statuses.filter(|status| status.name == container).find_map(|status| status.state.running.as_ref());
        time(running.and_then(|running| running.started_at.as_ref()).or(self.status.start_time.as_ref()))
    }

    fn thing(&self, kind: Kind, name: &str) -> Thing {
        Thing { kind, namespace: self.metadata.namespace.clone(), name: name.to_owned() }
    }

    /// What each volume holds, by key where keys are chosen.
    fn held(&self, volume: &Volume) -> Vec<(Thing, Option<String>)> {
        let mut held = Vec::new();
        let mut add = |kind: Kind, name: Option<&String>, items: Option<&Vec<Item>>| {
            let Some(thing) = name.map(|name| self.thing(kind, name)) else { return };
            match items.filter(|items| !items.is_empty()) {
                Some(items) => held.extend(items.iter().map(|item| (thing.clone(), Some(item.key.clone())))),
                None => held.push((thing, None)),
            }
        };
        if let Some(secret) = &volume.secret {
            add(Kind::Secret, secret.secret_name.as_ref(), secret.items.as_ref());
        }
        if let Some(config_map) = &volume.config_map {
            add(Kind::ConfigMap, config_map.name.as_ref(), config_map.items.as_ref());
        }
        for source in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
            if let Some(secret) = &source.secret {
                add(Kind::Secret, secret.name.as_ref(), secret.items.as_ref());
            }
            if let Some(config_map) = &source.config_map {
                add(Kind::ConfigMap, config_map.name.as_ref(), config_map.items.as_ref());
            }
        }
        held
    }

    /// Everything that it relies on: key, way, and since when a container has it.
    fn relies(&self) -> Vec<(Thing, Option<String>, Relies, Option<Time>)> {
        let mut relies = Vec::new();
        let volumes = self.spec.volumes.iter().flatten().filter(|volume| !volume.name.starts_with(INJECTED));
        let held: Vec<_> = volumes.map(|volume| (volume.name.as_str(), self.held(volume))).collect();
        for container in self.spec.containers.iter().flatten().chain(self.spec.init_containers.iter().flatten()) {
            let started = self.started(&container.name);
            for mount in container.volume_mounts.iter().flatten() {
                let part = [&mount.sub_path, &mount.sub_path_expr];
                let part = part.into_iter().flatten().any(|path| !path.is_empty());
                let how = if part { Relies::SubPath } else { Relies::Volume };
                let volume = held.iter().filter(|(name, _)| *name == mount.name);
                relies.extend(
                    volume.flat_map(|(_, held)| held).map(|(thing, key)| (thing.clone(), key.clone(), how, started)),
                );
            }
            let environment = |thing: Thing, key: Option<String>| (thing, key, Relies::Environment, started);
            for from in container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref()) {
                for (kind, from) in [(Kind::Secret, &from.secret_key_ref), (Kind::ConfigMap, &from.config_map_key_ref)]
                {
                    let Some(from) = from else { continue };
                    let name = from.name.as_ref().map(|name| self.thing(kind, name));
                    relies.extend(name.map(|thing| environment(thing, Some(from.key.clone()))));
                }
            }
            for from in container.env_from.iter().flatten() {
                for (kind, from) in [(Kind::Secret, &from.secret_ref), (Kind::ConfigMap, &from.config_map_ref)] {
                    let name = from.as_ref().and_then(|from| from.name.as_ref()).map(|name| self.thing(kind, name));
                    relies.extend(name.map(|thing| environment(thing, None)));
                }
            }
        }
        relies
    }
}

/// One way in which one workload relies on one key of one thing.
type Way = (Thing, Option<String>, ObjectRef, Relies);

/// What the pods that were seen rely on.
#[derive(Default)]
pub(super) struct Found {
    /// When each pod's container was started, the first of a pod that counts.
    ways: BTreeMap<Way, Vec<Option<Time>>>,
    /// What the pods behind a Service mount.
    behind: BTreeMap<(String, String), BTreeSet<Thing>>,
}

impl Found {
    pub(super) fn add(&mut self, pod: &Pod, things: &BTreeSet<Thing>, selectors: &[Selector]) {
        if pod.is_over() {
            return;
        }
        let workload = pod.workload();
        let mut own: BTreeMap<Way, Option<Time>> = BTreeMap::new();
        for (thing, key, how, started) in pod.relies() {
            if things.contains(&thing) {
                let before = own.entry((thing, key, workload.clone(), how)).or_insert(started);
                *before = (*before).min(started);
            }
        }
        let labels = pod.metadata.labels.clone().unwrap_or_default();
        for selector in selectors.iter().filter(|selector| selector.means(&pod.metadata.namespace, &labels)) {
            let mounted = own.keys().filter(|(.., how)| *how != Relies::Environment).map(|(thing, ..)| thing.clone());
            let service = (selector.namespace.clone(), selector.service.clone());
            self.behind.entry(service).or_default().extend(mounted);
        }
        for (way, started) in own {
            self.ways.entry(way).or_default().push(started);
        }
    }

    /// What somebody keeps as it was when they started.
    pub(super) fn that_keep_what_was(&self) -> BTreeSet<Thing> {
        let keeps = |how: Relies| matches!(how, Relies::SubPath | Relies::Environment);
        self.ways.keys().filter(|(.., how)| keeps(*how)).map(|(thing, ..)| thing.clone()).collect()
    }

    pub(super) fn behind(&self, namespace: &str, service: &str) -> impl Iterator<Item = &Thing> {
        self.behind.get(&(namespace.to_owned(), service.to_owned())).into_iter().flatten()
    }

    pub(super) fn consumers(&self, changed: &BTreeMap<Thing, Time>) -> Vec<Consumer> {
        let consumers = self.ways.iter().map(|((thing, key, by, how), started)| {
            let changed = changed.get(thing).filter(|_| *how != Relies::Volume);
            let older = started.iter().flatten().filter(|started| changed.is_some_and(|changed| *started < changed));
            Consumer {
                of: thing.at(key.as_deref()),
                by: by.clone(),
                how: *how,
                pods: started.len(),
                older_pods: older.count(),
                serves: Vec::new(),
            }
        });
        consumers.collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, owner: &Value, labels: &Value, started: &str) -> Pod {
        let pod = json!({
            "metadata": { "name": name, "namespace": "shop", "labels": labels, "ownerReferences": owner },
            "spec": {
                "volumes": [
                    { "name": "tls", "secret": { "secretName": "web", "items": [{ "key": "tls.crt", "path": "c" }] } },
                    { "name": "kube-api-access-x", "projected": { "sources": [{ "configMap": { "name": "kube-root-ca.crt" } }] } },
                    { "name": "trust", "projected": { "sources": [{ "configMap": { "name": "trust" } }] } },
                ],
                "containers": [{
                    "name": "app",
                    "volumeMounts": [{ "name": "tls", "mountPath": "/t" }, { "name": "tls", "mountPath": "/f", "subPath": "c" },
                        { "name": "trust", "mountPath": "/b" }, { "name": "kube-api-access-x", "mountPath": "/k" }],
                    "env": [{ "name": "PLAIN", "value": "x" },
                        { "name": "CA", "valueFrom": { "configMapKeyRef": { "name": "trust", "key": "ca.pem" } } }],
                    "envFrom": [{ "secretRef": { "name": "web" } }],
                }],
            },
            "status": { "phase": "Running", "startTime": "2026-01-01T00:00:00Z",
                "containerStatuses": [{ "name": "app", "state": { "running": { "startedAt": started } } }] },
        });
        serde_json::from_value(pod).expect("a pod")
    }

    fn thing(kind: Kind, name: &str) -> Thing {
        Thing { kind, namespace: "shop".to_owned(), name: name.to_owned() }
    }

    #[test]
    fn what_pods_rely_on() {
        let owner = json!([{ "kind": "ReplicaSet", "name": "web-7d9", "controller": true }]);
        let labels = json!({ "pod-template-hash": "7d9", "app": "web" });
        let things: BTreeSet<Thing> =
            [thing(Kind::Secret, "web"), thing(Kind::ConfigMap, "trust"), thing(Kind::ConfigMap, "kube-root-ca.crt")]
                .into();
        let selector = Selector {
            namespace: "shop".to_owned(),
            service: "hook".to_owned(),
            labels: [("app".to_owned(), "web".to_owned())].into(),
        };
        let mut found = Found::default();
        for (name, started) in [("web-7d9-a", "2026-01-02T00:00:00Z"), ("web-7d9-b", "2026-01-04T00:00:00Z")] {
            found.add(&pod(name, &owner, &labels, started), &things, core::slice::from_ref(&selector));
        }
        let mut over = pod("web-7d9-c", &owner, &labels, "2026-01-01T00:00:00Z");
        over.status.phase = Some("Succeeded".to_owned());
        found.add(&over, &things, &[]);

        let changed = BTreeMap::from([(thing(Kind::Secret, "web"), "2026-01-03T00:00:00Z".parse().expect("a time"))]);
        let told: Vec<String> = found
            .consumers(&changed)
            .iter()
            .map(|consumer| {
                let Consumer { of, by, how, pods, older_pods, .. } = consumer;
                format!("{of} {by} {how:?} {pods} {older_pods}")
            })
            .collect();
        assert_eq!(
            told,
            [
                "configmap/shop/trust/* Deployment shop/web Volume 2 0",
                "configmap/shop/trust/ca.pem Deployment shop/web Environment 2 0",
                "secret/shop/web/* Deployment shop/web Environment 2 1",
                "secret/shop/web/tls.crt Deployment shop/web Volume 2 0",
                "secret/shop/web/tls.crt Deployment shop/web SubPath 2 1",
            ]
        );
        assert_eq!(found.behind("shop", "hook").cloned().collect::<BTreeSet<_>>().len(), 2);
        assert_eq!(found.behind("shop", "other").count(), 0);
    }

    #[test]
    fn whose_pod_it_is() {
        let workload = |owner: &Value, labels: &Value| {
            let workload = pod("p", owner, labels, "").workload();
            (workload.kind, workload.name)
        };
        let own = |kind: &str, name: &str| (kind.to_owned(), name.to_owned());
        assert_eq!(workload(&json!(null), &json!(null)), own("Pod", "p"));
        let node = json!([{ "kind": "Node", "name": "cp1", "controller": true }]);
        assert_eq!(workload(&node, &json!({})), own("Pod", "p"));
        let set = json!([{ "kind": "DaemonSet", "name": "agent", "controller": true }]);
        assert_eq!(workload(&set, &json!({})), own("DaemonSet", "agent"));
        // Made by hand, or by another controller than a Deployment's.
        let replicas = json!([{ "kind": "ReplicaSet", "name": "web-1", "controller": true }]);
        assert_eq!(workload(&replicas, &json!({ "pod-template-hash": "other" })), own("ReplicaSet", "web-1"));
    }
}
