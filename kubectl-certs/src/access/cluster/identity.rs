//! A client certificate and its key, as rustls takes them. Made by hand, since rustls' own way refuses X.509 v1, which
//! `MicroK8s` gives its users and every API server accepts.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use rustls::sign::CertifiedKey;

use crate::formats::{certificate, pem};
use crate::pki::public_key;

/// From PEM; the leaf comes first. The error is a sentence without a subject.
pub(super) fn identity(certificates: &[u8], key: &[u8]) -> Result<Arc<CertifiedKey>, String> {
    let chain: Vec<CertificateDer<'static>> = pem::blocks(&pem::decode_text(certificates))
        .into_iter()
        .filter(pem::Block::is_certificate)
        .filter_map(|block| Some(CertificateDer::from(block.der?.to_vec())))
        .collect();
    let leaf = chain.first().ok_or("holds no certificate that can be read")?;
    let leaf = certificate::parse(leaf).map_err(|error| format!("holds a client certificate that is {error}"))?;
    let text = pem::decode_text(key);
    let own = public_key::public_spki_of_pem(text.as_bytes())
        .map_err(|error| format!("has a key that cannot be used: {error}"))?;
    if certificate::key_id(&own) != leaf.public_key {
        return Err(format!("has a key that is not that of its client certificate ({})", leaf.subject));
    }
    let block = pem::blocks(&text).into_iter().find(pem::Block::is_private_key);
    let block = block.ok_or("holds no private key that can be read")?;
    let der = block.der.ok_or("holds a private key that is not valid base64")?.to_vec();
    let der = match block.label.as_str() {
        "RSA PRIVATE KEY" => PrivateKeyDer::from(PrivatePkcs1KeyDer::from(der)),
        "EC PRIVATE KEY" => PrivateKeyDer::from(PrivateSec1KeyDer::from(der)),
        _ => PrivateKeyDer::from(PrivatePkcs8KeyDer::from(der)),
    };
    let signing = any_supported_type(&der).map_err(|_| "has a key of a kind that TLS cannot use".to_owned())?;
    Ok(Arc::new(CertifiedKey::new(chain, signing)))
}
