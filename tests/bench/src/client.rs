//! A plain HTTP client: hyper over the TLS that the program uses too, and nothing above it.

use std::fs;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use support::control_plane::ControlPlane;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

pub(crate) struct Server {
    port: u16,
    tls: TlsConnector,
}

impl Server {
    pub(crate) fn of(control_plane: &ControlPlane) -> Self {
        let text = fs::read_to_string(control_plane.kubeconfig()).expect("a kubeconfig");
        // Three values of kubeadm's own form.
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name)).expect("a value");
            STANDARD.decode(line.trim_start_matches(':').trim()).expect("base64")
        };
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(&value("certificate-authority-data")).expect("an authority"))
            .expect("an authority");
        let chain = vec![CertificateDer::from_pem_slice(&value("client-certificate-data")).expect("a certificate")];
        let key = PrivateKeyDer::from_pem_slice(&value("client-key-data")).expect("a key");
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("TLS")
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, key)
            .expect("an identity");
        Self { port: control_plane.port(), tls: TlsConnector::from(Arc::new(tls)) }
    }

    pub(crate) async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection");
        stream.set_nodelay(true).expect("an option");
        let name = ServerName::try_from("127.0.0.1").expect("a name");
        let stream = self.tls.connect(name, stream).await.expect("TLS");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(async move { connection.await.ok() });
        sender
    }
}

pub(crate) fn request(method: &str, path: &str, body: Bytes) -> hyper::Request<Full<Bytes>> {
    hyper::Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "127.0.0.1")
        .header("Content-Type", "application/json")
        .body(Full::new(body))
        .expect("a request")
}
