//! TLS with the API server: whom to believe, and who one is.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};

use super::Chosen;
use super::credentials::bytes;
use super::verify::Verifier;
use crate::error::Error;
use crate::formats::{certificate, pem};
use crate::model::{Gap, GapReason, Location};

/// What the API server is verified with.
pub(super) struct Authorities {
    /// As they were given, for exec plugins.
    pub(super) pem: Option<Vec<u8>>,
    pub(super) der: Vec<CertificateDer<'static>>,
    /// What of the bundle cannot be read. kubectl passes over it without a word.
    pub(super) left_out: Vec<Gap>,
}

impl Authorities {
    /// Those of the kubeconfig or of --certificate-authority, else the machine's own.
    pub(super) fn of(chosen: &Chosen) -> Result<Self, Error> {
        let entry = &chosen.server_entry;
        let (data, path) = (entry.certificate_authority_data.as_deref(), entry.certificate_authority.as_deref());
        let Some(given) = bytes(data, path, "authorities")? else {
            let der = if entry.insecure_skip_tls_verify { Vec::new() } else { of_the_machine() };
            return Ok(Self { pem: None, der, left_out: Vec::new() });
        };
        if entry.insecure_skip_tls_verify {
            return Err(Error::usage(
                "it names authorities and says that they do not count (insecure-skip-tls-verify)",
            )
            .hint("kubectl refuses that too: take out one of the two"));
        }
        let at = match (chosen.authorities(), path) {
            (Some(at), _) => at,
            (None, Some(path)) => Location::file(path),
            (None, None) => chosen.endpoint(),
        };
        let mut bundle = Self { pem: Some(given.to_vec()), der: Vec::new(), left_out: Vec::new() };
        for (index, block) in pem::blocks(&pem::decode_text(&given)).into_iter().enumerate() {
            if !block.is_certificate() && block.der.is_some() {
                continue;
            }
            let fault = match &block.der {
                None => Some((GapReason::BadPem, format!("a block '{}' is broken", block.label))),
                Some(der) => certificate::parse(der).err().map(|error| (GapReason::BadCertificate, error.to_string())),
            };
            match (fault, block.der) {
                (None, Some(der)) => bundle.der.push(CertificateDer::from(der.to_vec())),
                (Some((reason, why)), _) => bundle.left_out.push(Gap {
                    at: at.clone(),
                    reason,
                    message: format!(
                        "block {} of the authorities that the API server is verified with was left out: {why}",
                        index + 1
                    ),
                }),
                (None, None) => {}
            }
        }
        if bundle.der.is_empty() {
            return Err(Error::usage(format!("the authorities in {at} hold no certificate that can be read")).about(at));
        }
        Ok(bundle)
    }
}

/// One line's configuration. Sessions are not resumed: who comes with a new certificate must be seen with that one.
pub(super) fn configuration(
    verifier: Arc<Verifier>,
    identity: Option<Arc<CertifiedKey>>,
) -> Result<ClientConfig, Error> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::failed(format!("TLS cannot be used: {error}")))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity {
        Some(identity) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity))),
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// For proxies that speak TLS themselves.
pub(super) fn of_machine() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(of_the_machine());
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Also where `SSL_CERT_FILE` and `SSL_CERT_DIR` say, as for Go's programs.
fn of_the_machine() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}
