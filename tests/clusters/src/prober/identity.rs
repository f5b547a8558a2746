//! The client of a kubeconfig with inline certificates, such as admin.conf.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;

pub(super) struct Identity {
    /// Of the server's URL.
    pub(super) host: String,
    pub(super) authorities: Vec<CertificateDer<'static>>,
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let text = fs::read_to_string(path).map_err(|e| format!("failed to read {shown}: {e}"))?;
        let config: Kubeconfig = serde_saphyr::from_str(&text).map_err(|e| format!("failed to read {shown}: {e}"))?;
        let (cluster, user) = match (config.clusters.into_iter().next(), config.users.into_iter().next()) {
            (Some(cluster), Some(user)) => (cluster.cluster, user.user),
            _ => return Err(format!("{shown} has no cluster or no user")),
        };
        let host =
            cluster.server.trim_start_matches("https://").split([':', '/']).next().unwrap_or_default().to_owned();
        let key = pem(&user.client_key_data)?;
        Ok(Self {
            host,
            authorities: certificates(&cluster.certificate_authority_data)?,
            chain: certificates(&user.client_certificate_data)?,
            key: PrivateKeyDer::from_pem_slice(&key).map_err(|e| format!("no key in {shown}: {e}"))?,
        })
    }
}

fn certificates(data: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_slice_iter(&pem(data)?)
        .collect::<Result<_, _>>()
        .map_err(|e| format!("a broken certificate in the kubeconfig: {e}"))
}

fn pem(data: &str) -> Result<Vec<u8>, String> {
    STANDARD.decode(data.trim()).map_err(|e| format!("broken base64 in the kubeconfig: {e}"))
}

#[derive(Deserialize)]
struct Kubeconfig {
    clusters: Vec<NamedCluster>,
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedCluster {
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    certificate_authority_data: String,
    server: String,
}

#[derive(Deserialize)]
struct NamedUser {
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    client_certificate_data: String,
    client_key_data: String,
}
