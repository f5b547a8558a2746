//! A folder in which the `openssl` program works, and certificates made by it.

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::scheme::Scheme;
use crate::pki::signature::sign;

/// The kinds of keys that everything is tried with.
pub(super) const ALGORITHMS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::Rsa { bits: 2048 },
    KeyAlgorithm::EcP256,
    KeyAlgorithm::EcP384,
    KeyAlgorithm::EcP521,
    KeyAlgorithm::Ed25519,
];

/// The usual configuration of an authority.
pub(super) const AUTHORITY: &str = "[req]\ndistinguished_name=dn\n[dn]\n[ca]\n\
    basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
    subjectKeyIdentifier=hash\n";

pub(super) struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// Runs openssl with arguments parted by blanks, which has to succeed; what it writes.
    pub(super) fn openssl(&self, arguments: &str) -> Vec<u8> {
        self.try_openssl(arguments).unwrap_or_else(|error| panic!("openssl {arguments}: {error}"))
    }

    pub(super) fn try_openssl(&self, arguments: &str) -> Result<Vec<u8>, String> {
        let output =
            Command::new("openssl").args(arguments.split_whitespace()).current_dir(self.dir.path()).output().unwrap();
        if output.status.success() {
            Ok(output.stdout)
        } else {
            Err(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
        }
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Makes `name.key` with openssl, PKCS#8.
    pub(super) fn key(&self, name: &str, algorithm: KeyAlgorithm) -> PrivateKey {
        let of = |kind: &str| format!("genpkey {kind} -out {name}.key");
        let ec = |curve: &str| of(&format!("-algorithm EC -pkeyopt ec_paramgen_curve:{curve}"));
        self.openssl(&match algorithm {
            KeyAlgorithm::Rsa { bits } => of(&format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}")),
            KeyAlgorithm::EcP256 => ec("P-256"),
            KeyAlgorithm::EcP384 => ec("P-384"),
            KeyAlgorithm::EcP521 => ec("P-521"),
            KeyAlgorithm::Ed25519 => of("-algorithm ED25519"),
        });
        PrivateKey::from_pem(&self.read(&format!("{name}.key"))).unwrap()
    }

    /// Makes `name.key` and `name.crt`, an authority that signed itself.
    pub(super) fn authority(&self, name: &str, algorithm: KeyAlgorithm) -> Authority {
        self.authority_of(name, algorithm, AUTHORITY)
    }

    /// The same with the extensions in section `ca` of this configuration.
    pub(super) fn authority_of(&self, name: &str, algorithm: KeyAlgorithm, config: &str) -> Authority {
        let key = self.key(name, algorithm);
        self.write(&format!("{name}.cnf"), config);
        self.openssl(&format!(
            "req -x509 -new -key {name}.key -config {name}.cnf -extensions ca \
             -subj /O=authorities/CN={name} -days 36500 -out {name}.crt"
        ));
        Authority { key, der: self.certificate(name) }
    }

    /// Makes `name.crt`, signed by the authority `ca`, for a request with this configuration:
    /// section `dn` is the subject, section `leaf` the extensions.
    pub(super) fn leaf(&self, name: &str, ca: &str, config: &str, options: &str) -> Vec<u8> {
        self.write(&format!("{name}.cnf"), config);
        let subject = if config.contains("prompt=no") { "" } else { "-subj /" };
        self.openssl(&format!("req -new -key {name}.key -config {name}.cnf -utf8 {subject} -out {name}.csr"));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA {ca}.crt -CAkey {ca}.key -days 90 \
             -extfile {name}.cnf -extensions leaf {options} -out {name}.crt"
        ));
        self.certificate(name)
    }

    /// The DER of `name.crt`.
    pub(super) fn certificate(&self, name: &str) -> Vec<u8> {
        self.openssl(&format!("x509 -in {name}.crt -outform DER"))
    }

    /// Writes `name.crt`.
    pub(super) fn write_certificate(&self, name: &str, der: &[u8]) {
        self.write(&format!("{name}.crt"), pem("CERTIFICATE", der));
    }
}

pub(super) struct Authority {
    pub(super) key: PrivateKey,
    pub(super) der: Vec<u8>,
}

/// Written here once more, so that the writer is not checked by itself.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The same certificate without extensions, with this version and these unique identifiers, signed
/// again by `key`. Newer versions of openssl make no such certificates any more.
pub(super) fn bare(certificate: &[u8], version: &[u8], ids: &[u8], key: &PrivateKey) -> Vec<u8> {
    let raw = RawCertificate::parse(certificate).unwrap();
    let scheme = Scheme::for_key(key.algorithm(), Scheme::parse(raw.signature_algorithm).ok());
    let algorithm = scheme.to_der().unwrap();
    let serial = tlv(0x02, raw.serial);
    let fields: [&[u8]; 8] = [version, &serial, &algorithm, raw.issuer, raw.validity, raw.subject, raw.spki, ids];
    let tbs = tlv(0x30, &fields.concat());
    let signature = sign(key, scheme, &tbs).unwrap();
    let signature = tlv(0x03, &[&[0][..], &signature].concat());
    tlv(0x30, &[tbs, algorithm, signature].concat())
}

/// One value in DER.
pub(super) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match content.len() {
        ..0x80 => vec![tag, length[1]],
        0x80..0x100 => vec![tag, 0x81, length[1]],
        _ => vec![tag, 0x82, length[0], length[1]],
    };
    [&header, content].concat()
}

/// A copy with one bit turned, `from_end` octets before the end.
pub(super) fn flip(bytes: &[u8], from_end: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = bytes.len() - from_end;
    bytes[at] ^= 1;
    bytes
}
