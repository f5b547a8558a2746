//! What is found, all of it, and what could not be read.

use serde_json::Value;

use crate::program::Ran;
use crate::world::World;

pub(crate) fn servers_are_called(world: &World) {
    assert!(world.server.reviews() > 0 || world.server.discoveries() > 0, "the API server has called nobody");
    let before = world.server.reviews();
    world.kubectl(&["create", "configmap", "probe", "-n", "odd", "--from-literal=a=b"]);
    assert!(world.server.reviews() > before, "the webhook was not asked");
    let available = "jsonpath={.status.conditions[?(@.type=='Available')].status}";
    let told = world.kubectl(&["get", "apiservice", "v1.probe.example.com", "-o", available]);
    assert_eq!(told, "True", "the aggregated API is not there");
}

/// Kind, target and state of each item, and place and reason of each gap; what differs from run to run has another name.
fn normal(world: &World, program: &crate::program::Program, ran: &Ran) -> Vec<String> {
    let config = program.work().join("kubeconfig").display().to_string();
    let port = format!("127.0.0.1:{}", world.control_plane.port());
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let document = ran.json();
    let items = document["items"].as_array().expect("items").iter().map(|item| {
        let (state, more) = match item["kind"].as_str().expect("a kind") {
            "Request" => (&item["request"]["filed"]["state"], text(&item["request"]["filed"]["signer"])),
            "CertManagerObject" => (&item["object"]["state"], text(&item["object"]["reason"])),
            _ => {
                let copies = item["alsoIn"].as_array().map_or(0, Vec::len);
                let copies = if copies == 0 { String::new() } else { format!(" +{copies}") };
                (&item["holds"], format!("{}{copies}", text(&item["subject"])))
            }
        };
        format!("{} {} {more}", text(&item["target"]), text(state))
    });
    let gaps = document["gaps"].as_array().expect("gaps").iter();
    let gaps = gaps.map(|gap| format!("gap {} {}", text(&gap["at"]), text(&gap["reason"])));
    items.chain(gaps).map(|line| line.replace(&config, "CONFIG").replace(&port, "SERVER")).collect()
}

pub(crate) fn everything(world: &World) {
    let program = world.administrator();
    let ran = program.line("list -o json").exits(3);
    let wanted = [
        "kubeconfig:CONFIG#cluster/it bundle CN=kubernetes",
        "kubeconfig:CONFIG#user/me chain CN=root,O=system:masters",
        "secret/shop/web/ca.crt bundle CN=own-ca",
        "secret/shop/web/tls.crt chain CN=web.shop.svc",
        "configmap/default/company-roots/ca-bundle.crt bundle CN=own-ca +2",
        "configmap/default/kube-root-ca.crt/ca.crt bundle CN=kubernetes +4",
        "configmap/kube-system/extension-apiserver-authentication/client-ca-file bundle CN=kubernetes",
        "configmap/kube-system/extension-apiserver-authentication/requestheader-client-ca-file bundle CN=front-proxy-ca",
        "configmap/odd/binary/roots bundle CN=own-ca",
        "configmap/odd/kube-root-ca.crt/ca.crt bundle CN=own-ca",
        "configmap/shop/trust/roots.pem#1 bundle CN=own-ca",
        "configmap/shop/trust/roots.pem#2 bundle CN=kubernetes",
        "apiservice/v1.probe.example.com bundle CN=own-ca",
        "crd/things.example.com bundle CN=own-ca",
        "webhook/validating/guard/guard.example.com bundle CN=own-ca",
        "webhook/validating/pods/pods.example.com bundle CN=own-ca",
        "tls://SERVER chain CN=kube-apiserver",
        "configmap/kube-public/cluster-info/kubeconfig#cluster/ bundle CN=kubernetes",
        "csr/e-issued#/status/certificate chain CN=jo,O=devs",
        "csr/a-pending pending kubernetes.io/kube-apiserver-client",
        "csr/b-approved approved example.com/nobody",
        "csr/c-denied denied kubernetes.io/kube-apiserver-client",
        "csr/d-failed failed kubernetes.io/kube-apiserver-client",
        "csr/e-issued issued kubernetes.io/kube-apiserver-client",
        "certificate/shop/broken not-ready DoesNotExist",
        "certificate/shop/web ready Ready",
        "certificaterequest/shop/web-1 pending Issuer own",
        "certificaterequest/shop/web-2 failed Issuer own",
        "clusterissuer/company unknown -",
        "issuer/shop/own ready IsReady",
        "gap configmap/odd/half/ca.crt bad-pem",
        "gap webhook/mutating/odd/odd.example.com bad-pem",
    ];
    let (mut found, mut wanted) = (normal(world, &program, &ran), wanted.map(str::to_owned));
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

/// One gap for each kind, however many namespaces there are.
pub(crate) fn one_namespace_only(world: &World) {
    let program = world.user("/CN=alice", Some("shop"));
    let ran = program.line("list -o json").exits(3);
    let mut wanted = vec![
        "certificate/shop/broken not-ready DoesNotExist",
        "certificate/shop/web ready Ready",
        "configmap/shop/company-roots/ca-bundle.crt bundle CN=own-ca",
        "configmap/shop/kube-root-ca.crt/ca.crt bundle CN=kubernetes",
        "configmap/shop/trust/roots.pem#1 bundle CN=own-ca",
        "configmap/shop/trust/roots.pem#2 bundle CN=kubernetes",
        "gap apiservice/* forbidden",
        "gap certificate/*/* forbidden",
        "gap certificaterequest/*/* forbidden",
        "gap clusterissuer/* forbidden",
        "gap configmap/*/*/* forbidden",
        "gap crd/* forbidden",
        "gap csr/* forbidden",
        "gap issuer/*/* forbidden",
        "gap secret/*/*/* forbidden",
        "gap webhook/mutating/*/* forbidden",
        "gap webhook/validating/*/* forbidden",
        "kubeconfig:CONFIG#cluster/it bundle CN=kubernetes",
        "kubeconfig:CONFIG#user/me chain CN=alice",
        "secret/shop/web/ca.crt bundle CN=own-ca",
        "secret/shop/web/tls.crt chain CN=web.shop.svc",
        "tls://SERVER chain CN=kube-apiserver",
    ];
    let mut found = normal(world, &program, &ran);
    found.sort();
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    program.line("list").exits(3).says("only namespace 'shop' was looked at");
}

pub(crate) fn every_printed_name(world: &World) {
    let program = world.administrator();
    let names = program.line("list -o name").exits(3);
    assert!(names.lines().len() > 25);
    for name in names.lines() {
        let ran = program.run(["show", name, "-o", "name"]).exits(0);
        assert!(ran.lines().contains(&name), "{name}: {ran:#?}");
    }
}

/// Each of the copies that one entry stands for can be named.
pub(crate) fn copies(world: &World) {
    let program = world.administrator();
    let items = program.line("list -o json").items();
    let spread = items.iter().filter_map(|item| item["alsoIn"].as_array()).flatten();
    let spread: Vec<&str> = spread.map(|at| at.as_str().expect("a target")).collect();
    assert_eq!(spread.len(), 6, "{spread:?}");
    for at in spread {
        assert_eq!(program.run(["list", at, "-o", "name"]).exits(0).lines(), [at]);
    }
    let both = "configmap/shop/kube-root-ca.crt configmap/default/kube-root-ca.crt";
    let ran = program.line(&format!("list {both}")).exits(0);
    assert!(ran.out.contains("2 namespaces"), "{ran:#?}");
    let shown = program.line("show configmap/default/company-roots").exits(0).out;
    for words in ["Kept by:      trust-manager (Bundle company-roots)", "the same"] {
        assert_eq!(shown.contains(words), words != "the same", "{shown}");
    }
    let table = program.line("list").exits(3).out;
    assert!(table.contains("5 namespaces"), "{table}");
}

pub(crate) fn requests(world: &World) {
    let program = world.administrator();
    let shown = program.line("show csr/d-failed").exits(0).out;
    for words in [
        "failed   (SignerValidationFailure",
        "Asks for:     a lifetime of 2h",
        "server auth",
        "jo.example.com",
        "system:masters",
    ] {
        assert!(shown.contains(words), "'{words}' is not in {shown}");
    }
    // The request and what came of it.
    let both = program.line("show csr/e-issued -o json").exits(0).items();
    let kinds: Vec<&str> = both.iter().map(|item| item["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["CertificateDetails", "Request"]);
    assert_eq!(both[0]["signature"]["state"], "issuerMissing");
    assert_eq!(both[1]["request"]["filed"]["usages"], serde_json::json!(["digital signature", "client auth"]));
    program.line("show csr/nobody").exits(3).says("not found");
}

pub(crate) fn cert_manager(world: &World) {
    let program = world.administrator();
    let items = program.line("list secret/shop/web -o json").exits(0).items();
    let owner = &items[1]["owner"];
    assert_eq!((&owner["by"], &owner["renewal"]), (&"cert-manager".into(), &"2098-12-01T00:00:00Z".into()));
    assert_eq!(owner["object"]["name"], "web");
    let shown = program.line("show certificate/shop/broken").exits(0).out;
    assert!(shown.contains("not-ready   (DoesNotExist: Issuing certificate as Secret does not exist)"), "{shown}");
    assert!(shown.contains("Keeps:        secret/shop/nowhere/tls.crt"), "{shown}");
    let refused = program.line("renew secret/shop/web --dry-run").exits(4);
    refused
        .says("renewed by cert-manager (Certificate shop/web), next on 2098-12-01T00:00Z")
        .says("cmctl renew web -n shop");
    let codes = |line: &str| -> Vec<String> {
        let text = |item: &Value| {
            format!("{} {}", item["code"].as_str().unwrap_or("-"), item["target"].as_str().unwrap_or("-"))
        };
        program.line(line).items().iter().map(text).collect()
    };
    assert_eq!(codes("check certificate/shop/broken -o json"), ["cert-manager-not-ready certificate/shop/broken"]);
    let older = "older-in-pods secret/shop/web/tls.crt".to_owned();
    assert!(
        codes("check -n shop --consumers -o json").contains(&older) && !codes("check -n shop -o json").contains(&older)
    );
    program.line("show certificaterequest/shop/web-3").exits(0);
    program.line("list certificate/shop/nobody").exits(3);
}
