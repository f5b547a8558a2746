//! A small TLS server that the API server calls: an admission webhook, and an aggregated API with nothing in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::material::Pair;

pub(crate) struct Server {
    port: u16,
    reviews: Arc<AtomicUsize>,
    discoveries: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(identity: &Pair) -> Self {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(identity.certificate.as_bytes()).collect();
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).expect("a key");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_no_client_auth().with_single_cert(chain.expect("a chain"), key);
        let config = Arc::new(config.expect("a pair"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (reviews, discoveries, stop) = (Arc::default(), Arc::default(), Arc::<AtomicBool>::default());
        let counts = (Arc::clone(&reviews), Arc::clone(&discoveries), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if counts.2.load(Ordering::SeqCst) {
                    return;
                }
                let (config, reviews, discoveries) =
                    (Arc::clone(&config), Arc::clone(&counts.0), Arc::clone(&counts.1));
                // Whoever breaks off has no answer.
                thread::spawn(move || stream.ok().and_then(|stream| answer(stream, config, &reviews, &discoveries)));
            }
        });
        Self { port, reviews, discoveries, stop, thread: Some(thread) }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many objects it was asked about.
    pub(crate) fn reviews(&self) -> usize {
        self.reviews.load(Ordering::SeqCst)
    }

    /// How often it was asked what its API has.
    pub(crate) fn discoveries(&self) -> usize {
        self.discoveries.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// One request of a connection.
fn answer(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    reviews: &AtomicUsize,
    discoveries: &AtomicUsize,
) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let tls = StreamOwned::new(ServerConnection::new(config).ok()?, stream);
    let mut reader = BufReader::new(tls);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let answer = if first.starts_with("POST") {
        reviews.fetch_add(1, Ordering::SeqCst);
        let review: Value = serde_json::from_slice(&body).ok()?;
        json!({ "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "response": { "uid": review["request"]["uid"], "allowed": true, "warnings": ["seen by the webhook"] } })
    } else {
        discoveries.fetch_add(1, Ordering::SeqCst);
        json!({ "apiVersion": "v1", "kind": "APIResourceList", "groupVersion": "probe.example.com/v1", "resources": [] })
    };
    let answer = answer.to_string();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let stream = reader.get_mut();
    write!(stream, "{head}Content-Length: {}\r\n\r\n{answer}", answer.len()).ok()?;
    stream.flush().ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}
