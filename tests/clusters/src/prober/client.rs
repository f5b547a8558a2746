//! One connection at a time to an API server, without a pool: whether a connection is new or kept is
//! what the streams differ in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::answer::Problem;
use super::identity::Identity;

/// Longer than anything that ends well: kubectl has none, the API server's own is a minute.
const LIMIT: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    address: SocketAddr,
    name: ServerName<'static>,
}

impl Endpoint {
    pub(super) fn new(address: SocketAddr, host: &str) -> Result<Self, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|e| format!("{host}: {e}"))?;
        Ok(Self { address, name })
    }
}

#[derive(Clone)]
pub(super) struct Client {
    http1: TlsConnector,
    http2: TlsConnector,
}

impl Client {
    pub(super) fn new(identity: &Identity) -> Result<Self, String> {
        Ok(Self { http1: connector(identity, b"http/1.1")?, http2: connector(identity, b"h2")? })
    }

    pub(super) async fn connect(&self, endpoint: &Endpoint, protocol: Protocol) -> Result<Connection, Problem> {
        limited("connect", self.open(endpoint, protocol)).await
    }

    async fn open(&self, endpoint: &Endpoint, protocol: Protocol) -> Result<Connection, Problem> {
        let stream = TcpStream::connect(endpoint.address).await.map_err(|e| Problem::of_io("connect", &e))?;
        // Small requests would otherwise wait for the acknowledgement of the one before.
        stream.set_nodelay(true).map_err(|e| Problem::of_io("connect", &e))?;
        let connector = match protocol {
            Protocol::Http1 => &self.http1,
            Protocol::Http2 => &self.http2,
        };
        let stream = connector.connect(endpoint.name.clone(), stream).await;
        let stream = TokioIo::new(stream.map_err(|e| Problem::of_io("handshake", &e))?);
        let failed = |e| Problem::of_http("connect", &e);
        Ok(match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(stream).await.map_err(failed)?;
                tokio::spawn(connection);
                Connection::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream).await.map_err(failed)?;
                tokio::spawn(connection);
                Connection::Http2(sender)
            }
        })
    }
}

/// Closed when dropped.
pub(super) enum Connection {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Not so after the server has said goodbye. To open another one then is no failure: no request
    /// was sent.
    pub(super) async fn is_usable(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// The whole body of a good answer.
    pub(super) async fn send(&mut self, call: &Call) -> Result<Bytes, Problem> {
        let whole = async {
            let body = self.begin(call).await?.collect().await;
            Ok(body.map_err(|e| Problem::of_http("body", &e))?.to_bytes())
        };
        limited("answer", whole).await
    }

    /// The body of a good answer as it comes.
    pub(super) async fn begin(&mut self, call: &Call) -> Result<Incoming, Problem> {
        let answer = match self {
            Self::Http1(sender) => sender.send_request(call.request(Protocol::Http1)).await,
            Self::Http2(sender) => sender.send_request(call.request(Protocol::Http2)).await,
        };
        let answer = answer.map_err(|e| Problem::of_http("request", &e))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer.into_body());
        }
        let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let text: String = String::from_utf8_lossy(&body).chars().take(200).collect();
        Err(Problem::Final(format!("answered {status}: {text}")))
    }
}

/// A request that can be made again.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    content_type: &'static str,
    body: Bytes,
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), content_type: "application/json", body: Bytes::new() }
    }

    pub(super) fn with_body(method: Method, path: impl Into<String>, content_type: &'static str, body: String) -> Self {
        Self { content_type, body: body.into(), ..Self::new(method, path) }
    }

    fn request(&self, protocol: Protocol) -> Request<Full<Bytes>> {
        // HTTP/2 takes the authority from the URI, HTTP/1.1 from the header.
        let uri = match protocol {
            Protocol::Http1 => self.path.clone(),
            Protocol::Http2 => format!("https://kubernetes{}", self.path),
        };
        let mut request = Request::builder().method(self.method.clone()).uri(uri);
        if protocol == Protocol::Http1 {
            request = request.header(header::HOST, "kubernetes");
        }
        request
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, self.content_type)
            .header(header::USER_AGENT, "kubectl-certs-prober")
            .body(Full::new(self.body.clone()))
            .expect("the parts are fixed, and the path is made of plain letters")
    }
}

fn connector(identity: &Identity, protocol: &[u8]) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    for authority in &identity.authorities {
        roots.add(authority.clone()).map_err(|e| format!("an authority in the kubeconfig: {e}"))?;
    }
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
        .map_err(|e| format!("the client certificate in the kubeconfig: {e}"))?;
    config.alpn_protocols = vec![protocol.to_vec()];
    // A new connection must be a whole one, and see the certificate that is served now.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config).into())
}

async fn limited<T>(doing: &str, work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let over = |_| Problem::Final(format!("{doing}: none within {} s", LIMIT.as_secs()));
    timeout(LIMIT, work).await.map_err(over)?
}
