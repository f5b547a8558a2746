//! The eyes of a probe: accepts every certificate, shows none, and keeps what came by, also when the handshake breaks off.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

/// Judges nothing; whether the server has the key of what it presents is still checked.
#[derive(Debug)]
pub(super) struct Looker {
    provider: Arc<CryptoProvider>,
    seen: Mutex<Seen>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) chain: Vec<Vec<u8>>,
    /// Something was signed with the key of the leaf.
    pub(super) is_proven: bool,
    pub(super) version: Option<String>,
    pub(super) client_authorities: Option<Vec<Vec<u8>>>,
}

impl Default for Looker {
    fn default() -> Self {
        Self { provider: Arc::new(aws_lc_rs::default_provider()), seen: Mutex::default() }
    }
}

impl Looker {
    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Accepts whatever a server presents, and sends no server name. `identity` is shown to those that ask for one.
pub(in crate::access) fn accept_any(identity: Option<Arc<CertifiedKey>>) -> Result<ClientConfig, rustls::Error> {
    let looker = Arc::new(Looker::default());
    match identity {
        Some(identity) => with_resolver(&looker, Arc::new(SingleCertAndKey::from(identity))),
        None => config(&looker),
    }
}

/// The same, with everything noted.
pub(super) fn config(looker: &Arc<Looker>) -> Result<ClientConfig, rustls::Error> {
    with_resolver(looker, looker.clone())
}

fn with_resolver(looker: &Arc<Looker>, resolver: Arc<dyn ResolvesClientCert>) -> Result<ClientConfig, rustls::Error> {
    let mut config = ClientConfig::builder_with_provider(looker.provider.clone())
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(looker.clone())
        .with_client_cert_resolver(resolver);
    config.enable_sni = false;
    // A resumed session presents nothing.
    config.resumption = Resumption::disabled();
    Ok(config)
}

impl ServerCertVerifier for Looker {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = core::iter::once(leaf).chain(others).map(|certificate| certificate.to_vec()).collect();
        self.note(|seen| seen.chain = chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.note(|seen| seen.version = Some("TLS 1.2".to_owned()));
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
            .inspect(|_| self.note(|seen| seen.is_proven = true))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.note(|seen| seen.version = Some("TLS 1.3".to_owned()));
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
            .inspect(|_| self.note(|seen| seen.is_proven = true))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for Looker {
    fn resolve(&self, accepted: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let names = accepted.iter().map(|name| name.to_vec()).collect();
        self.note(|seen| seen.client_authorities = Some(names));
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}
