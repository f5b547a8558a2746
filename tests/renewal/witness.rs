//! What openssl and kubectl say of a disk: every certificate in its place, and whether one is the renewal of another.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;
use support::binaries::{self, Program};
use support::openssl::{self, X509};
use support::pem;
use support::tree::{Kind, Tree};

/// Certificate without its ending, and that of its authority (kubeadm's `certlist.go`).
pub(crate) const PAIRS: [(&str, &str); 7] = [
    ("pki/apiserver", "pki/ca"),
    ("pki/apiserver-etcd-client", "pki/etcd/ca"),
    ("pki/apiserver-kubelet-client", "pki/ca"),
    ("pki/etcd/healthcheck-client", "pki/etcd/ca"),
    ("pki/etcd/peer", "pki/etcd/ca"),
    ("pki/etcd/server", "pki/etcd/ca"),
    ("pki/front-proxy-client", "pki/front-proxy-ca"),
];
pub(crate) const KUBECONFIGS: [&str; 5] =
    ["admin.conf", "super-admin.conf", "controller-manager.conf", "scheduler.conf", "kubelet.conf"];

/// Certificate and key of one user or component, each as PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Identity {
    pub(crate) certificate: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

/// All that kubeadm renews, by the path below etc/kubernetes (of pairs without ending); with the authority's path.
pub(crate) fn identities(kubernetes: &Path) -> BTreeMap<&'static str, (Identity, &'static str)> {
    let mut found = BTreeMap::new();
    let pairs =
        PAIRS.iter().map(|(stem, authority)| (*stem, *authority, vec![format!("{stem}.crt"), format!("{stem}.key")]));
    let configs = KUBECONFIGS.iter().map(|name| (*name, "pki/ca", vec![(*name).to_owned()]));
    for (name, authority, files) in pairs.chain(configs) {
        let blocks: Vec<_> = files
            .iter()
            .filter_map(|file| fs::read(kubernetes.join(file)).ok())
            .flat_map(|bytes| pem::blocks(&bytes))
            .collect();
        let last = |ending: &str| blocks.iter().rev().find(|block| block.label.ends_with(ending));
        // In a kubeconfig of kubeadm the authority comes first.
        if let (Some(certificate), Some(key)) = (last("CERTIFICATE"), last("PRIVATE KEY")) {
            let identity = Identity { certificate: certificate.text.clone(), key: key.text.clone() };
            found.insert(name, (identity, authority));
        }
    }
    found
}

/// Fails unless `new` says what `old` says, with another key, and the authority stands behind it.
pub(crate) fn assert_renewal(name: &str, old: &Identity, new: &Identity, authority: &Path) {
    let (before, after) = (x509(&old.certificate), x509(&new.certificate));
    assert_eq!(openssl::verify(&new.certificate, authority, None), Ok(()), "{name}");
    assert_eq!(openssl::public_key_of(&new.key), after.public_key, "{name}: key and certificate are no pair");
    for (what, old, new) in [
        ("key", &before.public_key, &after.public_key),
        ("serial", &before.serial, &after.serial),
        ("fingerprint", &before.fingerprint, &after.fingerprint),
    ] {
        assert_ne!(old, new, "{name}: the {what} is the old one");
    }
    assert!(after.not_before >= before.not_before && after.not_after >= before.not_after, "{name}: {after:?}");
    assert_eq!(lifetime(&before), lifetime(&after), "{name}: another lifetime");
    assert_eq!(structure(&old.certificate), structure(&new.certificate), "{name}");
    assert_eq!(label(&old.key), label(&new.key), "{name}: another kind of key file");
    assert_eq!(key_kind(&old.key), key_kind(&new.key), "{name}");
    let authority = x509(&fs::read(authority).expect("an authority"));
    let wanted = key_id(&authority, "Subject Key Identifier");
    assert_eq!(key_id(&after, "Authority Key Identifier"), wanted, "{name}");
}

/// The DER as openssl takes it apart, value by value, but for what a renewal may change.
fn structure(certificate: &[u8]) -> Vec<String> {
    let text = openssl::text(&["asn1parse"], certificate);
    let lines: Vec<(usize, String)> = text.lines().map(depth_and_value).collect();
    let mut kept: Vec<String> = Vec::new();
    let mut skip = 0;
    for (at, (depth, value)) in lines.iter().enumerate() {
        if skip > 0 {
            skip -= 1;
            continue;
        }
        let names = |at: usize, name: &str| lines.get(at).is_some_and(|(_, value)| value.contains(name));
        let key_id = ["X509v3 Subject Key Identifier", "X509v3 Authority Key Identifier"];
        if value.starts_with("SEQUENCE") && key_id.iter().any(|name| names(at + 1, name)) {
            // Its object and its octets. A certificate without its own key id gets one.
            skip = 2;
            continue;
        }
        let is_serial = kept.len() == 4 && value.starts_with("INTEGER");
        let changes = is_serial || value.starts_with("UTCTIME") || value.starts_with("GENERALIZEDTIME");
        let value = if changes { value.split(':').next().unwrap_or_default() } else { value };
        kept.push(format!("{depth} {value}"));
    }
    assert!(kept.len() > 20 && kept.iter().filter(|line| line.contains("TIME")).count() == 2, "{text}");
    kept
}

/// `    4:d=1  hl=4 l= 721 cons: SEQUENCE`: offsets and lengths follow from the rest.
fn depth_and_value(line: &str) -> (usize, String) {
    let depth = line.split("d=").nth(1).and_then(|rest| rest.split_whitespace().next());
    let value = line.split_once("prim:").or_else(|| line.split_once("cons:")).map(|(_, value)| value.trim());
    (depth.and_then(|depth| depth.parse().ok()).expect("a depth"), value.expect("a value").to_owned())
}

fn label(key: &[u8]) -> String {
    pem::blocks(key).last().expect("a key").label.clone()
}

/// `Private-Key: (2048 bit, 2 primes)`, and the curve.
fn key_kind(key: &[u8]) -> Vec<String> {
    let text = openssl::text(&["pkey", "-noout", "-text"], key);
    text.lines().filter(|line| line.contains("Private-Key") || line.contains("OID")).map(str::to_owned).collect()
}

/// The hexadecimal digits of `Subject` or `Authority Key Identifier`, which the text has in the line below its name.
fn key_id(x509: &X509, name: &str) -> String {
    let mut lines = x509.extensions.lines();
    lines.find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}: {x509:?}"));
    lines.next().unwrap_or_default().trim().trim_start_matches("keyid:").to_owned()
}

/// Asked of openssl once: a run of it costs more than everything else here.
fn x509(pem: &[u8]) -> X509 {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, X509>> = Mutex::new(BTreeMap::new());
    let known = KNOWN.lock().expect("no test panics here").get(pem).cloned();
    known.unwrap_or_else(|| {
        let x509 = openssl::x509(pem);
        KNOWN.lock().expect("no test panics here").insert(pem.to_vec(), x509.clone());
        x509
    })
}

/// Seconds from beginning to end; openssl writes `2026-01-31 12:00:00Z`.
fn lifetime(x509: &X509) -> i64 {
    let seconds = |time: &str| {
        let output = Command::new("date").args(["-u", "+%s", "-d", time]).output().expect("date");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.trim().parse::<i64>().unwrap_or_else(|_| panic!("'{time}' is no time"))
    };
    seconds(&x509.not_after) - seconds(&x509.not_before)
}

/// Fails unless each certificate of the disk has its key beside it and its authority behind it, and is another than before.
pub(crate) fn assert_all_new(kubernetes: &Path, old: &BTreeMap<&'static str, (Identity, &'static str)>) {
    let new = identities(kubernetes);
    assert_pairs(&new);
    assert_eq!(new.len(), old.len());
    for (name, (identity, authority)) in &new {
        let (old, _) = &old[name];
        assert!(identity.certificate != old.certificate && identity.key != old.key, "{name} is the old one");
        let authority = kubernetes.join(authority).with_extension("crt");
        assert_eq!(openssl::verify(&identity.certificate, &authority, None), Ok(()), "{name}");
    }
}

/// Fails where a certificate and the key beside it do not belong together.
pub(crate) fn assert_pairs(identities: &BTreeMap<&'static str, (Identity, &'static str)>) {
    for (name, (identity, _)) in identities {
        let certified = openssl::text(&["x509", "-noout", "-pubkey"], &identity.certificate);
        assert_eq!(openssl::public_key_of(&identity.key), certified, "{name} is half of one and half of another");
    }
}

/// Every certificate that openssl finds below a folder, by the place as the program names it.
pub(crate) fn placed(folder: &Path) -> BTreeMap<String, X509> {
    let mut found = BTreeMap::new();
    for (path, entry) in Tree::read(folder).entries {
        let Kind::File(bytes) = entry.kind else { continue };
        let path = folder.join(path);
        if path.extension().is_some_and(|ending| ending == "conf") {
            found.extend(placed_in_kubeconfig(&path));
            continue;
        }
        let blocks = pem::blocks(&bytes);
        let certificates: Vec<_> = blocks.iter().filter(|block| block.label == "CERTIFICATE").collect();
        for (index, block) in certificates.iter().enumerate() {
            let number = if certificates.len() == 1 { String::new() } else { format!("#{}", index + 1) };
            found.insert(format!("file:{}{number}", path.display()), x509(&block.text));
        }
    }
    found
}

/// Names from kubectl's own parser.
fn placed_in_kubeconfig(path: &Path) -> Vec<(String, X509)> {
    let output = Command::new(binaries::program(Program::Kubectl))
        .args(["config", "view", "--raw", "-o", "json", "--kubeconfig"])
        .arg(path)
        .env("KUBECTL_KUBERC", "false")
        .output()
        .expect("kubectl runs");
    let config: Value = serde_json::from_slice(&output.stdout).expect("JSON from kubectl");
    let mut found = Vec::new();
    for (list, one, field) in
        [("clusters", "cluster", "certificate-authority-data"), ("users", "user", "client-certificate-data")]
    {
        for named in config[list].as_array().into_iter().flatten() {
            if let Some(data) = named[one][field].as_str() {
                let blocks = pem::blocks(data.as_bytes());
                assert_eq!(blocks.len(), 1, "{}: {list}", path.display());
                let name = named["name"].as_str().expect("a name");
                found.push((format!("kubeconfig:{}#{one}/{name}", path.display()), x509(&blocks[0].text)));
            }
        }
    }
    found
}
