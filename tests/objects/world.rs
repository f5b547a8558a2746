//! A control plane with a signer, and everything in it that can hold a certificate.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::binaries::{self, Program as Binary};
use support::control_plane::ControlPlane;
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
use support::openssl;
use support::ports::Port;
use support::processes::Process;
use tempfile::TempDir;

use crate::material::{Pair, kubeconfig};
use crate::program::Program;
use crate::server::Server;

const CERT_MANAGER: &str = "github.com/cert-manager/cert-manager@v1.21.1";
const WITHIN: Duration = Duration::from_secs(90);

pub(crate) struct World {
    pub(crate) control_plane: ControlPlane,
    pub(crate) server: Server,
    /// The cluster's authority, and one of somebody's own.
    pub(crate) authority: Pair,
    own: Pair,
    root: TempDir,
    _port: Port,
}

impl World {
    pub(crate) fn start() -> Self {
        let root = tempfile::tempdir().expect("a folder");
        let port = Port::take();
        Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(port.number()) }.write(root.path());
        let control_plane = ControlPlane::start(root.path(), port.number());
        let read = |name: &str| fs::read_to_string(pki(root.path()).join(name)).expect("a file of kubeadm's");
        let authority = Pair { certificate: read("ca.crt"), key: read("ca.key") };
        let own = Pair::authority("/CN=own-ca");
        let names = "subjectAltName=DNS:hook.shop.svc,DNS:probe.shop.svc,DNS:pods.shop.svc";
        let server = Server::start(&Pair::signed_by(&own, "/CN=hook.shop.svc", &["-addext", names]));
        let world = Self { control_plane, server, authority, own, root, _port: port };
        world.namespaces_and_bundles();
        world.certificates_of_cert_manager();
        world.servers();
        world.pods();
        // It writes kube-root-ca.crt back as it was: what differs is made when it is gone.
        let signer = world.signer();
        world.requests();
        Self::wait("kube-root-ca.crt", || {
            let names = world.kubectl(&[
                "get",
                "configmaps",
                "-A",
                "--field-selector=metadata.name=kube-root-ca.crt",
                "-o",
                "name",
            ]);
            (names.lines().count() == 6).then_some(())
        });
        drop(signer);
        let patch = json!({ "data": { "ca.crt": world.own.certificate } }).to_string();
        world.kubectl(&["patch", "configmap", "kube-root-ca.crt", "-n", "odd", "--type=merge", "-p", &patch]);
        world
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        self.control_plane.kubectl(arguments)
    }

    fn create(&self, objects: &[Value]) {
        let file = self.root.path().join("objects.json");
        fs::write(&file, json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()).expect("written");
        self.kubectl(&["create", "-f", &file.display().to_string()]);
    }

    fn wait<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(start.elapsed() < WITHIN, "{what} is not there after {:?}", start.elapsed());
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn namespaces_and_bundles(&self) {
        let Self { own, authority, .. } = self;
        let leaf = Pair::signed_by(own, "/CN=web.shop.svc", &["-addext", "subjectAltName=DNS:web.shop.svc"]);
        let mut objects: Vec<Value> = ["shop", "odd"]
            .map(|name| json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name } }))
            .into();
        let tls = [("tls.crt", &leaf.certificate), ("tls.key", &leaf.key), ("ca.crt", &own.certificate)];
        let data: serde_json::Map<String, Value> =
            tls.iter().map(|(key, value)| ((*key).to_owned(), json!(STANDARD.encode(value)))).collect();
        objects.push(json!({ "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": { "namespace": "shop", "name": "web" }, "data": data }));
        objects
            .push(json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "namespace": "odd", "name": "words" },
            "stringData": { "password": "hunter2" } }));
        let bundle = format!("# mine\r\n{}{}", own.certificate, authority.certificate);
        // As kubeadm writes it: a cluster without a name, and nobody who uses it.
        let info = format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {}\n    server: https://127.0.0.1:6443\n  \
             name: \"\"\ncontexts: null\ncurrent-context: \"\"\nkind: Config\nusers: null\n",
            STANDARD.encode(&authority.certificate)
        );
        objects.extend([
            config_map("shop", "trust", &[("roots.pem", &bundle), ("readme", "none")]),
            config_map("shop", "script", &[("run.sh", "grep -- '-----BEGIN CERTIFICATE-----' $1")]),
            config_map("odd", "half", &[("ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n")]),
            config_map("kube-public", "cluster-info", &[("kubeconfig", &info), ("jws-kubeconfig-abcdef", "x..y")]),
        ]);
        for namespace in ["default", "shop", "odd"] {
            let mut spread = config_map(namespace, "company-roots", &[("ca-bundle.crt", &own.certificate)]);
            spread["metadata"]["labels"] = json!({ "trust.cert-manager.io/bundle": "company-roots" });
            objects.push(spread);
        }
        let der = openssl::text(&["x509", "-outform", "PEM"], own.certificate.as_bytes());
        let binary = STANDARD.encode(der);
        let mut binary_map = config_map("odd", "binary", &[]);
        binary_map["binaryData"] = json!({ "roots": binary });
        objects.push(binary_map);
        self.create(&objects);
        let resources = json!(["secrets", "configmaps"]);
        self.create(&[
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": { "name": "reader", "namespace": "shop" }, "rules": [
                    { "apiGroups": [""], "resources": resources, "verbs": ["get", "list"] },
                    { "apiGroups": ["cert-manager.io"], "resources": ["certificates"], "verbs": ["get", "list"] }] }),
            json!({ "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": { "name": "reader", "namespace": "shop" },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
                "subjects": [{ "kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io" }] }),
        ]);
    }

    fn certificates_of_cert_manager(&self) {
        let folder = module_folder(CERT_MANAGER).join("deploy/crds");
        let mut definitions: Vec<PathBuf> =
            fs::read_dir(&folder).expect("its definitions").map(|entry| entry.expect("a file").path()).collect();
        definitions.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        for path in &definitions {
            self.kubectl(&["create", "-f", &path.display().to_string()]);
        }
        self.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
        let issuer = |name: &str| json!({ "name": name, "kind": "Issuer", "group": "cert-manager.io" });
        let certificate = |name: &str, secret: &str, by: &str| {
            json!({ "apiVersion": "cert-manager.io/v1", "kind": "Certificate",
                "metadata": { "namespace": "shop", "name": name },
                "spec": { "secretName": secret, "issuerRef": issuer(by), "dnsNames": ["web.shop.svc"] } })
        };
        let own = |kind: &str, name: &str| {
            json!({ "apiVersion": "cert-manager.io/v1", "kind": kind, "metadata": { "name": name, "namespace": "shop" },
                "spec": { "selfSigned": {} } })
        };
        let mut cluster_issuer = own("ClusterIssuer", "company");
        cluster_issuer["metadata"] = json!({ "name": "company" });
        let request = STANDARD.encode(request("/CN=web.shop.svc"));
        let certificate_request = |name: &str| {
            json!({ "apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest",
                "metadata": { "namespace": "shop", "name": name },
                "spec": { "request": request, "issuerRef": issuer("own"), "duration": "2160h0m0s" } })
        };
        self.create(&[
            certificate("web", "web", "own"),
            certificate("broken", "nowhere", "gone"),
            own("Issuer", "own"),
            cluster_issuer,
            certificate_request("web-1"),
            certificate_request("web-2"),
            certificate_request("web-3"),
        ]);
        let condition = |kind: &str, status: &str, reason: &str, message: &str| json!({ "type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": "2026-01-01T00:00:00Z" });
        let patch = |object: &str, status: Value| {
            let patch = json!({ "status": status }).to_string();
            let arguments = ["patch", object, "-n", "shop", "--subresource=status", "--type=merge", "-p", &patch];
            self.kubectl(&arguments);
        };
        let ready = condition("Ready", "True", "Ready", "Certificate is up to date and has not expired");
        patch(
            "certificate/web",
            json!({ "conditions": [ready], "notAfter": "2099-01-01T00:00:00Z", "renewalTime": "2098-12-01T00:00:00Z" }),
        );
        let missing = condition("Ready", "False", "DoesNotExist", "Issuing certificate as Secret does not exist");
        patch("certificate/broken", json!({ "conditions": [missing] }));
        patch("issuer/own", json!({ "conditions": [condition("Ready", "True", "IsReady", "")] }));
        let approved = condition("Approved", "True", "cert-manager.io", "yes");
        let failed = condition("Ready", "False", "Failed", "no such order");
        patch("certificaterequest/web-2", json!({ "conditions": [approved, failed] }));
        let issued = condition("Ready", "True", "Issued", "done");
        patch(
            "certificaterequest/web-3",
            json!({ "conditions": [approved, issued], "certificate": STANDARD.encode(&self.own.certificate) }),
        );
    }

    /// Webhooks, an aggregated API and a converter that the API server reaches over Services; `localhost` is where they are.
    fn servers(&self) {
        let bundle = STANDARD.encode(&self.own.certificate);
        let port = self.server.port();
        let service = |name: &str| {
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "namespace": "shop", "name": name },
                "spec": { "type": "ExternalName", "externalName": "localhost", "ports": [{ "port": port }] } })
        };
        let client = |name: &str, port: u16, bundle: &str| json!({ "caBundle": bundle, "service": { "namespace": "shop", "name": name, "port": port, "path": "/review" } });
        let hook = |name: &str, config: Value, rules: Value| {
            json!({ "name": name, "clientConfig": config, "admissionReviewVersions": ["v1"], "sideEffects": "None",
                "failurePolicy": "Fail", "rules": rules, "timeoutSeconds": 10,
                "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": "odd" } } })
        };
        let configuration = |kind: &str, name: &str, hooks: Value| {
            json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": format!("{kind}WebhookConfiguration"),
                "metadata": { "name": name }, "webhooks": hooks })
        };
        let rules = json!([{ "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"], "scope": "*" }]);
        let not_pem = STANDARD.encode("not PEM at all");
        let version = |name: &str, storage: bool| {
            json!({ "name": name, "served": true, "storage": storage,
                "schema": { "openAPIV3Schema": { "type": "object", "x-kubernetes-preserve-unknown-fields": true } } })
        };
        let definition = |plural: &str, kind: &str, conversion: Value| {
            json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": { "name": format!("{plural}.example.com") },
                "spec": { "group": "example.com", "scope": "Namespaced", "names": { "plural": plural, "kind": kind },
                    "versions": [version("v1", true), version("v2", false)], "conversion": conversion } })
        };
        let webhook = json!({ "strategy": "Webhook", "webhook": { "clientConfig": client("hook", port, &bundle), "conversionReviewVersions": ["v1"] } });
        self.create(&[
            service("hook"),
            service("probe"),
            json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "namespace": "shop", "name": "pods" },
                "spec": { "selector": { "app": "web" }, "ports": [{ "port": 443 }] } }),
            definition("things", "Thing", webhook),
            definition("plains", "Plain", json!({ "strategy": "None" })),
            json!({ "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": { "name": "v1.probe.example.com" },
                "spec": { "group": "probe.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
                    "caBundle": bundle, "service": { "namespace": "shop", "name": "probe", "port": port } } }),
            configuration("Validating", "guard", json!([
                hook("guard.example.com", client("hook", port, &bundle), rules),
                hook("none.example.com", json!({ "service": { "namespace": "shop", "name": "hook" } }), json!([])),
            ])),
            configuration("Validating", "pods", json!([hook("pods.example.com", client("pods", 443, &bundle), json!([]))])),
            configuration("Mutating", "odd", json!([hook("odd.example.com", json!({ "caBundle": not_pem, "url": "https://127.0.0.1:1/x" }), json!([]))])),
        ]);
    }

    /// Pods that no kubelet runs, with the state that one would report.
    fn pods(&self) {
        let pod = |name: &str, owner: &str, spec: Value| {
            json!({ "apiVersion": "v1", "kind": "Pod", "metadata": { "namespace": "shop", "name": name,
                "labels": { "app": owner, "pod-template-hash": "7d9" },
                "ownerReferences": [{ "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("{owner}-7d9"), "uid": "1", "controller": true }] },
                "spec": spec })
        };
        let mounted = |part: Option<&str>| {
            json!({ "volumes": [{ "name": "tls", "secret": { "secretName": "web" } }, { "name": "trust", "configMap": { "name": "trust" } }],
                "containers": [{ "name": "app", "image": "app", "volumeMounts": [
                    { "name": "tls", "mountPath": "/tls", "subPath": part }, { "name": "trust", "mountPath": "/trust" }] }] })
        };
        self.create(&[
            pod("web-7d9-a", "web", mounted(None)),
            pod("web-7d9-b", "web", mounted(None)),
            pod("old-7d9-a", "old", mounted(Some("tls.crt"))),
            json!({ "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": { "namespace": "shop", "name": "shop" },
                "spec": { "tls": [{ "hosts": ["shop.example.com"], "secretName": "web" }],
                    "defaultBackend": { "service": { "name": "pods", "port": { "number": 443 } } } } }),
        ]);
        let running = json!({ "status": { "phase": "Running", "containerStatuses": [{ "name": "app", "image": "app", "imageID": "", "ready": true,
            "restartCount": 0, "started": true, "state": { "running": { "startedAt": "2020-01-01T00:00:00Z" } } }] } });
        for name in ["web-7d9-a", "web-7d9-b", "old-7d9-a"] {
            self.kubectl(&[
                "patch",
                "pod",
                name,
                "-n",
                "shop",
                "--subresource=status",
                "--type=merge",
                "-p",
                &running.to_string(),
            ]);
        }
    }

    fn signer(&self) -> Process {
        let port = Port::take();
        let file = |name: &str| pki(self.root.path()).join(name).display().to_string();
        let mut manager = Command::new(binaries::program(Binary::KubeControllerManager));
        manager.args([
            format!("--kubeconfig={}", self.control_plane.kubeconfig().display()),
            format!("--master=https://127.0.0.1:{}", self.control_plane.port()),
            "--controllers=certificatesigningrequest-signing-controller,root-ca-certificate-publisher-controller"
                .to_owned(),
            format!("--cluster-signing-cert-file={}", file("ca.crt")),
            format!("--cluster-signing-key-file={}", file("ca.key")),
            format!("--root-ca-file={}", file("ca.crt")),
            "--leader-elect=false".to_owned(),
            "--bind-address=127.0.0.1".to_owned(),
            format!("--secure-port={}", port.number()),
        ]);
        Process::start(&manager, &self.root.path().join("controller-manager.log"), Duration::from_millis(300))
    }

    fn requests(&self) {
        const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
        let object = |name: &str, signer: &str, usages: &[&str]| {
            json!({ "apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": { "name": name },
                "spec": { "request": STANDARD.encode(request("/CN=jo/O=devs")), "signerName": signer, "usages": usages, "expirationSeconds": 7200 } })
        };
        self.create(&[
            object("a-pending", CLIENT, &["client auth"]),
            object("b-approved", "example.com/nobody", &["client auth"]),
            object("c-denied", CLIENT, &["client auth"]),
            // This signer gives client certificates alone.
            object("d-failed", CLIENT, &["server auth"]),
            object("e-issued", CLIENT, &["digital signature", "client auth"]),
        ]);
        self.kubectl(&["certificate", "approve", "b-approved", "d-failed", "e-issued"]);
        self.kubectl(&["certificate", "deny", "c-denied"]);
        for (name, path) in
            [("e-issued", "{.status.certificate}"), ("d-failed", "{.status.conditions[?(@.type=='Failed')].reason}")]
        {
            let path = format!("jsonpath={path}");
            Self::wait(name, || Some(self.kubectl(&["get", "csr", name, "-o", &path])).filter(|text| !text.is_empty()));
        }
    }

    /// The program with an administrator's kubeconfig.
    pub(crate) fn administrator(&self) -> Program {
        self.user("/O=system:masters/CN=root", None)
    }

    pub(crate) fn user(&self, subject: &str, namespace: Option<&str>) -> Program {
        let user = Pair::signed_by(&self.authority, subject, &["-addext", "extendedKeyUsage=clientAuth"]);
        let server = format!("https://127.0.0.1:{}", self.control_plane.port());
        let text = kubeconfig(&server, &self.authority.certificate, &["me"], &user);
        let mut config: Value = serde_json::from_str(&text).expect("JSON");
        config["contexts"][0]["context"]["namespace"] = json!(namespace);
        let program = Program::new();
        let path = program.write("kubeconfig", config.to_string());
        program.with("KUBECONFIG", path)
    }
}

fn config_map(namespace: &str, name: &str, data: &[(&str, &str)]) -> Value {
    let data: serde_json::Map<String, Value> =
        data.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "namespace": namespace, "name": name }, "data": data })
}

/// PEM.
fn request(subject: &str) -> String {
    let arguments = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let more = ["-keyout", "/dev/null", "-subj", subject, "-addext", "subjectAltName=DNS:jo.example.com"];
    openssl::text(&[arguments.as_slice(), &more].concat(), b"")
}

/// Where Go keeps a public module; it is fetched once.
fn module_folder(module: &str) -> PathBuf {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new("go")
        .args(["mod", "download", "-json", module])
        .current_dir(folder.path())
        .env("GOWORK", "off")
        .output()
        .expect("go is needed: https://go.dev/dl, or your distribution's package");
    let told: Value = serde_json::from_slice(&output.stdout).expect("what go says");
    let folder = told["Dir"].as_str().unwrap_or_else(|| panic!("go cannot fetch {module}: {told}"));
    Path::new(folder).to_owned()
}
