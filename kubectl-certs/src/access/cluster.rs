//! The API server of a context, as kubectl would reach it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::formats::{self, kubeconfig};
use crate::model::{Gap, GapReason, Location, Place};
use crate::request::Connection;

/// A server that says nothing for so long will not say anything.
const READ: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);

pub struct Cluster {
    client: Client,
    pub namespace: String,
    pub host: String,
    pub port: u16,
}

/// Which kubeconfig files count, and what they say, without a connection.
pub struct Chosen {
    pub paths: Vec<PathBuf>,
    pub cluster: String,
    pub user: String,
    kubeconfig: Kubeconfig,
    options: KubeConfigOptions,
}

/// The files that kubectl would read, whether or not they exist.
#[expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]
pub fn kubeconfig_paths(connection: &Connection) -> Vec<PathBuf> {
    if let Some(path) = &connection.kubeconfig {
        return vec![PathBuf::from(path)];
    }
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        return std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
    }
    std::env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
}

/// None when there is no kubeconfig at all; an error when there is one that cannot be used.
#[expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]
pub fn choose(connection: &Connection) -> Result<Option<Chosen>, Error> {
    let paths = kubeconfig_paths(connection);
    let mut merged: Option<Kubeconfig> = None;
    let mut found = Vec::new();
    for path in paths {
        let text = match std::fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            // kubectl skips missing files of KUBECONFIG, but not one that was named.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && connection.kubeconfig.is_none() => continue,
            Err(error) => {
                return Err(Error::unreadable(format!("failed to read the kubeconfig {}: {error}", path.display())));
            }
        };
        let next = read_kubeconfig(&path, &text)?;
        merged = Some(match merged {
            None => next,
            Some(before) => before
                .merge(next)
                .map_err(|error| Error::usage(format!("failed to merge the kubeconfig {}: {error}", path.display())))?,
        });
        found.push(path);
    }
    let Some(mut kubeconfig) = merged else { return Ok(None) };
    apply_overrides(&mut kubeconfig, connection);
    let context =
        connection.context.clone().or_else(|| kubeconfig.current_context.clone()).filter(|name| !name.is_empty());
    let Some(context) = context else {
        return Err(Error::usage(format!("no context is current in the kubeconfig {}", found[0].display()))
            .hint("name one with --context, or set it with: kubectl config use-context NAME"));
    };
    let named = kubeconfig.contexts.iter().find(|named| named.name == context);
    let Some(named) = named.and_then(|named| named.context.clone()) else {
        return Err(Error::usage(format!(
            "context '{context}' does not exist in the kubeconfig {}",
            found[0].display()
        ))
        .hint("kubectl config get-contexts lists those that exist"));
    };
    Ok(Some(Chosen {
        paths: found,
        cluster: connection.cluster.clone().unwrap_or(named.cluster),
        user: connection.user.clone().or(named.user).unwrap_or_default(),
        options: KubeConfigOptions {
            context: Some(context),
            cluster: connection.cluster.clone(),
            user: connection.user.clone(),
        },
        kubeconfig,
    }))
}

/// Our own reader goes first: its messages never quote the text, which may be a key.
fn read_kubeconfig(path: &Path, bytes: &[u8]) -> Result<Kubeconfig, Error> {
    let text = formats::pem::decode_text(bytes);
    let broken = |why: String| {
        Error::new(ErrorKind::Usage, format!("the kubeconfig {} cannot be used: {why}", path.display()))
            .about(format!("kubeconfig:{}", path.display()))
    };
    kubeconfig::parse(&text).map_err(|error| broken(error.to_string()))?;
    let mut parsed = Kubeconfig::from_yaml(&text).map_err(|_| broken("it has a field of the wrong kind".to_owned()))?;
    // Paths are relative to the file that names them.
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let absolute = |path: &mut Option<String>| {
        if let Some(path) = path {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for cluster in parsed.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        absolute(&mut cluster.certificate_authority);
    }
    for user in parsed.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        absolute(&mut user.client_certificate);
        absolute(&mut user.client_key);
        absolute(&mut user.token_file);
    }
    Ok(parsed)
}

/// kubectl's options beat what the kubeconfig says.
fn apply_overrides(kubeconfig: &mut Kubeconfig, connection: &Connection) {
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        if connection.server.is_some() {
            cluster.server.clone_from(&connection.server);
        }
        if connection.tls_server_name.is_some() {
            cluster.tls_server_name.clone_from(&connection.tls_server_name);
        }
        if connection.insecure_skip_tls_verify {
            cluster.insecure_skip_tls_verify = Some(true);
        }
        if connection.certificate_authority.is_some() {
            cluster.certificate_authority_data = None;
            cluster.certificate_authority.clone_from(&connection.certificate_authority);
        }
    }
    for user in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        if connection.client_certificate.is_some() {
            user.client_certificate_data = None;
            user.client_certificate.clone_from(&connection.client_certificate);
        }
        if connection.client_key.is_some() {
            user.client_key_data = None;
            user.client_key.clone_from(&connection.client_key);
        }
        if let Some(token) = &connection.token {
            user.token = Some(secrecy::SecretString::from(token.clone()));
            user.token_file = None;
        }
        if connection.impersonate.is_some() {
            user.impersonate.clone_from(&connection.impersonate);
        }
        if !connection.impersonate_groups.is_empty() {
            user.impersonate_groups = Some(connection.impersonate_groups.clone());
        }
    }
}

impl Cluster {
    pub async fn connect(chosen: &Chosen, connection: &Connection) -> Result<Self, Error> {
        let about = format!("the cluster '{}' of the kubeconfig {}", chosen.cluster, chosen.paths[0].display());
        let mut config = Config::from_custom_kubeconfig(chosen.kubeconfig.clone(), &chosen.options)
            .await
            .map_err(|error| Error::usage(format!("failed to use {about}: {error}")))?;
        config.connect_timeout = Some(CONNECT);
        config.read_timeout = Some(match connection.request_timeout {
            Some(limit) => Duration::from_secs(u64::try_from(limit.0).unwrap_or(0).max(1)),
            None => READ,
        });
        let host = config.cluster_url.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let secure = config.cluster_url.scheme_str() == Some("https");
        let port = config.cluster_url.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let namespace = config.default_namespace.clone();
        let client =
            Client::try_from(config).map_err(|error| Error::unreadable(format!("failed to use {about}: {error}")))?;
        Ok(Self { client, namespace, host, port })
    }

    pub fn endpoint(&self) -> Location {
        Location::from(Place::Endpoint { host: self.host.clone(), port: self.port })
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        self.client.request(request(path)?).await.map_err(ClusterError::from)
    }

    /// The body as it came; it may hold keys and is wiped on drop.
    pub async fn get_text(&self, path: &str) -> Result<Zeroizing<String>, ClusterError> {
        Ok(Zeroizing::new(self.client.request_text(request(path)?).await?))
    }
}

fn request(path: &str) -> Result<http::Request<Vec<u8>>, ClusterError> {
    http::Request::get(path)
        .body(Vec::new())
        .map_err(|error| ClusterError { reason: GapReason::ReadFailed, message: error.to_string() })
}

/// What kept the API server from answering, as a gap's reason and a sentence.
#[derive(Debug)]
pub struct ClusterError {
    pub reason: GapReason,
    pub message: String,
}

impl ClusterError {
    pub fn gap(self, at: Location) -> Gap {
        Gap { at, reason: self.reason, message: self.message }
    }
}

impl From<kube::Error> for ClusterError {
    fn from(error: kube::Error) -> Self {
        let (reason, message) = match &error {
            kube::Error::Api(status) => {
                let reason = match status.code {
                    401 | 403 => GapReason::Forbidden,
                    404 => GapReason::NotFound,
                    _ => GapReason::ReadFailed,
                };
                (reason, status.message.clone())
            }
            kube::Error::SerdeError(_) => {
                (GapReason::ReadFailed, "the answer is not what this API promises".to_owned())
            }
            other => (GapReason::Unreachable, chain(other)),
        };
        Self { reason, message }
    }
}

/// The innermost cause says what happened; the outer ones only that something did.
fn chain(error: &dyn core::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

impl Chosen {
    /// The namespace of the context, where it names one.
    pub fn namespace(&self) -> Option<String> {
        let context = self.options.context.as_ref()?;
        let named = self.kubeconfig.contexts.iter().find(|named| named.name == *context)?;
        named.context.as_ref()?.namespace.clone()
    }

    pub fn location(&self) -> Location {
        Location::kubeconfig(
            self.paths[0].to_string_lossy().into_owned(),
            crate::model::KubeconfigField::Cluster(self.cluster.clone()),
        )
    }
}
