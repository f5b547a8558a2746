//! Private keys: made, read from PEM and written to PEM.
//!
//! Key bytes live in buffers that are wiped when dropped, and never appear in `Debug`.

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _};
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use zeroize::Zeroizing;

use super::Unreadable;
use super::armour::armour;
use super::key_algorithm::{Curve, KeyAlgorithm};
use super::key_text::Block;
use super::private_der::{Kind, PrivateDer, ec_pkcs8, inside_pkcs8, sec1};
use super::public_key::{PublicKey, bit_length};

/// A private key, checked and ready to sign.
pub struct PrivateKey {
    pair: Pair,
    algorithm: KeyAlgorithm,
    encoding: KeyEncoding,
    spki: Vec<u8>,
    pkcs8: Zeroizing<Vec<u8>>,
    /// PKCS#1 or SEC 1; Ed25519 has no such form.
    traditional: Option<Zeroizing<Vec<u8>>>,
}

/// How a key is written. What reads it may accept one form only, so a renewed key keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyEncoding {
    /// `RSA PRIVATE KEY` (RFC 8017 A.1.2): kubeadm, k3s.
    Pkcs1,
    /// `EC PRIVATE KEY` (RFC 5915): kubeadm, k3s.
    Sec1,
    /// `PRIVATE KEY` (RFC 5958): openssl 3, cert-manager on demand.
    Pkcs8,
    /// PKCS#8 under the label `ED25519 PRIVATE KEY`: Talos, which accepts no other for such keys
    /// (siderolabs/crypto, x509/x509.go).
    TalosEd25519,
}

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("no key found")]
    Absent,
    #[error("the private key is encrypted")]
    Encrypted,
    /// A kind or size of key that is not handled: its name or object identifier.
    #[error("keys of kind {what} are not supported")]
    Unsupported { what: String },
    #[error("malformed key: the {field} cannot be read")]
    Malformed { field: &'static str },
    /// The numbers do not make up a key, or the public half belongs to another one.
    #[error("the private key is not valid: {reason}")]
    Invalid { reason: String },
    #[error("the cryptographic library failed to use the key")]
    Failed,
}

/// The key as the cryptographic library holds it; the library wipes it.
pub(super) enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Curve, Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl PrivateKey {
    /// The first private key in a text; encrypted ones are an error of their own.
    pub fn from_pem(text: &[u8]) -> Result<Self, KeyError> {
        let block = Block::first(text, "PRIVATE KEY")?;
        let der = block.decode()?;
        Self::load(&der, &PrivateDer::parse(&der)?, block.label)
    }

    /// A new key: RSA of 2048, 3072, 4096 or 8192 bits, or any of the others.
    pub fn generate(algorithm: KeyAlgorithm) -> Result<Self, KeyError> {
        let ec = |curve: Curve| Ok(Pair::Ec(curve, Box::new(EcdsaKeyPair::generate(curve.signing())?)));
        let rsa = |size| Ok::<_, Unspecified>(Pair::Rsa(Box::new(RsaKeyPair::generate(size)?)));
        let pair: Result<Pair, Unspecified> = match algorithm {
            KeyAlgorithm::Rsa { bits: 2048 } => rsa(KeySize::Rsa2048),
            KeyAlgorithm::Rsa { bits: 3072 } => rsa(KeySize::Rsa3072),
            KeyAlgorithm::Rsa { bits: 4096 } => rsa(KeySize::Rsa4096),
            KeyAlgorithm::Rsa { bits: 8192 } => rsa(KeySize::Rsa8192),
            KeyAlgorithm::Rsa { .. } => {
                return Err(KeyError::Unsupported { what: algorithm.to_string() });
            }
            KeyAlgorithm::EcP256 => ec(Curve::P256),
            KeyAlgorithm::EcP384 => ec(Curve::P384),
            KeyAlgorithm::EcP521 => ec(Curve::P521),
            KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(|it| Pair::Ed25519(it.into())),
        };
        let pair = pair.map_err(|_| KeyError::Failed)?;
        // What kubeadm and Go programs write.
        let encoding = match pair {
            Pair::Rsa(_) => KeyEncoding::Pkcs1,
            Pair::Ec(..) => KeyEncoding::Sec1,
            Pair::Ed25519(_) => KeyEncoding::Pkcs8,
        };
        Self::new(pair, encoding)
    }

    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The form this key was read in, or would be written in by kubeadm if it is new.
    pub fn encoding(&self) -> KeyEncoding {
        self.encoding
    }

    /// The public half: canonical DER of `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key as text, byte for byte as openssl and Go write it.
    ///
    /// PKCS#1 and SEC 1 are the same wish, for the traditional form: so a key that replaces one of
    /// another kind gets the form its place is used to. Where a form does not exist it is PKCS#8.
    pub fn to_pem(&self, encoding: KeyEncoding) -> Zeroizing<Vec<u8>> {
        match (encoding, &self.traditional, &self.pair) {
            (KeyEncoding::Pkcs1 | KeyEncoding::Sec1, Some(der), Pair::Rsa(_)) => armour("RSA PRIVATE KEY", der),
            (KeyEncoding::Pkcs1 | KeyEncoding::Sec1, Some(der), _) => armour("EC PRIVATE KEY", der),
            (KeyEncoding::TalosEd25519, _, Pair::Ed25519(_)) => armour("ED25519 PRIVATE KEY", &self.pkcs8),
            _ => armour("PRIVATE KEY", &self.pkcs8),
        }
    }

    pub(super) fn pair(&self) -> &Pair {
        &self.pair
    }

    /// Loads and checks a key; `parsed` is what `der` was found to be.
    pub(super) fn load(der: &[u8], parsed: &PrivateDer<'_>, label: &[u8]) -> Result<Self, KeyError> {
        let (pair, bare) = match parsed.kind {
            Kind::Rsa { pkcs1, modulus, .. } => {
                let bits = bit_length(modulus);
                if !(2048..=8192).contains(&bits) {
                    return Err(KeyError::Unsupported { what: format!("RSA-{bits}") });
                }
                (Pair::Rsa(Box::new(RsaKeyPair::from_der(pkcs1)?)), KeyEncoding::Pkcs1)
            }
            Kind::Ec { curve, .. } => {
                let pair = EcdsaKeyPair::from_private_key_der(curve.signing(), der)?;
                (Pair::Ec(curve, Box::new(pair)), KeyEncoding::Sec1)
            }
            Kind::Ed25519 => (Pair::Ed25519(Box::new(Ed25519KeyPair::from_pkcs8(der)?)), KeyEncoding::Pkcs8),
        };
        let encoding = match pair {
            Pair::Ed25519(_) if label == b"ED25519 PRIVATE KEY" => KeyEncoding::TalosEd25519,
            _ if parsed.is_pkcs8 => KeyEncoding::Pkcs8,
            _ => bare,
        };
        Self::new(pair, encoding)
    }

    fn new(pair: Pair, encoding: KeyEncoding) -> Result<Self, KeyError> {
        let (public, pkcs8, traditional) = match &pair {
            Pair::Rsa(pair) => {
                let pkcs8 = Zeroizing::new(pair.as_der()?.as_ref().to_vec());
                let pkcs1 = Zeroizing::new(inside_pkcs8(&pkcs8)?.to_vec());
                let public = PublicKey::from_pkcs1(pair.public_key().as_ref(), false)?;
                (public, pkcs8, Some(pkcs1))
            }
            Pair::Ec(curve, pair) => {
                let (curve, point) = (*curve, pair.public_key().as_ref());
                let scalar = pair.private_key().as_be_bytes()?;
                let traditional = sec1(scalar.as_ref(), Some(curve), point)?;
                let pkcs8 = ec_pkcs8(curve, &sec1(scalar.as_ref(), None, point)?)?;
                (PublicKey::Ec { curve, point }, pkcs8, Some(traditional))
            }
            Pair::Ed25519(pair) => {
                let pkcs8 = Zeroizing::new(pair.to_pkcs8v1()?.as_ref().to_vec());
                (PublicKey::Ed25519(pair.public_key().as_ref()), pkcs8, None)
            }
        };
        let (algorithm, spki) = (public.algorithm()?, public.to_spki()?);
        Ok(Self { pair, algorithm, encoding, spki, pkcs8, traditional })
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateKey")
            .field("algorithm", &self.algorithm)
            .field("encoding", &self.encoding)
            .finish_non_exhaustive()
    }
}

impl From<Unreadable> for KeyError {
    fn from(Unreadable { field }: Unreadable) -> Self {
        Self::Malformed { field }
    }
}

impl From<KeyRejected> for KeyError {
    fn from(rejected: KeyRejected) -> Self {
        Self::Invalid { reason: rejected.to_string() }
    }
}

impl From<Unspecified> for KeyError {
    fn from(_: Unspecified) -> Self {
        Self::Failed
    }
}

/// Writing fails only on lengths that no key has.
impl From<der::Error> for KeyError {
    fn from(_: der::Error) -> Self {
        Self::Failed
    }
}
