//! AKS Engine: one authority for all, equal subjects, dozens of names, and the operator's folder with the API model (PEM),
//! the parameters (base64 of PEM) and kubeconfigs in JSON, one for each region where none was chosen.

use serde_json::{Value, json};

use super::{Authority, Disk, Oddity, Pair, alone, base64};

const CERTS: &str = "etc/kubernetes/certs";

fn pairs(ca: &Authority) -> Vec<(&'static str, Pair)> {
    let names = (0..76).map(|number| format!("name{number}.example.com")).collect();
    let client = Oddity { organisation: Some("system:masters"), ..Oddity::default() };
    vec![
        ("apiserver", ca.sign("apiserver", &Oddity { names, ..Oddity::default() })),
        ("client", ca.sign("client", &client)),
        ("kubectlClient", ca.sign("client", &client)),
        ("etcdserver", ca.sign("etcdserver", &Oddity::default())),
        ("etcdclient", ca.sign("etcdclient", &Oddity::default())),
        ("etcdpeer0", ca.sign("etcdpeer", &Oddity::default())),
        ("etcdpeer1", ca.sign("etcdpeer", &Oddity::default())),
    ]
}

pub fn node(disk: &Disk) {
    let ca = Authority::new("ca", &Oddity::default());
    disk.crt(&format!("{CERTS}/ca"), &ca.pair());
    for (name, pair) in pairs(&ca).iter().filter(|(name, _)| !matches!(*name, "kubectlClient" | "etcdpeer1")) {
        disk.crt(&format!("{CERTS}/{name}"), pair);
    }
    let proxy_ca = Authority::new("proxyClientCA", &Oddity::default());
    disk.write(&format!("{CERTS}/proxy-ca.crt"), proxy_ca.certificate());
    disk.crt(
        &format!("{CERTS}/proxy"),
        &proxy_ca.sign("aggregator", &Oddity { organisation: Some("system:masters"), ..Oddity::default() }),
    );
    disk.crt(&format!("{CERTS}/kubeletserver"), &alone("k8s-master-0"));
    disk.write("etc/kubernetes/azure.json", "{\"cloud\": \"x\", \"aadClientSecret\": \"secret\"}");
    disk.write(
        "etc/kubernetes/manifests/kube-apiserver.yaml",
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: kube-apiserver}}\nspec:\n  containers:\n  - name: a\n    \
             command: [/hyperkube, kube-apiserver]\n    args:\n    - --client-ca-file=/{CERTS}/ca.crt\n    - \
             --tls-cert-file=/{CERTS}/apiserver.crt\n    - --tls-private-key-file=/{CERTS}/apiserver.key\n"
        ),
    );
    // What `rotate-certs` puts aside.
    disk.crt("etc/kubernetes/certs.bak/apiserver", &ca.sign("apiserver", &Oddity::default()));
}

/// `_output/PREFIX`.
pub fn output(disk: &Disk) {
    let ca = Authority::new("ca", &Oddity::default());
    let pairs = pairs(&ca);
    disk.crt("ca", &ca.pair());
    for (name, pair) in &pairs {
        disk.crt(name, pair);
    }
    let pair = |wanted: &str| {
        pairs.iter().find(|(name, _)| *name == wanted).map_or_else(|| ca.pair(), |(_, pair)| pair.clone())
    };
    let mut profile = serde_json::Map::new();
    let mut parameters = serde_json::Map::new();
    for (field, name) in [
        ("ca", "ca"),
        ("apiServer", "apiserver"),
        ("client", "client"),
        ("kubeConfig", "kubectlClient"),
        ("etcdServer", "etcdserver"),
        ("etcdClient", "etcdclient"),
    ] {
        let Pair { certificate, key } = pair(name);
        let encoded = |text: &str| json!({ "value": base64(text) });
        parameters.insert(format!("{field}Certificate"), encoded(&certificate));
        parameters.insert(format!("{field}PrivateKey"), encoded(&key));
        profile.insert(format!("{field}Certificate"), certificate.into());
        profile.insert(format!("{field}PrivateKey"), key.into());
    }
    let peers = [pair("etcdpeer0"), pair("etcdpeer1")];
    for (number, peer) in peers.iter().enumerate() {
        parameters.insert(format!("etcdPeerCertificate{number}"), json!({ "value": base64(&peer.certificate) }));
        parameters.insert(format!("etcdPeerPrivateKey{number}"), json!({ "value": base64(&peer.key) }));
    }
    let of = |what: fn(&Pair) -> &String| Value::from(peers.iter().map(|peer| what(peer).clone()).collect::<Vec<_>>());
    profile.insert("etcdPeerCertificates".to_owned(), of(|peer| &peer.certificate));
    profile.insert("etcdPeerPrivateKeys".to_owned(), of(|peer| &peer.key));
    let model = json!({ "apiVersion": "vlabs", "properties": { "certificateProfile": profile } });
    disk.write("apimodel.json", serde_json::to_string_pretty(&model).expect("JSON"));
    disk.write("azuredeploy.json", "{\"$schema\": \"x\", \"parameters\": {\"caCertificate\": {\"type\": \"string\"}}}");
    let parameters = json!({ "$schema": "x", "parameters": parameters });
    disk.write("azuredeploy.parameters.json", serde_json::to_string_pretty(&parameters).expect("JSON"));
    let client = pair("kubectlClient");
    for region in ["eastus", "westus2"] {
        let text = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{ "name": "it", "cluster": {
                "certificate-authority-data": base64(&ca.certificate()), "server": format!("https://it.{region}.example.com") } }],
            "contexts": [{ "name": "it", "context": { "cluster": "it", "user": "it-admin" } }],
            "users": [{ "name": "it-admin", "user": {
                "client-certificate-data": base64(&client.certificate), "client-key-data": base64(&client.key) } }],
        });
        disk.write(&format!("kubeconfig/kubeconfig.{region}.json"), text.to_string());
    }
    disk.write("_rotate_certs_backup/apimodel.json", model.to_string());
}
