//! What lies in a cluster: Secrets, ConfigMaps, and what is called.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Row;
use super::api::{Objects, in_a_cluster};
use super::made::{Dated, middle};
use crate::endpoints::serve_with;
use crate::material::Pair;

const SECRETS: &str = "/api/v1/secrets";
const CONFIG_MAPS: &str = "/api/v1/configmaps";

fn secret(name: &str, pair: &Pair) -> Value {
    let data = json!({ "tls.crt": STANDARD.encode(&pair.certificate), "tls.key": STANDARD.encode(&pair.key) });
    json!({ "metadata": { "namespace": "shop", "name": name }, "type": "kubernetes.io/tls", "data": data })
}

fn config_map(namespace: &str, name: &str, key: &str, text: &str) -> Value {
    json!({ "metadata": { "namespace": namespace, "name": name }, "data": { key: text } })
}

#[test]
fn chain_incomplete() {
    let row = Row { code: "chain-incomplete", severity: "warning", at: "secret/shop/web/tls.crt", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let top = Pair::authority("/CN=top");
        let middle = middle(&top);
        let leaf = |name: &str, more: &[&str]| Pair::signed_by(&middle, &format!("/CN={name}"), more);
        let server = ["-addext", "subjectAltName=DNS:web"];
        let whole = leaf("whole", &server);
        let whole = Pair { certificate: whole.certificate + &middle.certificate, key: whole.key };
        let client = leaf("client", &["-addext", "extendedKeyUsage=clientAuth"]);
        Objects::from([
            (CONFIG_MAPS, json!([config_map("shop", "roots", "ca.crt", &top.certificate)])),
            (
                SECRETS,
                json!([
                    secret("web", &leaf("web", &server)),
                    secret("whole", &whole),
                    secret("client", &client),
                    secret("middle", &middle),
                ]),
            ),
        ])
    });
}

fn hook(name: &str, at: &str, bundle: &Pair) -> Value {
    let client = json!({ "url": format!("https://{at}/"), "caBundle": STANDARD.encode(&bundle.certificate) });
    json!({ "name": name, "clientConfig": client })
}

fn guard(hooks: &[Value]) -> Objects {
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    Objects::from([(path, json!([{ "metadata": { "name": "guard" }, "webhooks": hooks }]))])
}

#[test]
fn webhook_untrusted() {
    let row = Row { code: "webhook-untrusted", severity: "error", at: "webhook/validating/guard/stale", beside: &[] };
    let mut servers = Vec::new();
    in_a_cluster(&row, &["--probe"], |program| {
        let top = Pair::authority("/CN=top");
        let leaf = Pair::signed_by(&top, "/CN=web", &["-addext", "subjectAltName=IP:127.0.0.1"]);
        let server = serve_with(program, &leaf, &[]);
        let objects = guard(&[hook("good", &server.at, &top), hook("stale", &server.at, &Pair::authority("/CN=top"))]);
        servers.push(server);
        objects
    });
}

/// What the API server calls it is not what it is certified as.
#[test]
fn a_webhook_of_another_name() {
    let row = Row { code: "names-missing", severity: "error", at: "", beside: &[] };
    let mut servers = Vec::new();
    in_a_cluster(&row, &["--probe"], |program| {
        let top = Pair::authority("/CN=top");
        let leaf = Pair::signed_by(&top, "/CN=web", &["-addext", "subjectAltName=DNS:web.shop.svc"]);
        let server = serve_with(program, &leaf, &[]);
        let objects = guard(&[hook("hook", &server.at, &top)]);
        servers.push(server);
        objects
    });
}

#[test]
fn trust_differs() {
    let row =
        Row { code: "trust-differs", severity: "warning", at: "configmap/c/kube-root-ca.crt/ca.crt", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let (one, other) = (Pair::authority("/CN=kubernetes"), Pair::authority("/CN=kubernetes"));
        let root =
            |namespace: &str, pair: &Pair| config_map(namespace, "kube-root-ca.crt", "ca.crt", &pair.certificate);
        let mine = |namespace: &str, pair: &Pair| config_map(namespace, "mine", "ca.crt", &pair.certificate);
        // What people call the same in two namespaces may be two things.
        let maps = vec![root("a", &one), root("b", &one), root("c", &other), mine("a", &one), mine("b", &other)];
        Objects::from([(CONFIG_MAPS, json!(maps))])
    });
}

#[test]
fn bundle_stale() {
    let row = Row { code: "bundle-stale", severity: "warning", at: "configmap/c/roots/ca.crt", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let (former, current) = (Pair::authority("/CN=company"), Pair::authority("/CN=company"));
        let both = former.certificate.clone() + &current.certificate;
        let maps = vec![
            config_map("a", "roots", "ca.crt", &both),
            config_map("b", "roots", "ca.crt", &both),
            config_map("c", "roots", "ca.crt", &former.certificate),
        ];
        let leaf = Pair::signed_by(&current, "/CN=web", &[]);
        Objects::from([(CONFIG_MAPS, json!(maps)), (SECRETS, json!([secret("web", &leaf)]))])
    });
}

/// Each namespace has its own authority of that name, and it is at work.
#[test]
fn authorities_of_one_name_are_not_stale() {
    let row = Row { code: "bundle-stale", severity: "warning", at: "configmap/c/roots/ca.crt", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let pairs: Vec<Pair> = (0..4).map(|_| Pair::authority("/CN=company")).collect();
        let map =
            |namespace: &str, name: &str, at: usize| config_map(namespace, name, "ca.crt", &pairs[at].certificate);
        let maps = vec![
            map("a", "roots", 0),
            map("b", "roots", 0),
            map("c", "roots", 3),
            map("a", "own", 0),
            map("b", "own", 0),
            map("c", "own", 1),
            map("d", "own", 2),
        ];
        let leaf = |at: usize| secret(&format!("web{at}"), &Pair::signed_by(&pairs[at], "/CN=web", &[]));
        Objects::from([(CONFIG_MAPS, json!(maps)), (SECRETS, json!([leaf(0), leaf(1), leaf(2)]))])
    });
}

#[test]
fn leaf_without_renewer() {
    let row = Row { code: "leaf-without-renewer", severity: "info", at: "secret/shop/late/tls.crt", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let pairs = [("late", Dated::from(-265)), ("young", Dated::from(-100)), ("kept", Dated::from(-265))];
        let secrets = pairs.map(|(name, days)| secret(name, &days.alone(name))).to_vec();
        let ready = json!([{ "type": "Ready", "status": "True" }]);
        let certificate = json!({
            "metadata": { "namespace": "shop", "name": "kept" },
            "spec": { "secretName": "kept", "issuerRef": { "name": "own" } }, "status": { "conditions": ready },
        });
        Objects::from([
            (SECRETS, json!(secrets)),
            ("/apis/cert-manager.io", json!([])),
            ("/apis/cert-manager.io/v1/certificates", json!([certificate])),
        ])
    });
}

#[test]
fn cert_manager_not_ready() {
    let row = Row { code: "cert-manager-not-ready", severity: "warning", at: "issuer/shop/own", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let issuer = |name: &str, status: &str| {
            let conditions = json!([{ "type": "Ready", "status": status, "reason": "It", "message": "it was so" }]);
            json!({ "metadata": { "namespace": "shop", "name": name }, "spec": {}, "status": { "conditions": conditions } })
        };
        let issuers = vec![issuer("own", "False"), issuer("other", "True")];
        Objects::from([("/apis/cert-manager.io", json!([])), ("/apis/cert-manager.io/v1/issuers", json!(issuers))])
    });
}

#[test]
fn older_in_pods() {
    let row = Row { code: "older-in-pods", severity: "warning", at: "secret/shop/web/tls.crt", beside: &[] };
    in_a_cluster(&row, &["--consumers"], |_| {
        let mut secret = secret("web", &Pair::of("/CN=web"));
        let written = json!([{ "manager": "it", "operation": "Update", "time": "2026-01-02T00:00:00Z", "fieldsType": "FieldsV1",
            "fieldsV1": { "f:data": { ".": {}, "f:tls.crt": {} } } }]);
        secret["metadata"]["managedFields"] = written;
        let pod = json!({
            "metadata": { "namespace": "shop", "name": "web-1" },
            "spec": {
                "volumes": [{ "name": "v", "secret": { "secretName": "web" } }],
                "containers": [{ "name": "c", "volumeMounts": [{ "name": "v", "subPath": "tls.crt" }] }],
            },
            "status": { "phase": "Running", "startTime": "2026-01-01T00:00:00Z", "containerStatuses": [
                { "name": "c", "state": { "running": { "startedAt": "2026-01-01T00:00:00Z" } } }] },
        });
        Objects::from([
            (SECRETS, json!([secret])),
            ("/api/v1/namespaces/shop/secrets/web", secret),
            ("/api/v1/namespaces/shop/pods", json!([pod])),
        ])
    });
}
