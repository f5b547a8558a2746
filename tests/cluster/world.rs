//! A control plane with what the cases look for.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::control_plane::{ControlPlane, Settings};
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
use support::ports::Port;
use tempfile::TempDir;

use crate::certificates::{self, OddServer};
use crate::keystores;
use crate::material::{Pair, kubeconfig};
use crate::program::{Program, Ran};

pub(crate) struct World {
    pub(crate) control_plane: ControlPlane,
    /// The cluster's authority.
    pub(crate) authority: Pair,
    /// An authority of somebody's own, its intermediate, a leaf of that.
    pub(crate) chain: [Pair; 3],
    /// What it shows to who asks for these names.
    pub(crate) odd_servers: Vec<OddServer>,
    root: TempDir,
    audit: PathBuf,
    _port: Port,
}

/// More than a page, and not a multiple of one.
pub(crate) const MANY: usize = 530;

impl World {
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let port = Port::take();
        let extra_sans = vec!["::1".to_owned()];
        Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, extra_sans, ..Kubeadm::new(port.number()) }
            .write(root.path());
        let (audit, policy) = (root.path().join("audit.log"), root.path().join("audit.yaml"));
        let rules = json!({ "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [
            { "level": "Metadata", "omitStages": ["RequestReceived"], "resources": [{ "group": "", "resources": ["secrets"] }] },
            { "level": "None" },
        ]});
        fs::write(&policy, rules.to_string()).expect("written");
        let mut settings = Settings::new(root.path(), port.number());
        settings.apiserver_args =
            vec![format!("--audit-policy-file={}", policy.display()), format!("--audit-log-path={}", audit.display())];
        let read = |name: &str| fs::read_to_string(pki(root.path()).join(name)).expect("a file of kubeadm's");
        let authority = Pair { certificate: read("ca.crt"), key: read("ca.key") };
        let odd_servers = certificates::odd_servers(&authority);
        for server in &odd_servers {
            let [certificate, key] = ["crt", "key"].map(|ending| root.path().join(format!("{}.{ending}", server.name)));
            fs::write(&certificate, &server.pair.certificate).expect("written");
            fs::write(&key, &server.pair.key).expect("written");
            let (certificate, key) = (certificate.display(), key.display());
            settings.apiserver_args.push(format!("--tls-sni-cert-key={certificate},{key}:{}", server.name));
        }
        let control_plane = ControlPlane::start_with(settings);

        let own = Pair::authority("/CN=own-ca");
        let between = Pair::signed_by(&own, "/CN=own-intermediate", &["-addext", "basicConstraints=critical,CA:TRUE"]);
        let leaf = Pair::signed_by(&between, "/CN=web.shop.svc", &["-addext", "subjectAltName=DNS:web.shop.svc"]);
        let world =
            Self { control_plane, odd_servers, authority, chain: [own, between, leaf], root, audit, _port: port };
        world.fill();
        world
    }

    fn fill(&self) {
        let [own, between, leaf] = &self.chain;
        let namespaces = ["shop", "other", "odd", "broken", "many", "empty", "stores"]
            .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }));
        let presented = format!("{}{}", leaf.certificate, between.certificate);
        let tls = "kubernetes.io/tls";
        let mut objects: Vec<Value> = namespaces.into();
        objects.extend([
            secret(
                "shop",
                "web",
                tls,
                &[("tls.crt", &presented), ("tls.key", &leaf.key), ("ca.crt", &own.certificate)],
            ),
            secret("shop", "swapped", "Opaque", &[("tls.crt", &leaf.certificate), ("tls.key", &own.key)]),
            secret("shop", "password", "Opaque", &[("password", "hunter2-hunter2-hunter2")]),
            secret("other", "web", tls, &[("tls.crt", &leaf.certificate), ("tls.key", &leaf.key)]),
            secret(
                "odd",
                "stale",
                "Opaque",
                &[("tls.crt", &leaf.certificate), ("tls.key", &leaf.key), ("ca.crt", &self.authority.certificate)],
            ),
            secret("odd", "together", "Opaque", &[("server.pem", &format!("{}{}", leaf.key, leaf.certificate))]),
            secret(
                "odd",
                "apart",
                "Opaque",
                &[
                    ("cert-chain.pem", &presented),
                    ("key.pem", &leaf.key),
                    ("my_CA..bundle", &format!("# mine\r\n{}\n{}", own.certificate, between.certificate)),
                ],
            ),
            // Types that never hold certificates: garbage in them is nobody's business.
            secret(
                "odd",
                "release",
                "helm.sh/release.v1",
                &[("release", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n")],
            ),
            secret("odd", "login", "kubernetes.io/dockerconfigjson", &[(".dockerconfigjson", "{\"auths\":{}}")]),
            secret(
                "broken",
                "bad",
                "Opaque",
                &[
                    ("tls.crt", "-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----\n"),
                    ("fine.crt", &own.certificate),
                ],
            ),
        ]);
        objects[7]["metadata"]["labels"] = json!({ "app": "web" });
        objects.extend(
            (0..MANY)
                .map(|number| secret("many", &format!("s{number:03}"), "Opaque", &[("tls.crt", &leaf.certificate)])),
        );
        objects.extend(keystores::objects(&self.chain));
        for kind in ["Validating", "Mutating"] {
            let hook = |name: &str, bundle: Option<&str>| {
                let mut client = json!({ "url": "https://127.0.0.1:1/x" });
                if let Some(bundle) = bundle {
                    client["caBundle"] = json!(STANDARD.encode(bundle));
                }
                json!({ "name": name, "clientConfig": client, "admissionReviewVersions": ["v1"], "sideEffects": "None",
                    "failurePolicy": "Ignore", "rules": [], "timeoutSeconds": 1 })
            };
            let both = format!("{}{}", own.certificate, self.authority.certificate);
            objects.push(json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": format!("{kind}WebhookConfiguration"),
                "metadata": { "name": "guard" },
                "webhooks": [hook("one.example.com", Some(&own.certificate)), hook("two.example.com", Some(&both)), hook("none.example.com", None)],
            }));
        }
        objects.push(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": "reader", "namespace": "shop" } }));
        objects.push(json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": { "name": "reader", "namespace": "shop" },
            "rules": [{ "apiGroups": [""], "resources": ["secrets", "configmaps"], "verbs": ["get", "list"] }] }));
        objects.push(json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "reader", "namespace": "shop" },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
            "subjects": [{ "kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io" },
                { "kind": "ServiceAccount", "name": "reader", "namespace": "shop" }] }));
        let file = self.root.path().join("objects.json");
        let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        fs::write(&file, list.to_string()).expect("written");
        self.control_plane.kubectl(&["create", "-f", &file.display().to_string()]);
    }

    pub(crate) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.control_plane.port())
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("tls://127.0.0.1:{}", self.control_plane.port())
    }

    /// A kubeconfig of a user whom the cluster's authority vouches for; the context may name a namespace.
    pub(crate) fn kubeconfig(&self, subject: &str, namespace: Option<&str>) -> String {
        let user = Pair::signed_by(&self.authority, subject, &["-addext", "extendedKeyUsage=clientAuth"]);
        let text = kubeconfig(&self.server(), &self.authority.certificate, &["me", "other"], &user);
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        config["contexts"][0]["context"]["namespace"] = json!(namespace);
        config.to_string()
    }

    /// The program with an administrator's kubeconfig.
    pub(crate) fn administrator(&self) -> Program {
        self.user("/O=system:masters/CN=root", None)
    }

    pub(crate) fn user(&self, subject: &str, namespace: Option<&str>) -> Program {
        let program = Program::new();
        let path = program.write("kubeconfig", self.kubeconfig(subject, namespace));
        program.with("KUBECONFIG", path)
    }

    /// The folder with the files of kubeadm.
    pub(crate) fn root(&self) -> &std::path::Path {
        self.root.path()
    }

    /// The URIs of the requests for Secrets that this user made.
    pub(crate) fn asked(&self, user: &str) -> Vec<String> {
        let text = fs::read_to_string(&self.audit).expect("the audit log");
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events
            .filter(|event| event["user"]["username"] == user)
            .map(|event| event["requestURI"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

fn secret(namespace: &str, name: &str, kind: &str, values: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> =
        values.iter().map(|(key, value)| ((*key).to_owned(), json!(STANDARD.encode(value)))).collect();
    json!({ "apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": { "namespace": namespace, "name": name }, "data": data })
}

pub(crate) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The targets of the items.
pub(crate) fn targets(ran: &Ran) -> Vec<String> {
    ran.items().iter().map(|item| item["target"].as_str().expect("a target").to_owned()).collect()
}

/// Place and reason of the gaps.
pub(crate) fn gaps(ran: &Ran) -> Vec<(String, String)> {
    let text = |gap: &Value, field: &str| gap[field].as_str().expect("text").to_owned();
    let gaps = ran.json()["gaps"].as_array().cloned().unwrap_or_default();
    gaps.iter().map(|gap| (text(gap, "at"), text(gap, "reason"))).collect()
}
