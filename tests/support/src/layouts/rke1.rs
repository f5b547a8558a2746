//! RKE1: serial 0 on both authorities, a certificate that is another one byte for byte, one common name for all members of
//! etcd, and everything twice in the state file of the operator.

use serde_json::{Value, json};

use super::{Authority, Disk, Oddity, Pair, kubeconfig, kubeconfig_of_files};

const SSL: &str = "etc/kubernetes/ssl";

/// Names and pairs as the program makes them.
struct Bundle {
    ca: Authority,
    pairs: Vec<(String, Pair)>,
}

fn bundle() -> Bundle {
    let zero = Oddity { zero: true, ..Oddity::default() };
    let (ca, header_ca) = (Authority::new("kube-ca", &zero), Authority::new("kube-apiserver-requestheader-ca", &zero));
    let mut pairs = vec![
        ("kube-ca".to_owned(), ca.pair()),
        ("kube-apiserver-requestheader-ca".to_owned(), header_ca.pair()),
        ("kube-apiserver-proxy-client".to_owned(), header_ca.sign("kube-apiserver-proxy-client", &Oddity::default())),
    ];
    let apiserver = ca.sign("kube-apiserver", &Oddity::default());
    pairs.push(("kube-service-account-token".to_owned(), apiserver.clone()));
    pairs.push(("kube-apiserver".to_owned(), apiserver));
    for (name, cn) in [
        ("kube-controller-manager", "system:kube-controller-manager"),
        ("kube-scheduler", "system:kube-scheduler"),
        ("kube-proxy", "system:kube-proxy"),
        ("kube-node", "system:node"),
        ("kube-etcd-10-0-0-1", "kube-etcd"),
        ("kube-etcd-10-0-0-2", "kube-etcd"),
    ] {
        pairs.push((name.to_owned(), ca.sign(cn, &Oddity::default())));
    }
    Bundle { ca, pairs }
}

pub fn node(disk: &Disk) {
    let Bundle { pairs, .. } = bundle();
    for (name, pair) in &pairs {
        disk.pem(&format!("{SSL}/{name}"), pair);
    }
    for name in ["kube-node", "kube-proxy", "kube-controller-manager", "kube-scheduler"] {
        let path = |file: &str| format!("/{SSL}/{file}");
        let text = kubeconfig_of_files(
            "https://127.0.0.1:6443",
            &path("kube-ca.pem"),
            &path(&format!("{name}.pem")),
            &path(&format!("{name}-key.pem")),
        );
        disk.write(&format!("{SSL}/kubecfg-{name}.yaml"), text);
    }
}

/// The folder in which `rke` runs.
pub fn operator(disk: &Disk) {
    let Bundle { ca, mut pairs } = bundle();
    let admin = ca.sign("kube-admin", &Oddity { organisation: Some("system:masters"), ..Oddity::default() });
    pairs.push(("kube-admin".to_owned(), admin.clone()));
    let config = kubeconfig("https://10.0.0.1:6443", &ca.certificate(), "kube-admin-local", &admin);
    let state = |pairs: &[(String, Pair)]| -> Value {
        let entries = pairs.iter().map(|(name, pair)| {
            let config = if name == "kube-admin" { config.clone() } else { String::new() };
            let entry = json!({
                "certificatePEM": pair.certificate, "keyPEM": pair.key, "commonName": "not that of the certificate",
                "config": config, "name": name, "path": format!("/{SSL}/{name}.pem"), "keyPath": "", "ouName": "",
            });
            (name.clone(), entry)
        });
        json!({ "rkeConfig": { "nodes": [] }, "certificatesBundle": Value::Object(entries.collect()) })
    };
    let text = json!({ "desiredState": state(&pairs), "currentState": state(&pairs) });
    disk.write("cluster.rkestate", serde_json::to_string_pretty(&text).expect("JSON"));
    disk.write("kube_config_cluster.yml", &config);
    disk.write("cluster.yml", "nodes:\n- address: 10.0.0.1\n");
}
