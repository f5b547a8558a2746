//! What the mathematics says: keys and signatures that peers no longer accept, or will not for long.

use super::{Check, Finding, Severity, View, by_certificate, told_once};
use crate::model::Holds;
use crate::trust::Signed;

pub(super) const WEAK_KEY: Check = Check {
    code: "weak-key",
    title: "the key is too short, or of a kind that is given up",
    what: "The certificate's public key is RSA below 2048 bits, DSA, or on a curve of less than 256 bits.",
    why: "It can be broken, or will be. Go refuses RSA keys below 1024 bits in TLS altogether since 1.24, so such a component \
          stops at an upgrade that has nothing to do with certificates.",
    repair: "kubectl certs renew --key-algorithm RSA-2048 (or ECDSA-P256) gives a leaf a key of another kind; an authority has \
             to be rotated.",
    source: "NIST SP 800-131A revision 2, sections 3 and 6; Go 1.24 release notes, crypto/rsa",
    renewable: false,
    run: weak_key,
};

pub(super) const WEAK_SIGNATURE: Check = Check {
    code: "weak-signature",
    title: "the certificate is signed with a broken hash",
    what: "The signature is over an MD2, MD5 or SHA-1 digest. Certificates that signed themselves, or that are trusted as \
           they are, are not meant: nobody relies on those signatures.",
    why: "Two certificates with one such digest can be made. Go refuses these signatures since 1.18, so every component of \
          Kubernetes does.",
    repair: "kubectl certs renew, where the authority's key is at hand: new certificates are signed with SHA-256 or better. Otherwise \
             ask whoever signed it for another.",
    source: "RFC 9155; Go 1.18 release notes, crypto/x509",
    renewable: true,
    run: weak_signature,
};

fn weak_key(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    let weak = groups.iter().filter_map(|rows| Some((rows, weakness(&rows[0].certificate.key_algorithm)?)));
    weak.filter_map(|(rows, severity)| {
        let certificate = rows[0].certificate;
        let message = format!(
            "{} has a key of the kind {}; RSA of 2048 bits or a curve of 256 bits is the least",
            certificate.short_name(),
            certificate.key_algorithm
        );
        told_once(&WEAK_KEY, severity, rows, message)
    })
    .collect()
}

/// Of a kind as the model writes it.
fn weakness(algorithm: &str) -> Option<Severity> {
    // DSA; prime192v1 and secp224r1.
    if ["1.2.840.10040.4.1", "EC(1.2.840.10045.3.1.1)", "EC(1.3.132.0.33)"].contains(&algorithm) {
        return Some(Severity::Error);
    }
    match algorithm.strip_prefix("RSA-")?.parse().ok()? {
        0..1024_u32 => Some(Severity::Error),
        1024..2048 => Some(Severity::Warning),
        2048.. => None,
    }
}

fn weak_signature(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            // md2WithRSAEncryption has no name in the model.
            let is_weak = ["MD5-RSA", "SHA1-RSA", "ECDSA-SHA1", "1.2.840.113549.1.1.2"]
                .contains(&&*certificate.signature_algorithm);
            // What is trusted as it is needs no signature.
            let nobody_relies = view.trust.signed(&certificate.fingerprint) == Some(&Signed::Itself)
                || (certificate.is_authority && certificate.names_itself_as_issuer())
                || rows.iter().all(|row| matches!(row.entry.holds, Holds::Bundle(_)));
            if !is_weak || nobody_relies {
                return None;
            }
            let message = format!(
                "{} is signed by {} with {}, which no component written in Go accepts",
                certificate.short_name(),
                certificate.issuer,
                certificate.signature_algorithm
            );
            told_once(&WEAK_SIGNATURE, Severity::Error, rows, message)
        })
        .collect()
}
