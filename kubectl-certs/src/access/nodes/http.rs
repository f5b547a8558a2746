//! One HTTP request to a component of this node, on a connection of its own. Any server certificate is accepted: the
//! question is whether the component answers, also when its certificate has expired. No secret is ever sent.

use std::sync::Arc;
use std::time::Duration;

use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::access::tls;

/// What a component says of itself fits; more is cut off as a failure.
const LARGEST: usize = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Status and body, or why there is no answer. `identity` is the client certificate.
pub(super) async fn get(
    to: &Endpoint,
    path: &str,
    headers: &[(String, String)],
    identity: Option<&Arc<CertifiedKey>>,
    limit: Duration,
) -> Result<(u16, String), String> {
    let mut request = Request::builder().method(Method::GET).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.header(HOST, authority(to)).body(Full::default()).map_err(|error| error.to_string())?;
    within(limit, exchange(to, request, identity)).await
}

/// The same, with a JSON document that is sent.
pub(super) async fn post(
    to: &Endpoint,
    path: &str,
    document: String,
    identity: Option<&Arc<CertifiedKey>>,
    limit: Duration,
) -> Result<(u16, String), String> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(HOST, authority(to))
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(document))
        .map_err(|error| error.to_string())?;
    within(limit, exchange(to, request, identity)).await
}

/// Whether something accepts connections there.
pub(super) async fn connects(host: &str, port: u16, limit: Duration) -> Result<(), String> {
    within(limit, async { TcpStream::connect((host, port)).await.map(drop).map_err(|error| error.to_string()) }).await
}

async fn within<T>(limit: Duration, attempt: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(limit, attempt).await.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
}

fn authority(to: &Endpoint) -> String {
    to.to_string().rsplit('/').next().unwrap_or_default().to_owned()
}

async fn exchange(
    to: &Endpoint,
    request: Request<Full<Bytes>>,
    identity: Option<&Arc<CertifiedKey>>,
) -> Result<(u16, String), String> {
    let stream = TcpStream::connect((to.host.as_str(), to.port)).await.map_err(|error| error.to_string())?;
    if !to.tls {
        return send(stream, request).await;
    }
    let name = ServerName::try_from(to.host.clone()).map_err(|error| error.to_string())?;
    let config = tls::accept_any(identity.cloned()).map_err(|error| error.to_string())?;
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())?;
    send(stream, request).await
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(u16, String), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LARGEST).collect().await.map_err(|error| error.to_string())?;
        Ok((status, String::from_utf8_lossy(&body.to_bytes()).into_owned()))
    };
    tokio::pin!(answer);
    tokio::pin!(connection);
    tokio::select! {
        answer = &mut answer => answer,
        // The connection may end before the last of the body has been taken from it.
        ended = &mut connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(error.to_string()),
        },
    }
}
