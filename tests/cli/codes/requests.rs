//! Requests for certificates, as a cluster has them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::openssl;

use super::Row;
use super::api::{Objects, in_a_cluster};
use crate::material::Pair;

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// Of a node's kubelet unless something else is said.
fn request(name: &str, minutes: i64, subject: &str, names: &str, conditions: &Value) -> Value {
    let key = Pair::of("/CN=it").key;
    let arguments = ["req", "-new", "-key", "/dev/stdin", "-subj", subject, "-addext", names];
    let text = openssl::text(&arguments, key.as_bytes());
    let created = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
    json!({
        "metadata": { "name": name, "creationTimestamp": created.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() },
        "spec": { "request": STANDARD.encode(text), "signerName": "kubernetes.io/kubelet-serving", "username": "system:node:n1" },
        "status": { "conditions": conditions },
    })
}

const SUBJECT: &str = "/O=system:nodes/CN=system:node:n1";
const NAMES: &str = "subjectAltName=DNS:n1.example.com,IP:10.0.0.1";

fn condition(kind: &str) -> Value {
    json!([{ "type": kind, "status": "True", "reason": "It", "message": "it was so" }])
}

#[test]
fn request_pending() {
    let row = Row { code: "request-pending", severity: "warning", at: "csr/old", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let nothing = json!([]);
        let requests = [("old", 90, &nothing), ("new", 5, &nothing), ("denied", 90, &condition("Denied"))];
        let requests = requests.map(|(name, minutes, state)| request(name, minutes, SUBJECT, NAMES, state)).to_vec();
        Objects::from([(REQUESTS, json!(requests))])
    });
}

#[test]
fn request_failed() {
    let row = Row { code: "request-failed", severity: "warning", at: "csr/failed", beside: &[] };
    in_a_cluster(&row, &[], |_| {
        let requests =
            ["Failed", "Denied"].map(|kind| request(&kind.to_lowercase(), 1, SUBJECT, NAMES, &condition(kind)));
        Objects::from([(REQUESTS, json!(requests))])
    });
}

#[test]
fn request_not_for_node() {
    for (subject, names) in [
        ("/O=system:nodes/CN=system:node:n2", NAMES),
        (SUBJECT, "subjectAltName=DNS:n1,DNS:n2.example.com"),
        ("/CN=n1", NAMES),
    ] {
        let row = Row { code: "request-not-for-node", severity: "error", at: "csr/bad", beside: &[] };
        in_a_cluster(&row, &[], |_| {
            let nothing = json!([]);
            let mut other = request("other", 1, "/O=system:nodes/CN=system:node:n2", "subjectAltName=DNS:n2", &nothing);
            other["spec"]["username"] = json!("system:node:n2");
            // Whoever joins asks for the node that it is going to be.
            let mut joins = request("joins", 1, "/O=system:nodes/CN=system:node:n3", NAMES, &nothing);
            joins["spec"]["username"] = json!("system:bootstrap:abcdef");
            let requests = vec![
                request("bad", 1, subject, names, &nothing),
                request("good", 1, SUBJECT, NAMES, &nothing),
                other,
                joins,
            ];
            Objects::from([(REQUESTS, json!(requests))])
        });
    }
}
