//! Is this the API server that the kubeconfig means? rustls' own verification first, and where that is stricter than
//! kubectl's (Go's crypto/x509): a server certificate that itself stands among the authorities, or may sign others. And one thing more than
//! kubectl can: a server whose certificate has expired, on request and held to its key, since it must be repaired.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::remembered::{self, ExpiredServer};
use crate::formats::certificate;
use crate::model::{Certificate, Time};
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::signature;

#[derive(Debug)]
pub(super) struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
    /// `HOST:PORT`.
    server: String,
    accept_expired: bool,
    /// What the server showed last, the leaf first.
    presented: Mutex<Vec<Vec<u8>>>,
}

#[derive(Debug)]
enum Trust {
    Authorities {
        /// None where none of them can sign.
        chains: Option<Arc<WebPkiServerVerifier>>,
        /// As they stand in the bundle.
        der: Vec<CertificateDer<'static>>,
    },
    Anybody,
}

/// Why a server was refused, in words of our own.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "the API server's certificate ({subject}) expired on {not_after}; everything else about it is right. --accept-expired-server goes on all the same and holds to its key"
    )]
    Expired { subject: String, not_after: Time },
    #[error(
        "the API server shows another key than before in this run, with an expired certificate: it may be somebody else"
    )]
    OtherKey,
    #[error(
        "the API server's certificate names nobody in its subject alternative names, and its common name '{name}' does not count (as for kubectl)"
    )]
    OnlyCommonName { name: String },
    #[error("the API server's certificate is not meant for servers (its extended key usages are {usages})")]
    NotForServers { usages: String },
}

impl Verifier {
    pub(super) fn new(
        authorities: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
        server: String,
        accept_expired: bool,
    ) -> Self {
        let mut roots = RootCertStore::empty();
        // What cannot sign may still be the server's own.
        roots.add_parsable_certificates(authorities.iter().cloned());
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build().ok();
        let trust = Trust::Authorities { chains, der: authorities };
        Self { trust, provider, server, accept_expired, presented: Mutex::default() }
    }

    pub(super) fn of_anybody(provider: Arc<CryptoProvider>, server: String) -> Self {
        Self { trust: Trust::Anybody, provider, server, accept_expired: false, presented: Mutex::default() }
    }

    /// DER of what the server showed in the last handshake, the leaf first; empty before any.
    pub(super) fn presented(&self) -> Vec<Vec<u8>> {
        self.presented.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn judge(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let Trust::Authorities { chains, der } = &self.trust else { return Ok(()) };
        if der.iter().any(|authority| authority == leaf) {
            return as_server(leaf, name, now);
        }
        let unknown = || Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let chains = chains.as_ref().ok_or_else(unknown)?;
        match chains.verify_server_cert(leaf, between, name, &[], now) {
            Ok(_) => Ok(()),
            // webpki lets no authority be a server.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if signed_directly(leaf, der) => {
                as_server(leaf, name, now)
            }
            Err(error) => Err(in_words(error, leaf)),
        }
    }

    /// It is as it should be but for its end. The chain is judged as of the last moment when all of it was valid.
    fn expired(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Result<(), Error> {
        let expired = || Error::InvalidCertificate(CertificateError::Expired);
        let known = certificate::parse(leaf).map_err(|_| expired())?;
        let ends = between.iter().filter_map(|der| certificate::parse(der).ok()).map(|other| other.not_after);
        let last = ends.fold(known.not_after, Time::min);
        let last = u64::try_from(last.unix()).map_err(|_| expired())?;
        self.judge(leaf, between, name, UnixTime::since_unix_epoch(core::time::Duration::from_secs(last)))?;
        let Certificate { subject, not_after, public_key: key, .. } = known;
        let met = ExpiredServer { server: self.server.clone(), subject, not_after, key, accepted: self.accept_expired };
        let ExpiredServer { subject, not_after, key, .. } = met.clone();
        if remembered::expired(&met).key != key {
            return Err(refused(Refusal::OtherKey));
        }
        if self.accept_expired { Ok(()) } else { Err(refused(Refusal::Expired { subject, not_after })) }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.presented.lock().unwrap_or_else(PoisonError::into_inner) =
            core::iter::once(leaf).chain(between).map(|der| der.to_vec()).collect();
        match self.judge(leaf, between, name, now) {
            Err(Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. })) => {
                self.expired(leaf, between, name)
            }
            judged => judged,
        }
        .map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// An authority that serves (openssl's defaults make such ones), signed by one of the bundle without others between them.
fn signed_directly(leaf: &CertificateDer<'_>, authorities: &[CertificateDer<'_>]) -> bool {
    let Ok(known) = certificate::parse(leaf) else { return false };
    // Go knows no such signatures any more.
    let old = ["SHA1", "MD5"].iter().any(|hash| known.signature_algorithm.to_uppercase().contains(hash));
    let signed = |der: &CertificateDer<'_>| {
        let (Ok(issuer), Ok(raw)) = (certificate::parse(der), RawCertificate::parse(der)) else { return false };
        // What its name constraints say is only judged where webpki judges.
        issuer.subject_key == known.issuer_key
            && (issuer.is_authority || issuer.version == 1)
            && raw.extension(NAME_CONSTRAINTS).is_none()
            && signature::verify(leaf, raw.spki).is_ok()
    };
    known.is_authority
        && !old
        && certificate::unknown_critical_extensions(leaf).is_empty()
        && authorities.iter().any(signed)
}

/// 2.5.29.30, RFC 5280 4.2.1.10.
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x1E];

/// The dates, names and usages of a leaf that is trusted already: a certificate in the bundle is trusted for what it is,
/// whether or not it is an authority (Go: `Certificate.Verify` with the leaf in `Roots`).
fn as_server(leaf: &CertificateDer<'_>, name: &ServerName<'_>, now: UnixTime) -> Result<(), Error> {
    let known = certificate::parse(leaf).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let now = Time::from_unix(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    if now < known.not_before {
        return Err(Error::InvalidCertificate(CertificateError::NotValidYet));
    }
    let usages = &known.extended_key_usages;
    if !usages.is_empty() && !usages.iter().any(|usage| usage == "serverAuth" || usage == "any") {
        return Err(refused(Refusal::NotForServers { usages: usages.join(", ") }));
    }
    ParsedCertificate::try_from(leaf)
        .and_then(|parsed| verify_server_name(&parsed, name))
        .map_err(|error| in_words(error, leaf))?;
    if known.is_expired(now) {
        return Err(Error::InvalidCertificate(CertificateError::Expired));
    }
    Ok(())
}

/// rustls does not say why a certificate with a common name alone is valid for no name.
fn in_words(error: Error, leaf: &CertificateDer<'_>) -> Error {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    if !matches!(error, Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) {
        return error;
    }
    match certificate::parse(leaf) {
        Ok(known) if known.dns_names.is_empty() && known.ip_addresses.is_empty() => {
            refused(Refusal::OnlyCommonName { name: known.short_name().to_owned() })
        }
        _ => error,
    }
}

fn refused(why: Refusal) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(why))))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
    use rustls::crypto::aws_lc_rs;

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// An authority, and leaves of it for a name that have ended.
    struct Material {
        authority: CertificateDer<'static>,
        issuer: Issuer<'static, KeyPair>,
    }

    impl Material {
        fn new() -> Self {
            let key = KeyPair::generate().expect("a key");
            let mut parameters = CertificateParams::new([]).expect("no names");
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let authority = parameters.self_signed(&key).expect("an authority").der().clone();
            Self { authority, issuer: Issuer::new(parameters, key) }
        }

        fn expired(&self, name: &str) -> CertificateDer<'static> {
            let key = KeyPair::generate().expect("a key");
            let mut parameters = CertificateParams::new([name.to_owned()]).expect("a name");
            parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
            parameters.signed_by(&key, &self.issuer).expect("a leaf").der().clone()
        }

        fn verifier(&self, server: &str, accept_expired: bool) -> Verifier {
            let provider = Arc::new(aws_lc_rs::default_provider());
            Verifier::new(vec![self.authority.clone()], provider, server.to_owned(), accept_expired)
        }
    }

    fn verified(verifier: &Verifier, leaf: &CertificateDer<'_>) -> Result<(), String> {
        let name = ServerName::try_from("api.example").expect("a name");
        let now = UnixTime::since_unix_epoch(core::time::Duration::from_secs(NOW));
        verifier.verify_server_cert(leaf, &[], &name, &[], now).map(|_| ()).map_err(|error| match error {
            // As it is told to people.
            Error::InvalidCertificate(CertificateError::Other(OtherError(why))) => why.to_string(),
            other => other.to_string(),
        })
    }

    #[test]
    fn an_expired_server_is_held_to_the_key_that_it_showed_first() {
        let material = Material::new();
        let [first, second] = [material.expired("api.example"), material.expired("api.example")];
        let server = "of-this-test:6443";
        let careful = material.verifier(server, false);
        let refused = verified(&careful, &first).expect_err("not accepted yet");
        assert!(refused.contains("expired on 2021-01-01"), "{refused}");
        // Between the question and the answer nobody may take its place.
        let accepting = material.verifier(server, true);
        let refused = verified(&accepting, &second).expect_err("another key");
        assert!(refused.contains("another key"), "{refused}");
        verified(&accepting, &first).expect("that one was shown to the person");
        // On another connection of the same run too, and another server is another matter.
        assert!(verified(&material.verifier(server, true), &second).is_err());
        verified(&material.verifier("other:6443", true), &second).expect("the first of that server");
    }

    #[test]
    fn expired_is_no_excuse_for_anything_else() {
        let material = Material::new();
        for (leaf, words) in [
            (material.expired("other.example"), "other.example"),
            (Material::new().expired("api.example"), "UnknownIssuer"),
        ] {
            let refused = verified(&material.verifier("excused:6443", true), &leaf).expect_err("refused");
            assert!(refused.contains(words) || refused.contains("BadSignature"), "{refused}");
        }
    }
}
