//! One HTTP request to a component of this node, on a connection of its own. Any server certificate is accepted: the
//! question is whether the component answers, also when its certificate has expired. No secret is ever sent.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use http::header::HOST;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::access::tls;

/// What a component says of itself fits; more is cut off as a failure.
const LARGEST: usize = 1 << 20;

/// Those that rcmd(3) has always taken.
const LOW_PORTS: Range<u16> = 512..1024;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
}

/// As whom it is asked.
#[derive(Clone, Default)]
pub(super) struct Caller {
    /// The client certificate, for those that want one.
    pub(super) identity: Option<Arc<CertifiedKey>>,
    /// From a port that only root may use, so that a firewall can tell us from others.
    pub(super) from_low_port: bool,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Status and body, or why there is no answer.
pub(super) async fn get(
    to: &Endpoint,
    path: &str,
    headers: &[(String, String)],
    caller: &Caller,
    limit: Duration,
) -> Result<(u16, String), String> {
    let mut request = Request::builder().method(Method::GET).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request.header(HOST, authority(to)).body(Full::default()).map_err(|error| error.to_string())?;
    within(limit, exchange(to, request, caller)).await
}

/// Whether something accepts connections there.
pub(super) async fn connects(host: &str, port: u16, limit: Duration) -> Result<(), String> {
    within(limit, async { TcpStream::connect((host, port)).await.map(drop).map_err(|error| error.to_string()) }).await
}

async fn within<T>(limit: Duration, attempt: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(limit, attempt).await.unwrap_or_else(|_| Err(format!("no answer within {} s", limit.as_secs())))
}

pub(super) fn authority(to: &Endpoint) -> String {
    to.to_string().rsplit('/').next().unwrap_or_default().to_owned()
}

async fn exchange(to: &Endpoint, request: Request<Full<Bytes>>, caller: &Caller) -> Result<(u16, String), String> {
    send(open(to, caller, b"http/1.1").await?, request).await
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection over which `protocol` is spoken (its name in RFC 7301, 6).
pub(super) async fn open(to: &Endpoint, caller: &Caller, protocol: &[u8]) -> Result<Box<dyn Stream>, String> {
    let stream = connect(to, caller).await.map_err(|error| error.to_string())?;
    if !to.tls {
        return Ok(Box::new(stream));
    }
    let name = ServerName::try_from(to.host.clone()).map_err(|error| error.to_string())?;
    let mut config = tls::accept_any(caller.identity.clone()).map_err(|error| error.to_string())?;
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| error.to_string())?;
    Ok(Box::new(stream))
}

async fn connect(to: &Endpoint, caller: &Caller) -> io::Result<TcpStream> {
    let addresses: Vec<_> = lookup_host((to.host.as_str(), to.port)).await?.collect();
    if caller.from_low_port
        && let Some(&address) = addresses.first()
        && let Some(stream) = connect_from_low_port(address).await
    {
        return stream;
    }
    TcpStream::connect(addresses.as_slice()).await
}

/// None where no such port is to be had: that needs root.
async fn connect_from_low_port(to: SocketAddr) -> Option<io::Result<TcpStream>> {
    // Another one each time: a port that was used is not free again at once.
    static NEXT: AtomicU16 = AtomicU16::new(0);
    for _ in LOW_PORTS {
        let port = LOW_PORTS.start + NEXT.fetch_add(1, Ordering::Relaxed) % (LOW_PORTS.end - LOW_PORTS.start);
        let (socket, own) = if to.is_ipv4() {
            (TcpSocket::new_v4().ok()?, SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
        } else {
            (TcpSocket::new_v6().ok()?, SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)))
        };
        match socket.bind(own) {
            Ok(()) => return Some(socket.connect(to).await),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {}
            Err(_) => return None,
        }
    }
    None
}

async fn send(stream: Box<dyn Stream>, request: Request<Full<Bytes>>) -> Result<(u16, String), String> {
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
