//! The API server of a context, as kubectl would reach it.

mod chosen;

use std::io::ErrorKind::TimedOut;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use http_body_util::BodyExt;
use kube::config::{Kubeconfig, KubeconfigError, LoadDataError};
use kube::{Client, Config};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub use chosen::{Chosen, choose, kubeconfig_paths};

use crate::error::Error;
use crate::formats;
use crate::model::{Gap, GapReason, Location};
use crate::request::Connection;

/// A server that says nothing for so long will not say anything.
const READ: Duration = Duration::from_secs(60);
const CONNECT: Duration = Duration::from_secs(10);

pub struct Cluster {
    client: Client,
    pub namespace: String,
    user: String,
    impersonate_uid: Option<String>,
    /// Asked for with --request-timeout.
    limit: Option<Duration>,
}

impl Cluster {
    pub async fn connect(chosen: &Chosen, connection: &Connection) -> Result<Self, Error> {
        let about = match &chosen.cluster_file {
            Some(file) => format!("the cluster '{}' of the kubeconfig {}", chosen.cluster, file.display()),
            None => "the cluster that the options name".to_owned(),
        };
        if connection.impersonate.is_none()
            && (connection.impersonate_uid.is_some() || !connection.impersonate_groups.is_empty())
        {
            return Err(Error::usage("--as-uid and --as-group need --as"));
        }
        let mut kubeconfig = chosen.kubeconfig.clone();
        drop_broken_authorities(&mut kubeconfig);
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &chosen.options)
            .await
            .map_err(|error| unusable(&about, &error))?;
        let limit = connection.patience();
        config.connect_timeout = Some(limit.map_or(CONNECT, |limit| limit.min(CONNECT)));
        config.read_timeout = Some(limit.unwrap_or(READ));
        let namespace = config.default_namespace.clone();
        let client =
            Client::try_from(config).map_err(|error| Error::unreadable(format!("failed to use {about}: {error}")))?;
        let impersonate_uid = connection.impersonate_uid.clone();
        Ok(Self { client, namespace, user: chosen.user.clone(), impersonate_uid, limit })
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        self.client.request(self.request(path)?).await.map_err(|error| self.error(&error))
    }

    /// The body as it came; it may hold keys and is wiped on drop.
    pub async fn get_text(&self, path: &str) -> Result<Zeroizing<String>, ClusterError> {
        Ok(Zeroizing::new(self.client.request_text(self.request(path)?).await.map_err(|error| self.error(&error))?))
    }

    /// The body as it comes, decompressed, once the server has said that it has one. What is read from it may hold keys:
    /// whoever keeps pieces wipes them.
    pub async fn get_stream(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, ClusterError>>, ClusterError> {
        let request = self.request(path)?.map(kube::client::Body::from);
        let response = self.client.send(request).await.map_err(|error| self.error(&error))?;
        if !response.status().is_success() {
            let status = response.status();
            let body = response.into_body().collect().await.map_err(|error| self.error(&error))?.to_bytes();
            let told = serde_json::from_slice(&body).unwrap_or_else(|_| {
                kube::core::Status::failure(&format!("the API server answered {status}"), "Unknown")
                    .with_code(status.as_u16())
            });
            return Err(self.error(&kube::Error::Api(told.boxed())));
        }
        let voice = Voice { user: self.user.clone(), limit: self.limit };
        let pieces = response.into_body().into_data_stream();
        Ok(pieces.map(move |piece| piece.map_err(|error| voice.error(&error))).boxed())
    }

    fn request(&self, path: &str) -> Result<http::Request<Vec<u8>>, ClusterError> {
        let mut request = http::Request::get(path);
        if let Some(uid) = &self.impersonate_uid {
            request = request.header("Impersonate-Uid", uid);
        }
        request
            .body(Vec::new())
            .map_err(|error| ClusterError { reason: GapReason::ReadFailed, message: error.to_string() })
    }

    fn error(&self, error: &kube::Error) -> ClusterError {
        Voice { user: self.user.clone(), limit: self.limit }.error(error)
    }
}

/// What errors are told with.
struct Voice {
    user: String,
    limit: Option<Duration>,
}

impl Voice {
    fn error(&self, error: &kube::Error) -> ClusterError {
        let (reason, message) = match error {
            kube::Error::Api(status) => match status.code {
                401 => (GapReason::Forbidden, self.not_let_in()),
                403 => (GapReason::Forbidden, status.message.clone()),
                404 => (GapReason::NotFound, status.message.clone()),
                _ => (GapReason::ReadFailed, status.message.clone()),
            },
            kube::Error::SerdeError(_) => {
                (GapReason::ReadFailed, "the answer is not what this API promises".to_owned())
            }
            other => {
                let cause = innermost(other);
                let late = cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == TimedOut);
                (GapReason::Unreachable, if late { self.too_late() } else { cause.to_string() })
            }
        };
        ClusterError { reason, message }
    }

    fn too_late(&self) -> String {
        match self.limit {
            Some(limit) => format!("no answer within {} s, as --request-timeout has it", limit.as_secs()),
            None => format!(
                "no answer within {} s to a connection or {} s to a request; --request-timeout sets another limit",
                CONNECT.as_secs(),
                READ.as_secs()
            ),
        }
    }

    fn not_let_in(&self) -> String {
        let who =
            if self.user.is_empty() { "nobody in particular".to_owned() } else { format!("user '{}'", self.user) };
        format!(
            "the API server does not accept the credentials of {who} (401 Unauthorized): the certificate or token may have expired, or is another cluster's"
        )
    }
}

/// Wrong names and values are the user's to put right; what cannot be read may be there another time.
fn unusable(about: &str, error: &KubeconfigError) -> Error {
    use KubeconfigError::{LoadCertificateAuthority, LoadClientCertificate, LoadClientKey};
    let message = format!("failed to use {about}: {error}");
    match error {
        LoadCertificateAuthority(LoadDataError::ReadFile(..))
        | LoadClientCertificate(LoadDataError::ReadFile(..))
        | LoadClientKey(LoadDataError::ReadFile(..)) => Error::unreadable(message),
        _ => Error::usage(message),
    }
}

/// kubectl goes on with the authorities of a bundle that it can read, and so must who is to repair the others.
#[expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]
fn drop_broken_authorities(kubeconfig: &mut Kubeconfig) {
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        let bytes = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
            (Some(data), _) => formats::pem::decode_base64(data).map(|bytes| bytes.to_vec()),
            (None, Some(path)) => std::fs::read(path).ok(),
            (None, None) => None,
        };
        let Some(bytes) = bytes else { continue };
        let content = formats::read(&bytes);
        let good: String = content
            .certificates
            .iter()
            .filter(|der| formats::certificate::parse(der).is_ok())
            .map(|der| formats::pem::certificate_pem(der))
            .collect();
        if !good.is_empty() {
            cluster.certificate_authority_data = Some(STANDARD.encode(good));
        }
    }
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

/// The innermost cause says what happened; the outer ones only that something did.
fn innermost<'a>(error: &'a (dyn core::error::Error + 'static)) -> &'a (dyn core::error::Error + 'static) {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost
}
