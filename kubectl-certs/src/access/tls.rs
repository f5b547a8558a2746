//! What a server presents. Looks only: accepts any certificate, sends nothing after the handshake, and sends no server
//! name unless asked (some servers add every name they hear to their certificate).

use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

const CONNECT: Duration = Duration::from_secs(3);
const HANDSHAKE: Duration = Duration::from_secs(3);

#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    #[error("no connection to {address}: {why}")]
    Unreachable { address: String, why: String },
    #[error("{address} accepts connections but no TLS handshake: {why}")]
    NoHandshake { address: String, why: String },
}

/// The chain that `host:port` presents, as DER, the leaf first. No longer than `limit` for each of the two answers.
pub async fn presented(host: &str, port: u16, limit: Option<Duration>) -> Result<Vec<Vec<u8>>, ProbeError> {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let unreachable = |why: String| ProbeError::Unreachable { address: address.clone(), why };
    let no_handshake = |why: String| ProbeError::NoHandshake { address: address.clone(), why };
    let [connect, handshake] = [CONNECT, HANDSHAKE].map(|usual| limit.map_or(usual, |limit| limit.min(usual)));
    let stream = timeout(connect, TcpStream::connect((host, port)))
        .await
        .map_err(|_| unreachable(format!("no answer within {} s", connect.as_secs())))?
        .map_err(|error| unreachable(error.to_string()))?;
    let name = ServerName::try_from(host.to_owned()).map_err(|error| no_handshake(error.to_string()))?;
    let config = accept_any(None).map_err(|error| no_handshake(error.to_string()))?;
    let stream = timeout(handshake, TlsConnector::from(Arc::new(config)).connect(name, stream))
        .await
        .map_err(|_| no_handshake(format!("not finished within {} s", handshake.as_secs())))?
        .map_err(|error| no_handshake(error.to_string()))?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Ok(chain.iter().map(|certificate| certificate.to_vec()).collect())
}

/// Accepts whatever a server presents, and sends no server name. `identity` is shown to those that ask for one.
pub(super) fn accept_any(identity: Option<Arc<CertifiedKey>>) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Looker(provider)));
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))),
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = false;
    Ok(config)
}

/// Judges nothing; that the server has the key of what it presents is still checked.
#[derive(Debug)]
struct Looker(Arc<CryptoProvider>);

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
