//! What one file or value holds: certificates whole, keys as their public half only. Made where the material lies, so
//! that nothing secret travels.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::certificate::{self, key_id};
use super::keystore::{self, Password, Store};
use super::{Arguments, Field, arguments, documents, kubeconfig, pem, token};
use crate::model::{KeyId, Token};
use crate::pki::public_key;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// DER of each certificate block, in order.
    #[serde(with = "super::bytes")]
    #[schemars(with = "Vec<String>")]
    pub certificates: Vec<Vec<u8>>,
    /// Labels of blocks whose base64 is broken.
    pub broken: Vec<String>,
    /// Labels of blocks that have no end: the file was cut off, or the next block begins within.
    #[serde(default)]
    pub cut: Vec<String>,
    pub key: Option<KeyRecord>,
    /// There is a private key, but it cannot be read; why.
    pub key_fault: Option<String>,
    /// Bare public keys (`sa.pub`).
    pub public_keys: Vec<KeyId>,
    pub kubeconfig: Option<KubeconfigView>,
    pub kubeconfig_fault: Option<String>,
    /// The components of Kubernetes do not see a certificate that was read here; why, as a sentence.
    #[serde(default)]
    pub unseen: Option<String>,
    #[serde(default)]
    pub keystore: Option<Store>,
    /// Material inside of a structured document.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// It is a structured document that cannot be read; why.
    #[serde(default)]
    pub document_fault: Option<String>,
    #[serde(default)]
    pub token: Option<Token>,
    /// What components are told where their files are.
    #[serde(default)]
    pub arguments: Vec<Arguments>,
}

impl Content {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A private key is there, readable or not.
    pub fn has_key(&self) -> bool {
        self.key.is_some() || self.key_fault.is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRecord {
    /// Equal to that of the certificate it belongs to.
    pub public: KeyId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeconfigView {
    pub clusters: Vec<KubeconfigCluster>,
    pub users: Vec<KubeconfigUser>,
    /// (cluster, user) of each context.
    pub pairs: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeconfigCluster {
    pub name: String,
    pub server: Option<String>,
    pub embedded: Option<Content>,
    pub path: Option<String>,
    /// What the server's certificate must be for; absent where it is not verified.
    #[serde(default)]
    pub server_name: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KubeconfigUser {
    pub name: String,
    pub embedded: Option<Content>,
    pub certificate_path: Option<String>,
    pub key_path: Option<String>,
    /// What its token says of itself, if it is one that does.
    #[serde(default)]
    pub token: Option<Token>,
}

/// Reads whatever `bytes` are; an empty `Content` where they are nothing of ours.
pub fn read(bytes: &[u8]) -> Content {
    if let Some(content) = read_der(bytes) {
        return content;
    }
    let text = pem::decode_text(bytes);
    if !text.contains("-----BEGIN ") && kubeconfig::looks_like_one(&text) {
        return match kubeconfig::parse(&text) {
            Ok(config) => Content { kubeconfig: Some(view(&config)), ..Content::default() },
            Err(error) => Content { kubeconfig_fault: Some(error.to_string()), ..Content::default() },
        };
    }
    if let Some(token) = token::read(&text) {
        return Content { token: Some(token), ..Content::default() };
    }
    // Login files are handed about as base64.
    if let Some(bytes) = documents::unwrapped(&text) {
        let content = read(&bytes);
        if !content.is_empty() {
            return content;
        }
    }
    match documents::read(&text) {
        Some(Ok(fields)) => Content { fields, ..Content::default() },
        // What is no document may be PEM with odd text around it.
        Some(Err(fault)) => {
            let content = as_kubernetes_sees(read_pem(&text), bytes);
            if content.certificates.is_empty() && !content.has_key() {
                Content { document_fault: Some(fault), ..Content::default() }
            } else {
                content
            }
        }
        None => as_kubernetes_sees(read_pem(&text), bytes),
    }
}

/// A certificate or a private key without PEM around it.
fn read_der(bytes: &[u8]) -> Option<Content> {
    // SEQUENCE; a text that begins with a zero goes on otherwise.
    bytes.starts_with(&[0x30]).then_some(())?;
    if certificate::parse(bytes).is_ok() {
        let unseen = Some("it is written in DER, and the components of Kubernetes read PEM alone".to_owned());
        return Some(Content { certificates: vec![bytes.to_vec()], unseen, ..Content::default() });
    }
    let spki = public_key::public_spki_of_pkcs8(bytes).ok()?;
    Some(Content { key: Some(KeyRecord { public: key_id(&spki) }), ..Content::default() })
}

fn as_kubernetes_sees(content: Content, bytes: &[u8]) -> Content {
    let unseen = pem::unseen_by_go(bytes).filter(|_| !content.certificates.is_empty()).map(str::to_owned);
    Content { unseen, ..content }
}

/// The same where passwords for keystores are at hand.
pub fn read_with(bytes: &[u8], passwords: &[Password]) -> Content {
    match keystore::read(bytes, passwords) {
        Some(store) => Content { keystore: Some(store), ..Content::default() },
        None => read(bytes),
    }
}

/// The same of a file, whose name tells more.
pub fn read_file(path: &Path, bytes: &[u8], passwords: &[Password]) -> Content {
    let content = read_with(bytes, passwords);
    if content.certificates.is_empty()
        && content.kubeconfig.is_none()
        && content.keystore.is_none()
        && !content.has_key()
    {
        let arguments = arguments::read(path, &pem::decode_text(bytes));
        return Content { arguments, ..content };
    }
    content
}

pub(super) fn read_pem(text: &str) -> Content {
    let mut content = Content::default();
    for block in pem::blocks(text) {
        match &block.der {
            None if block.cut => content.cut.push(block.label.clone()),
            None => content.broken.push(block.label.clone()),
            Some(der) if block.is_certificate() => content.certificates.push(der.to_vec()),
            Some(_) if block.label == "PUBLIC KEY" => {
                if let Ok(spki) = public_key::spki_of_public_pem(text[block.range.clone()].as_bytes()) {
                    content.public_keys.push(key_id(&spki));
                }
            }
            Some(der) if block.is_private_key() && content.key.is_none() => {
                let written = &text[block.range.clone()];
                // Headers and that word say that it is encrypted.
                let is_plain = !written.contains(':') && !block.label.contains("ENCRYPTED");
                let spki = match is_plain.then(|| public_key::public_spki_of_der(der, &block.label)) {
                    Some(Ok(spki)) => Ok(spki),
                    _ => public_key::public_spki_of_pem(written.as_bytes()),
                };
                match spki {
                    Ok(spki) => content.key = Some(KeyRecord { public: key_id(&spki) }),
                    Err(error) => content.key_fault = Some(error.to_string()),
                }
            }
            Some(_) => {}
        }
    }
    content
}

fn view(config: &kubeconfig::Kubeconfig) -> KubeconfigView {
    let embedded = |data: Option<&str>| {
        let data = data.filter(|data| !data.is_empty())?;
        Some(match pem::decode_base64(data) {
            Some(bytes) => read_pem(&pem::decode_text(&bytes)),
            None => Content { broken: vec!["base64".to_owned()], ..Content::default() },
        })
    };
    KubeconfigView {
        clusters: config
            .clusters
            .iter()
            .map(|named| KubeconfigCluster {
                name: named.name.clone(),
                server: named.cluster.server.clone(),
                embedded: embedded(named.cluster.certificate_authority_data.as_deref()),
                path: named.cluster.certificate_authority.clone(),
                server_name: server_name(&named.cluster),
            })
            .collect(),
        users: config
            .users
            .iter()
            .map(|named| {
                let key = embedded(named.user.client_key_data.as_ref().map(|data| data.as_str()));
                let certificate = embedded(named.user.client_certificate_data.as_deref()).map(|content| Content {
                    key: key.as_ref().and_then(|key| key.key.clone()),
                    key_fault: key.as_ref().and_then(|key| key.key_fault.clone()),
                    ..content
                });
                KubeconfigUser {
                    name: named.name.clone(),
                    embedded: certificate,
                    certificate_path: named.user.client_certificate.clone(),
                    key_path: named.user.client_key.clone(),
                    token: named.user.token.as_ref().and_then(|token| token::read(token)),
                }
            })
            .collect(),
        pairs: config
            .contexts
            .iter()
            .map(|named| (named.context.cluster.clone(), named.context.user.clone()))
            .collect(),
    }
}

/// As client-go takes it: the name that is given for it, else the host of the address.
fn server_name(cluster: &kubeconfig::Cluster) -> Option<String> {
    let given = cluster.tls_server_name.clone();
    let server = cluster.server.as_deref().filter(|_| !cluster.insecure_skip_tls_verify)?;
    let address = match server.split_once("://") {
        Some(("https", address)) => address,
        Some(_) => return None,
        None => server,
    };
    let address = address.split(['/', '?']).next().unwrap_or(address);
    let host = match address.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => address.rsplit_once(':').map_or(address, |(host, _)| host),
    };
    given.or_else(|| Some(host.to_owned())).filter(|name| !name.is_empty())
}
