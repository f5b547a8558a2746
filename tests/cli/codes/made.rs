//! Certificates that are odd on purpose.

use crate::material::Pair;

const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Signs itself; `more` as openssl's `req` takes it.
pub(super) fn signed_by_itself(subject: &str, more: &[&str]) -> Pair {
    Pair::written(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"], subject, "365", more)
}

/// With a key as openssl's `-newkey` takes it (`rsa:1024`).
pub(super) fn with_key(key: &str, subject: &str) -> Pair {
    Pair::written(&["-newkey", key], subject, "365", &[])
}

/// An authority in between.
pub(super) fn middle(top: &Pair) -> Pair {
    Pair::signed_by(top, "/CN=middle", &["-addext", "basicConstraints=critical,CA:TRUE"])
}

/// Certificates of these days, counted from now; openssl's `req` cannot date back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dated {
    from: i32,
    to: i32,
}

impl Dated {
    pub(super) fn from(from: i32) -> Self {
        Self { from, to: from + 365 }
    }

    pub(super) fn to(self, to: i32) -> Self {
        Self { to, ..self }
    }

    pub(super) fn alone(self, name: &str) -> Pair {
        let key = rcgen::KeyPair::generate().expect("a key");
        let certificate = self.params(name).self_signed(&key).expect("a certificate");
        Pair { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// An authority, and a leaf of its last 365 days.
    pub(super) fn authority_and_leaf(self) -> [Pair; 2] {
        let mut authority = self.params("ca");
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().expect("a key");
        let authority = rcgen::CertifiedIssuer::self_signed(authority, key).expect("an authority");
        let mut leaf = Self { from: self.to - 366, to: self.to - 1 }.params("leaf");
        leaf.use_authority_key_identifier_extension = true;
        let key = rcgen::KeyPair::generate().expect("a key");
        let leaf = leaf.signed_by(&key, &authority).expect("a leaf");
        let own = Pair { certificate: authority.pem(), key: authority.key().serialize_pem() };
        [own, Pair { certificate: leaf.pem(), key: key.serialize_pem() }]
    }

    fn params(self, name: &str) -> rcgen::CertificateParams {
        let mut params = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let now = std::time::SystemTime::now();
        let day = |days: i32| if days < 0 { now - DAY * days.unsigned_abs() } else { now + DAY * days.unsigned_abs() };
        (params.not_before, params.not_after) = (day(self.from).into(), day(self.to).into());
        params
    }
}
