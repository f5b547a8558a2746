//! `--probe`: a real API server, etcd, controller manager and scheduler, and servers of openssl behind a webhook's Service
//! and a Gateway.

use std::fs;
use std::net::{IpAddr, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use support::binaries::{self, Program as Binary};
use support::control_plane::{ControlPlane, Settings};
use support::kubeadm::{KeyAlgorithm, Kubeadm, pki};
use support::ports::Port;
use support::processes::Process;
use tempfile::TempDir;

use crate::material::Pair;
use crate::program::{Program, Ran};
use crate::world::{gaps, targets};

/// `openssl s_server`, which has another certificate for those who ask for another name.
struct Server {
    at: String,
    port: Port,
    _process: Process,
}

impl Server {
    fn start(folder: &Path, host: &str, pair: &Pair, other: Option<(&str, &Pair)>) -> Self {
        let port = Port::take();
        let at = format!("{host}:{}", port.number());
        let file = |name: &str, text: &str| {
            let path = folder.join(format!("{}-{name}", port.number())).display().to_string();
            fs::write(&path, text).expect("written");
            path
        };
        let mut server = Command::new("openssl");
        server.args(["s_server", "-www", "-accept", &at]);
        server.args(["-cert", &file("crt", &pair.certificate), "-key", &file("key", &pair.key)]);
        if let Some((name, pair)) = other {
            server.args(["-servername", name, "-cert2", &file("crt2", &pair.certificate)]);
            server.args(["-key2", &file("key2", &pair.key)]);
        }
        let process = Process::start(&server, &folder.join(format!("{}.log", port.number())), Duration::ZERO);
        wait_for(&at, &process);
        Self { at, port, _process: process }
    }
}

fn wait_for(at: &str, process: &Process) {
    let start = Instant::now();
    while TcpStream::connect(at).is_err() {
        assert!(!process.has_exited() && start.elapsed() < Duration::from_secs(60), "{at}: {}", process.log_tail(20));
        sleep(Duration::from_millis(50));
    }
}

/// An address of this machine that the API takes for that of a pod, which no loopback address is. What is sent to it does
/// not leave the machine; nothing is sent to find it.
fn own_address() -> IpAddr {
    let socket = UdpSocket::bind("0.0.0.0:0").expect("a socket");
    socket.connect("192.0.2.99:9").expect("this test needs an address that is not a loopback address");
    socket.local_addr().expect("an address").ip()
}

/// The controller manager or the scheduler, idle.
fn component(binary: Binary, root: &Path, server: u16, address: &str, port: u16, more: &[&str]) -> Process {
    let name = binary.name();
    let kubeconfig = root.join(format!("etc/kubernetes/{}.conf", name.trim_start_matches("kube-")));
    let mut command = Command::new(binaries::program(binary));
    command.arg(format!("--kubeconfig={}", kubeconfig.display()));
    command.arg(format!("--master=https://127.0.0.1:{server}"));
    command.args([
        format!("--bind-address={address}"),
        format!("--secure-port={port}"),
        "--leader-elect=false".to_owned(),
    ]);
    command.arg(format!("--client-ca-file={}", pki(root).join("ca.crt").display()));
    command.args(more);
    let process = Process::start(&command, &root.join(format!("{name}.log")), Duration::from_millis(300));
    wait_for(&format!("{address}:{port}"), &process);
    process
}

fn hook(name: &str, service: &str, bundle: &Pair) -> Value {
    let service = json!({ "namespace": "shop", "name": service, "port": 8443 });
    json!({ "name": name, "clientConfig": { "service": service, "caBundle": STANDARD.encode(&bundle.certificate) },
        "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Ignore", "rules": [] })
}

fn service(name: &str, address: IpAddr, port: u16) -> [Value; 2] {
    let metadata = json!({ "namespace": "shop", "name": name });
    let labelled =
        json!({ "namespace": "shop", "name": format!("{name}-x1"), "labels": { "kubernetes.io/service-name": name } });
    let ports = json!([{ "name": "other", "port": 80 }, { "name": "https", "port": 8443, "targetPort": "hook" }]);
    [
        json!({ "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": { "ports": ports } }),
        json!({ "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": labelled, "addressType": "IPv4",
            "endpoints": [{ "addresses": [address] }],
            "ports": [{ "name": "other", "port": 1 }, { "name": "https", "port": port }] }),
    ]
}

/// Of the Gateway API as much as a Gateway needs to exist.
fn gateways(host: &str, port: u16) -> [Value; 2] {
    let schema = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    [
        json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": { "name": "gateways.gateway.networking.k8s.io",
                "annotations": { "api-approved.kubernetes.io": "unapproved, a test" } },
            "spec": { "group": "gateway.networking.k8s.io", "scope": "Namespaced",
                "names": { "plural": "gateways", "singular": "gateway", "kind": "Gateway" },
                "versions": [{ "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": schema } }] } }),
        json!({ "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": { "namespace": "shop", "name": "door" },
            "spec": { "gatewayClassName": "x", "listeners": [
                { "name": "a", "hostname": "shop.example.com", "port": port, "protocol": "HTTPS" },
                { "name": "b", "port": port, "protocol": "HTTPS" },
            ]},
            "status": { "addresses": [{ "type": "IPAddress", "value": host }] } }),
    ]
}

fn create(cluster: &ControlPlane, folder: &Path, objects: &[Value]) {
    let file = folder.join("objects.json");
    fs::write(&file, json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()).expect("written");
    cluster.kubectl(&["create", "-f", &file.display().to_string()]);
}

/// What openssl says that a server accepts.
fn accepted(at: &str) -> Vec<String> {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", at, "-nameopt", "RFC2253"])
        .stdin(Stdio::null())
        .output()
        .expect("openssl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (_, names) =
        text.split_once("Acceptable client certificate CA names\n").unwrap_or_else(|| panic!("{at}: {text}"));
    names.lines().take_while(|line| line.contains('=')).map(str::to_owned).collect()
}

fn one(program: &Program, target: &str) -> Value {
    program.run(["show", target, "-o", "json"]).exits(0).items().swap_remove(0)
}

fn findings(ran: &Ran, code: &str) -> Vec<String> {
    let items = ran.items();
    let all = items.iter().filter(|item| item["code"] == code);
    all.map(|item| item["target"].as_str().expect("a target").to_owned()).collect()
}

#[test]
fn what_servers_present_is_compared_with_what_is_stored() {
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let root = folder.path();
    let port = Port::take();
    Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(port.number()) }.write(root);
    let mut settings = Settings::new(root, port.number());
    settings.apiserver_args = vec!["--bind-address=0.0.0.0".to_owned()];
    let cluster = ControlPlane::start_with(settings);
    let own = own_address();
    // Of this test alone, so that the usual ports are free there.
    let [high, low] = port.number().to_be_bytes();
    let node = format!("127.66.{high}.{low}");
    let manager = component(Binary::KubeControllerManager, root, port.number(), &node, 10257, &["--controllers=ttl"]);
    let scheduler = component(Binary::KubeScheduler, root, port.number(), &node, 10259, &[]);

    let (authority, stranger) = (Pair::authority("/CN=hook-ca"), Pair::authority("/CN=stranger"));
    let leaf = |name: &str| {
        Pair::signed_by(&authority, &format!("/CN={name}"), &["-addext", &format!("subjectAltName=DNS:{name}")])
    };
    let served = leaf("hook.shop.svc");
    // Certificates count whole seconds.
    sleep(Duration::from_millis(1100));
    let stored = leaf("hook.shop.svc");
    let webhook = Server::start(root, &own.to_string(), &served, None);
    let shop = leaf("shop.example.com");
    let gateway = Server::start(root, "127.0.0.1", &leaf("default"), Some(("shop.example.com", &shop)));
    let kubelet = Server::start(root, &node, &Pair::of("/CN=kubelet"), None);

    let secret = |name: &str, pair: &Pair| {
        json!({ "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": { "namespace": "shop", "name": name },
            "data": { "tls.crt": STANDARD.encode(&pair.certificate), "tls.key": STANDARD.encode(&pair.key) } })
    };
    let mut objects = vec![
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } }),
        secret("hook", &stored),
        secret("door", &shop),
        json!({ "apiVersion": "v1", "kind": "Node",
            "metadata": { "name": "cp1", "labels": { "node-role.kubernetes.io/control-plane": "" } },
            "status": { "addresses": [{ "type": "InternalIP", "address": node }],
                "daemonEndpoints": { "kubeletEndpoint": { "Port": kubelet.port.number() } } } }),
        json!({ "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": { "name": "guard" },
            "webhooks": [hook("good.example.com", "hook", &authority), hook("stale.example.com", "hook", &stranger),
                hook("gone.example.com", "gone", &authority)] }),
        json!({ "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": { "namespace": "default", "name": "kubernetes", "labels": { "kubernetes.io/service-name": "kubernetes" } },
            "endpoints": [{ "addresses": [own] }], "ports": [{ "name": "https", "port": port.number() }] }),
    ];
    objects.extend(service("hook", own, webhook.port.number()));
    let nobody = Port::take();
    objects.extend(service("gone", own, nobody.number()));
    create(&cluster, root, &objects);
    let [definition, door] = gateways("127.0.0.1", gateway.port.number());
    create(&cluster, root, &[definition]);
    cluster.kubectl(&["wait", "--for=condition=Established", "crd/gateways.gateway.networking.k8s.io"]);
    create(&cluster, root, &[door]);

    let program = Program::new().with("KUBECONFIG", cluster.kubeconfig());
    let server = format!("tls://127.0.0.1:{}", port.number());
    let plain = targets(&program.line("list -o json").exits(0));
    let endpoints = |all: &[String]| all.iter().filter(|at| at.starts_with("tls://")).cloned().collect::<Vec<_>>();
    assert_eq!(endpoints(&plain), std::slice::from_ref(&server), "not asked for, not looked at");

    let probed = program.line("list --probe --probe-hosts -o json").exits(3);
    let at = |host: &str, port: u16| format!("tls://{host}:{port}");
    let door = format!("tls://{}?sni=shop.example.com", gateway.at);
    let own_server = at(&own.to_string(), port.number());
    let mut wanted = vec![server.clone(), own_server.clone(), format!("tls://{}", webhook.at), door.clone()];
    wanted.extend([at(&node, 10257), at(&node, 10259), format!("tls://{}", kubelet.at)]);
    let without_number = |name: String| name.split('#').next().unwrap_or_default().to_owned();
    let mut seen: Vec<String> = endpoints(&targets(&probed)).into_iter().map(without_number).collect();
    wanted.sort();
    seen.sort();
    seen.dedup();
    assert_eq!(seen, wanted);
    // etcd's ports are nobody's here and need not be; a pod that does not answer is one.
    assert_eq!(gaps(&probed), [(at(&own.to_string(), nobody.number()), "unreachable".to_owned())], "{probed:#?}");

    let checked = program.line("check --probe -o json");
    assert_eq!(findings(&checked, "webhook-untrusted"), ["webhook/validating/guard/stale.example.com"], "{checked:#?}");

    let compared = |target: &str, option: &str| {
        let items = program.run(["show", target, option, "-o", "json"]).items();
        items[0]["served"].clone()
    };
    let webhook_at = format!("tls://{}", webhook.at);
    assert_eq!(compared("secret/shop/hook", "--probe"), json!([{ "at": webhook_at, "presents": "older" }]));
    assert_eq!(compared("secret/shop/door", "--probe-hosts"), json!([{ "at": door, "presents": "same" }]));
    let told = program.run(["show", "secret/shop/hook", "--probe"]).out;
    assert!(told.contains(&format!("Served by:    {webhook_at}   (an older one of the same names)")), "{told}");

    // Who asks for no name gets what everybody gets.
    assert_eq!(one(&program, &format!("tls://{}", gateway.at))["certificate"]["subject"], "CN=default");
    assert_eq!(one(&program, &door)["certificate"]["subject"], "CN=shop.example.com");
    let etcd = [cluster.etcd_client_port(), cluster.etcd_peer_port()].map(|port| at("127.0.0.1", port));
    for endpoint in [server, own_server, at(&node, 10257), at(&node, 10259)].iter().chain(&etcd) {
        let handshake = &one(&program, endpoint)["handshake"];
        assert_eq!(handshake["version"], "TLS 1.3", "{endpoint}");
        assert_eq!(handshake["clientAuthorities"], json!(accepted(&endpoint["tls://".len()..])), "{endpoint}");
    }
    assert_eq!(one(&program, &webhook_at)["handshake"]["clientAuthorities"], Value::Null);
    drop((manager, scheduler));
}
