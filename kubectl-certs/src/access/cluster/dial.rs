//! The line to the API server: straight or through a proxy, then TLS. hyper keeps and shares what is opened here.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tower::{Service, ServiceExt};

use super::proxy::{Kind, Proxy};

#[derive(Clone)]
pub(super) struct Dial {
    pub(super) proxy: Option<Proxy>,
    /// Absent for plain HTTP.
    pub(super) tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
    /// For all of it together.
    pub(super) patience: Duration,
}

impl Dial {
    async fn open(self, to: Uri) -> io::Result<Wire> {
        let patience = self.patience;
        let opened = timeout(patience, async move {
            let line = match self.proxy {
                None => tcp(to).await?,
                Some(proxy) => {
                    let name = proxy.name().to_owned();
                    let opened = through(proxy, to).await;
                    opened
                        .map_err(|error| io::Error::new(error.kind(), format!("through the proxy {name}: {error}")))?
                }
            };
            match self.tls {
                None => Ok(line),
                Some((config, name)) => {
                    let stream = TlsConnector::from(config).connect(name, line).await?;
                    Ok(Box::new(stream) as Box<dyn Line>)
                }
            }
        });
        opened.await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map(|line| Wire(TokioIo::new(line)))
    }
}

async fn tcp(to: Uri) -> io::Result<Box<dyn Line>> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let stream = connector.oneshot(to).await.map_err(innermost)?;
    Ok(Box::new(stream.into_inner()))
}

async fn through(proxy: Proxy, to: Uri) -> io::Result<Box<dyn Line>> {
    let secure = proxy.kind == Kind::Https;
    let inner = ToProxy { secure };
    let opened = match proxy.kind {
        Kind::Http | Kind::Https => {
            let tunnel = Tunnel::new(proxy.address.clone(), inner);
            let tunnel = match proxy.authorization() {
                Some(login) => tunnel.with_auth(login),
                None => tunnel,
            };
            tunnel.oneshot(to).await.map_err(innermost)?
        }
        Kind::Socks5 => {
            let socks = SocksV5::new(proxy.address.clone(), inner);
            let socks = match proxy.login() {
                Some((user, password)) => socks.with_auth(user, password),
                None => socks,
            };
            socks.oneshot(to).await.map_err(innermost)?
        }
    };
    Ok(opened.into_inner())
}

/// To the proxy itself.
#[derive(Clone)]
struct ToProxy {
    secure: bool,
}

impl Service<Uri> for ToProxy {
    type Response = TokioIo<Box<dyn Line>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: Uri) -> Self::Future {
        let secure = self.secure;
        Box::pin(async move {
            let line = tcp(address.clone()).await?;
            Ok(TokioIo::new(if secure { with_tls(line, address).await? } else { line }))
        })
    }
}

/// The proxy is one whom the machine's own authorities vouch for.
async fn with_tls(line: Box<dyn Line>, address: Uri) -> io::Result<Box<dyn Line>> {
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(io::Error::other)?;
    let config = super::tls::of_machine().map_err(io::Error::other)?;
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, line).await?))
}

/// The outer ones only say that something happened.
fn innermost(error: impl core::error::Error + Send + Sync + 'static) -> io::Error {
    let mut cause: &(dyn core::error::Error + 'static) = &error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<io::Error>() {
        Some(known) => io::Error::new(known.kind(), known.to_string()),
        None => io::Error::other(cause.to_string()),
    }
}

impl Service<Uri> for Dial {
    type Response = Wire;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Wire>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        Box::pin(self.clone().open(to))
    }
}

pub(super) trait Line: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Line for T {}

/// One open line, as hyper wants it.
pub(super) struct Wire(TokioIo<Box<dyn Line>>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, to)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
