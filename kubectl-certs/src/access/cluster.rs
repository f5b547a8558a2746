//! The API server of a context, as kubectl would reach it: same files, options, variables, plugins and proxies, and the
//! same people let in. Where rustls alone would refuse what kubectl accepts, `identity` and `verify` say why not to.

#![expect(clippy::disallowed_methods, reason = "this is the port to API servers, and waits for them")]

mod answer;
mod chosen;
mod contexts;
mod credentials;
mod dial;
mod exec_plugin;
mod files;
mod identity;
mod in_cluster;
mod overrides;
mod proxy;
mod remembered;
mod tls;
mod verify;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{BoxStream, TryStreamExt};
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER, USER_AGENT};
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::ServerName;
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use zeroize::{Zeroize, Zeroizing};

pub use answer::ClusterError;
pub use chosen::{Chosen, choose};
pub use contexts::Contexts;
pub use exec_plugin::keep_standard_input;
pub use files::kubeconfig_paths;
pub use remembered::{ExpiredServer, expired_servers};

use crate::error::Error;
use crate::model::{Gap, GapReason};
use crate::request::Connection;
use answer::{CONNECT, READ, Voice, pieces};
use credentials::{Credentials, Shown};
use dial::Dial;
use proxy::Proxy;
use tls::Authorities;
use verify::Verifier;

/// How often a server that says "later" is asked again, and how long at most until then (client-go asks ten times).
const LATER: (u32, Duration) = (10, Duration::from_secs(30));

type Http = Client<Dial, Empty<Bytes>>;

const JSON: &str = "application/json";

pub struct Cluster {
    pub namespace: String,
    /// What of the authorities of the API server could not be read.
    pub left_out: Vec<Gap>,
    /// What all paths begin with: Rancher and other gateways serve several clusters.
    base: Uri,
    credentials: Credentials,
    verifier: Arc<Verifier>,
    /// Whom the certificate must name; absent for plain HTTP.
    expected: Option<ServerName<'static>>,
    dial: Dial,
    /// With the number of the credentials that its lines were opened with.
    http: Mutex<Option<(u64, Http)>>,
    compress: bool,
    voice: Voice,
}

impl Cluster {
    /// Nothing is sent before the first request.
    #[expect(clippy::unused_async, reason = "callers need not know when it begins to wait for something")]
    pub async fn connect(chosen: &Chosen, connection: &Connection) -> Result<Self, Error> {
        let about = match &chosen.cluster_file {
            Some(file) => format!("the cluster '{}' of the kubeconfig {}", chosen.cluster, file.display()),
            None => "the cluster that the options name".to_owned(),
        };
        Self::prepare(chosen, connection)
            .map_err(|error| Error { message: format!("failed to use {about}: {}", error.message), ..error })
    }

    fn prepare(chosen: &Chosen, connection: &Connection) -> Result<Self, Error> {
        let entry = &chosen.server_entry;
        let server = entry.server.as_deref().ok_or_else(|| Error::usage("it names no server"))?;
        let wrong = || Error::usage("its server is no address that a cluster can have");
        let base: Uri = chosen::with_scheme(server).parse().map_err(|_| wrong())?;
        let tls = match base.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let (host, port) = chosen::host_and_port(server).ok_or_else(wrong)?;
        let authorities = Authorities::of(chosen)?;
        let credentials = Credentials::of(chosen, authorities.pem.as_deref())?;
        let name = format!("{host}:{port}");
        let verifier = Arc::new(if entry.insecure_skip_tls_verify {
            Verifier::of_anybody(tls::provider(), name)
        } else {
            Verifier::new(authorities.der, tls::provider(), name, connection.accept_expired_server)
        });
        let limit = connection.patience();
        let dial = Dial {
            proxy: way(entry.proxy_url.as_deref(), &host, port, tls)?,
            tls: None,
            patience: limit.map_or(CONNECT, |limit| limit.min(CONNECT)),
        };
        let expected = entry.tls_server_name.clone().unwrap_or_else(|| host.clone());
        let expected = ServerName::try_from(expected.clone())
            .map_err(|_| Error::usage(format!("'{expected}' cannot be the name of a server")))?;
        let is_loopback = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        Ok(Self {
            namespace: chosen.namespace().unwrap_or_else(|| "default".to_owned()),
            left_out: authorities.left_out,
            base,
            credentials,
            verifier,
            expected: tls.then_some(expected),
            dial,
            http: Mutex::new(None),
            // Between two programs of one machine it only costs time.
            compress: !entry.disable_compression && !is_loopback,
            voice: Voice { user: chosen.user.clone(), limit },
        })
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        self.get_as(path, JSON).await
    }

    /// One object with nothing of it but its metadata.
    pub async fn get_metadata<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        self.get_as(path, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1").await
    }

    /// The same of a list.
    pub async fn list_metadata<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClusterError> {
        self.get_as(path, "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").await
    }

    async fn get_as<T: DeserializeOwned>(&self, path: &str, accept: &'static str) -> Result<T, ClusterError> {
        let text = self.text(path, accept).await?;
        serde_json::from_str(&text).map_err(|_| ClusterError {
            reason: GapReason::ReadFailed,
            message: "the answer is not what this API promises".to_owned(),
        })
    }

    /// The body as it came; it may hold keys and is wiped on drop.
    pub async fn get_text(&self, path: &str) -> Result<Zeroizing<String>, ClusterError> {
        self.text(path, JSON).await
    }

    async fn text(&self, path: &str, accept: &'static str) -> Result<Zeroizing<String>, ClusterError> {
        let pieces: Vec<Bytes> = self.stream(path, accept).await?.try_collect().await?;
        // Made once in the right size: what grows leaves copies behind.
        let mut whole = Zeroizing::new(Vec::with_capacity(pieces.iter().map(Bytes::len).sum()));
        for piece in pieces {
            whole.extend_from_slice(&piece);
            if let Ok(mut own) = piece.try_into_mut() {
                own.as_mut().zeroize();
            }
        }
        String::from_utf8(core::mem::take(&mut *whole)).map(Zeroizing::new).map_err(|error| {
            error.into_bytes().zeroize();
            ClusterError { reason: GapReason::ReadFailed, message: "the answer is not UTF-8".to_owned() }
        })
    }

    /// The body as it comes, decompressed, once the server has said that it has one. What is read from it may hold keys:
    /// whoever keeps pieces wipes them. Streams of several requests may be read at a time, each on a connection of its own.
    pub async fn get_stream(
        &self,
        path: &str,
    ) -> Result<BoxStream<'static, Result<Bytes, ClusterError>>, ClusterError> {
        self.stream(path, JSON).await
    }

    async fn stream(
        &self,
        path: &str,
        accept: &'static str,
    ) -> Result<BoxStream<'static, Result<Bytes, ClusterError>>, ClusterError> {
        let deadline = self.voice.limit.map(|limit| Instant::now() + limit);
        let response = self.send(path, accept, deadline).await?;
        let status = response.status();
        let compressed = response.headers().get(CONTENT_ENCODING).is_some_and(|value| value == "gzip");
        let body = pieces(response.into_body(), compressed, self.voice.clone(), deadline);
        if status.is_success() {
            return Ok(body);
        }
        let said: Vec<Bytes> = body.try_collect().await?;
        Err(self.voice.status(status.as_u16(), &said.concat()))
    }

    /// DER of what the server showed in the last handshake, the leaf first, also if it was refused; empty before any.
    pub fn presented(&self) -> Vec<Vec<u8>> {
        self.verifier.presented()
    }

    async fn send(
        &self,
        path: &str,
        accept: &'static str,
        deadline: Option<Instant>,
    ) -> Result<Response<Incoming>, ClusterError> {
        let mut shown = self.show(None).await?;
        let (mut renewed, mut later) = (false, 0);
        loop {
            let response = self.attempt(path, accept, &shown, deadline).await?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED && !renewed && self.credentials.may_change() {
                renewed = true;
                shown = self.show(Some(shown.number)).await?;
            } else if let Some(pause) = pause(&response).filter(|_| later < LATER.0) {
                later += 1;
                if deadline.is_some_and(|deadline| Instant::now() + pause > deadline) {
                    return Err(self.voice.late());
                }
                sleep(pause).await;
            } else {
                return Ok(response);
            }
        }
    }

    async fn show(&self, refused: Option<u64>) -> Result<Shown, ClusterError> {
        let shown = self.credentials.shown(refused).await;
        shown.map_err(|message| ClusterError { reason: GapReason::NoCredentials, message })
    }

    async fn attempt(
        &self,
        path: &str,
        accept: &'static str,
        shown: &Shown,
        deadline: Option<Instant>,
    ) -> Result<Response<Incoming>, ClusterError> {
        let unusable = |message: String| ClusterError { reason: GapReason::ReadFailed, message };
        let uri = format!("{}{path}", self.base.to_string().trim_end_matches('/'));
        let mut request = Request::get(uri)
            .header(ACCEPT, accept)
            .header(USER_AGENT, concat!("kubectl-certs/", env!("CARGO_PKG_VERSION")))
            .body(Empty::new())
            .map_err(|error| unusable(error.to_string()))?;
        request.headers_mut().extend(shown.headers.clone());
        if self.compress {
            request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        let http = self.http(shown).map_err(|error| unusable(error.message))?;
        let answer = http.request(request);
        let answer = match deadline {
            Some(deadline) => timeout_at(deadline, answer).await,
            None => timeout(READ, answer).await,
        };
        answer.map_err(|_| self.voice.late())?.map_err(|error| self.voice.broken(&error))
    }

    /// Lines that were opened with other credentials are not used again.
    fn http(&self, shown: &Shown) -> Result<Http, Error> {
        let mut kept = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, http)) = kept.as_ref().filter(|(number, _)| *number == shown.number) {
            return Ok(http.clone());
        }
        let mut dial = self.dial.clone();
        if let Some(name) = &self.expected {
            let configuration = tls::configuration(self.verifier.clone(), shown.identity.clone())?;
            dial.tls = Some((Arc::new(configuration), name.clone()));
        }
        let http = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(dial);
        *kept = Some((shown.number, Http::clone(&http)));
        Ok(http)
    }
}

/// How long a server wants to be left alone, where it says so.
fn pause(response: &Response<Incoming>) -> Option<Duration> {
    let status = response.status();
    let busy = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    busy.then(|| Duration::from_secs(seconds).min(LATER.1))
}

/// The proxy, where one is on the way.
fn way(of_kubeconfig: Option<&str>, host: &str, port: u16, tls: bool) -> Result<Option<Proxy>, Error> {
    let proxy = match of_kubeconfig {
        Some(url) => Proxy::of_kubeconfig(url).map(Some),
        None => Proxy::of_environment(|name| std::env::var(name).ok(), host, port, tls),
    };
    proxy.map_err(Error::usage)
}
