//! One request for a certificate (PKCS#10): DER in, the model's `SigningRequest` out.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use super::certificate::{Stated, key_of};
use super::name;
use crate::model::SigningRequest;
use crate::pki::request;

#[derive(Debug, thiserror::Error)]
#[error("not a request for a certificate: {0}")]
pub struct RequestError(String);

pub fn parse(der: &[u8]) -> Result<SigningRequest, RequestError> {
    let (_, request) = X509CertificationRequest::from_der(der).map_err(|error| RequestError(error.to_string()))?;
    let info = &request.certification_request_info;
    let mut stated = Stated::default();
    for extension in request.requested_extensions().into_iter().flatten() {
        stated.read(extension);
    }
    Ok(SigningRequest {
        subject: name::text(&info.subject),
        public_key: key_of(info.subject_pki.raw),
        dns_names: stated.dns_names,
        ip_addresses: stated.ip_addresses,
        other_names: stated.other_names,
        key_usages: stated.key_usages,
        extended_key_usages: stated.extended_key_usages,
        filed: None,
    })
}

/// As authorities take it.
pub fn pem(der: &[u8]) -> String {
    String::from_utf8_lossy(&request::to_pem(der)).into_owned()
}
