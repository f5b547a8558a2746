//! Writes PEM (RFC 7468) with line feeds on every platform, since the disk is a Linux node's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

pub(super) fn encode(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let mut pem = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / 64 + 80));
    pem.extend(["-----BEGIN ", label, "-----\n"]);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, next) = rest.split_at(rest.len().min(64));
        pem.extend([line, "\n"]);
        rest = next;
    }
    pem.extend(["-----END ", label, "-----\n"]);
    pem
}

pub(super) fn certificate(der: &[u8]) -> String {
    encode("CERTIFICATE", der).to_string()
}
