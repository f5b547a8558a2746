//! The bytes of X.509: keys, certificates issued again, requests and signatures.
//!
//! Everything here is pure: bytes in, bytes out; no files, no network, no clock. The one thing from
//! outside is randomness, drawn in `serial` and inside the cryptographic library when it makes a
//! key. What is read here is read with tolerance (`tlv`), because a certificate that no strict
//! parser likes must still be renewed; what is written is strict DER.

pub mod alternative_names;
mod armour;
mod asn1;
pub mod key_algorithm;
mod key_id;
mod key_text;
mod oid;
pub mod password_based;
pub mod pfx;
mod private_der;
pub mod private_key;
pub mod public_key;
pub mod raw_certificate;
pub mod reissue;
pub mod request;
mod scheme;
pub mod serial;
pub mod signature;
mod tlv;

#[cfg(test)]
mod tests;

/// A part of a certificate, request or key that is not where its standard puts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {field} cannot be read")]
pub struct Unreadable {
    /// The name of the part, as its RFC calls it, in plain words.
    pub field: &'static str,
}
