//! The kubelet's configuration (`KubeletConfiguration`), also its drop-ins, under the names that its options have.

use std::path::Path;

use serde::Deserialize;

use super::{Arguments, arguments};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    kind: String,
    static_pod_path: Option<String>,
    tls_cert_file: Option<String>,
    tls_private_key_file: Option<String>,
    authentication: Authentication,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Authentication {
    x509: X509,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct X509 {
    #[serde(rename = "clientCAFile")]
    client_ca_file: Option<String>,
}

pub(super) fn read(_: &Path, text: &str) -> Vec<Arguments> {
    if !text.contains("KubeletConfiguration") {
        return Vec::new();
    }
    let Ok(configuration) = serde_saphyr::from_str::<Configuration>(text) else { return Vec::new() };
    if configuration.kind != "KubeletConfiguration" {
        return Vec::new();
    }
    let options = [
        ("pod-manifest-path", configuration.static_pod_path),
        ("tls-cert-file", configuration.tls_cert_file),
        ("tls-private-key-file", configuration.tls_private_key_file),
        ("client-ca-file", configuration.authentication.x509.client_ca_file),
    ];
    let options = options.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    arguments("kubelet", options).into_iter().collect()
}
