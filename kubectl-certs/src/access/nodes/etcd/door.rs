//! Where etcd of this node listens for clients, and with which of the pairs on its disk it lets us in.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::Uri;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tokio::time::timeout;
use tonic::transport::{self, Channel};
use tower::service_fn;

use super::{ANSWER, calls};
use crate::access::nodes::http::{self, Caller, Endpoint};
use crate::access::nodes::{LocalNode, NodeError, Process, files, grpc, processes};

/// Certificate and key, those made for this purpose first. A server's own pair is good for a client too where kubeadm
/// made it. Below the node's root.
const PAIRS: [(&str, &str); 4] = [
    ("etc/kubernetes/pki/etcd/healthcheck-client.crt", "etc/kubernetes/pki/etcd/healthcheck-client.key"),
    ("etc/kubernetes/pki/apiserver-etcd-client.crt", "etc/kubernetes/pki/apiserver-etcd-client.key"),
    ("var/lib/rancher/rke2/server/tls/etcd/client.crt", "var/lib/rancher/rke2/server/tls/etcd/client.key"),
    ("etc/kubernetes/pki/etcd/server.crt", "etc/kubernetes/pki/etcd/server.key"),
];

pub(super) struct Door {
    pub(super) endpoint: Endpoint,
    pub(super) caller: Caller,
    pub(super) channel: Channel,
}

impl Door {
    /// The first pair that is let in: while authorities change, not every pair on the disk is trusted by what runs.
    pub(super) async fn of(node: &LocalNode) -> Result<Self, NodeError> {
        let process = running(node);
        let endpoint = listening(process.as_ref());
        if !endpoint.tls {
            return Self::open(endpoint.clone(), None).await.map_err(|why| {
                NodeError::failed(format!("etcd at {endpoint} does not answer: {why}; see whether it runs"))
            });
        }
        let mut failures = Vec::new();
        for (certificate, key) in pairs(node, process.as_ref()) {
            let attempt = match identity(&certificate, &key) {
                Ok(identity) => Self::open(endpoint.clone(), Some(identity)).await,
                Err(why) => Err(why),
            };
            match attempt {
                Ok(door) => return Ok(door),
                Err(why) => failures.push(format!("{}: {why}", certificate.display())),
            }
        }
        let tried = if failures.is_empty() { "none was found".to_owned() } else { failures.join("; ") };
        Err(NodeError::failed(format!(
            "etcd at {endpoint} lets no client certificate of this node in ({tried}); see whether etcd runs and whom it trusts"
        )))
    }

    async fn open(endpoint: Endpoint, identity: Option<Arc<CertifiedKey>>) -> Result<Self, String> {
        // Who comes from such a port is let in also while the door is held for others.
        let caller = Caller { identity, from_low_port: true };
        let (to, from) = (endpoint.clone(), caller.clone());
        let connector = service_fn(move |_| {
            let (to, from) = (to.clone(), from.clone());
            async move { http::open(&to, &from, b"h2").await.map(TokioIo::new).map_err(io::Error::other) }
        });
        // Its own TLS is not tonic's business, so the scheme is the plain one.
        let uri = format!("http://{}", http::authority(&endpoint));
        let described = transport::Endpoint::try_from(uri).map_err(|error| grpc::chain(&error))?;
        let connected = timeout(ANSWER, described.connect_with_connector(connector)).await;
        let channel = connected
            .map_err(|_| format!("no connection within {} s", ANSWER.as_secs()))?
            .map_err(|error| grpc::chain(&error))?;
        let door = Self { endpoint, caller, channel };
        // With TLS 1.3 a server says only now what it thinks of the client's certificate.
        calls::status(&door, ANSWER).await.map(|_| door)
    }
}

fn pairs(node: &LocalNode, process: Option<&Process>) -> Vec<(PathBuf, PathBuf)> {
    let own = process.and_then(|process| Some((process.option("cert-file")?, process.option("key-file")?)));
    let mut pairs: Vec<_> = PAIRS
        .iter()
        .copied()
        .chain(own)
        .map(|(certificate, key)| (below(node, certificate), below(node, key)))
        .collect();
    pairs.retain(|(certificate, _)| files::exists(&certificate.to_string_lossy()));
    pairs.dedup();
    pairs
}

fn below(node: &LocalNode, path: &str) -> PathBuf {
    node.root.join(path.trim_start_matches('/'))
}

/// Whose door it is.
pub(super) fn running(node: &LocalNode) -> Option<Process> {
    if node.is_running_machine() { processes::list(&["etcd".to_owned()]).pop() } else { None }
}

/// The loopback before other addresses; etcd's usual door where its options do not tell.
pub(super) fn listening(process: Option<&Process>) -> Endpoint {
    let urls = process.and_then(|process| process.option("listen-client-urls")).unwrap_or_default();
    let endpoints: Vec<_> = urls.split(',').filter_map(endpoint).collect();
    let loopback =
        endpoints.iter().find(|endpoint| matches!(endpoint.host.as_str(), "127.0.0.1" | "::1" | "localhost"));
    let mut chosen = loopback.or(endpoints.first()).cloned().unwrap_or_else(|| Endpoint {
        tls: true,
        host: "127.0.0.1".to_owned(),
        port: 2379,
    });
    // Everywhere includes the loopback.
    if matches!(chosen.host.as_str(), "0.0.0.0" | "::") {
        "127.0.0.1".clone_into(&mut chosen.host);
    }
    chosen
}

/// `https://10.0.0.1:2379`
pub(super) fn endpoint(url: &str) -> Option<Endpoint> {
    let uri: Uri = url.trim().parse().ok()?;
    let tls = match uri.scheme_str()? {
        "https" => true,
        "http" => false,
        _ => return None,
    };
    let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
    Some(Endpoint { tls, host, port: uri.port_u16().unwrap_or(2379) })
}

fn identity(certificate: &Path, key: &Path) -> Result<Arc<CertifiedKey>, String> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&files::read(certificate).map_err(|error| error.message)?)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("it is no PEM: {error}"))?;
    let key = PrivateKeyDer::from_pem_slice(&files::read(key).map_err(|error| error.message)?)
        .map_err(|error| format!("{} is no key in PEM: {error}", key.display()))?;
    let identity = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    identity.map(Arc::new).map_err(|error| format!("it does not make a pair with its key: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, endpoint, listening};
    use crate::access::nodes::Process;
    use crate::model::Time;

    #[test]
    fn the_loopback_is_asked_first() {
        for (urls, wanted) in [
            ("https://10.89.0.11:2379,https://127.0.0.1:2379", "https://127.0.0.1:2379"),
            ("https://10.89.0.11:2379", "https://10.89.0.11:2379"),
            ("http://0.0.0.0:4001", "http://127.0.0.1:4001"),
            ("https://[::1]:2379", "https://[::1]:2379"),
            ("", "https://127.0.0.1:2379"),
            ("unix:///run/etcd.sock", "https://127.0.0.1:2379"),
        ] {
            let process = Process {
                pid: 2,
                program: "etcd".to_owned(),
                options: vec![("listen-client-urls".to_owned(), urls.to_owned())],
                started: Time::from_unix(0),
                contained: true,
                seen: None,
                on_our_root: None,
            };
            assert_eq!(listening(Some(&process)).to_string(), wanted, "{urls}");
        }
        assert_eq!(listening(None).port, 2379);
    }

    #[test]
    fn addresses_of_clients() {
        let wanted = Endpoint { tls: true, host: "fd00::1".to_owned(), port: 2379 };
        assert_eq!(endpoint("https://[fd00::1]:2379"), Some(wanted));
        assert_eq!(endpoint("no address"), None);
    }
}
