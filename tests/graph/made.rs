//! Certificates as a test wants them, right or wrong.

use std::sync::OnceLock;

use kubectl_certs::formats::certificate;
use kubectl_certs::model::{CertId, Inventory, Time};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};

/// All PKIs are looked at on 2030-01-01.
pub(crate) const NOW: i64 = 1_893_456_000;

pub(crate) fn now() -> Time {
    Time::from_unix(NOW)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    Yes,
    UpTo(u8),
    /// Basic constraints say no.
    No,
    /// Nothing is said.
    Unsaid,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dates {
    Good,
    Expired,
    Early,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyIds {
    Right,
    None,
    /// The authority key id names another key.
    Wrong,
}

/// One certificate: what it says, and whose key signs it.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) subject: String,
    pub(crate) key: usize,
    pub(crate) issuer: String,
    pub(crate) signer: usize,
    pub(crate) authority: Authority,
    pub(crate) usages: Vec<KeyUsagePurpose>,
    pub(crate) extended: Vec<ExtendedKeyUsagePurpose>,
    pub(crate) key_ids: KeyIds,
    pub(crate) dates: Dates,
    /// A critical extension that nobody knows.
    pub(crate) strange: bool,
}

impl Spec {
    pub(crate) fn root(subject: &str, key: usize) -> Self {
        Self {
            subject: subject.to_owned(),
            key,
            issuer: subject.to_owned(),
            signer: key,
            authority: Authority::Yes,
            usages: vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign],
            extended: Vec::new(),
            key_ids: KeyIds::Right,
            dates: Dates::Good,
            strange: false,
        }
    }

    pub(crate) fn intermediate(subject: &str, key: usize, by: &Self) -> Self {
        Self { issuer: by.subject.clone(), signer: by.key, ..Self::root(subject, key) }
    }

    pub(crate) fn leaf(subject: &str, key: usize, by: &Self) -> Self {
        Self {
            authority: Authority::No,
            usages: vec![KeyUsagePurpose::DigitalSignature],
            extended: vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth],
            ..Self::intermediate(subject, key, by)
        }
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    pub(crate) fn der(&self, number: usize) -> Vec<u8> {
        let mut params = named(&self.subject);
        params.serial_number = Some(SerialNumber::from(u64::try_from(number).expect("small") + 1));
        (params.not_before, params.not_after) = match self.dates {
            Dates::Good => (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1)),
            Dates::Expired => (date_time_ymd(2020, 1, 1), date_time_ymd(2029, 6, 1)),
            Dates::Early => (date_time_ymd(2031, 1, 1), date_time_ymd(2040, 1, 1)),
        };
        params.is_ca = match self.authority {
            Authority::Yes => IsCa::Ca(BasicConstraints::Unconstrained),
            Authority::UpTo(length) => IsCa::Ca(BasicConstraints::Constrained(length)),
            Authority::No => IsCa::ExplicitNoCa,
            Authority::Unsaid => IsCa::NoCa,
        };
        params.key_usages.clone_from(&self.usages);
        params.extended_key_usages.clone_from(&self.extended);
        params.use_authority_key_identifier_extension = self.key_ids != KeyIds::None;
        if self.strange {
            let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 55_555, 1], vec![5, 0]);
            extension.set_criticality(true);
            params.custom_extensions.push(extension);
        }
        let mut issuer = named(&self.issuer);
        if self.key_ids == KeyIds::Wrong {
            issuer.key_identifier_method = KeyIdMethod::PreSpecified(vec![0xEE; 20]);
        }
        let issuer = Issuer::new(issuer, &keys()[self.signer]);
        params.signed_by(&keys()[self.key], &issuer).expect("signed").der().to_vec()
    }
}

fn named(subject: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params
}

/// Made once; making them costs more than signing.
fn keys() -> &'static [KeyPair] {
    static KEYS: OnceLock<Vec<KeyPair>> = OnceLock::new();
    KEYS.get_or_init(|| (0..256).map(|_| KeyPair::generate().expect("a key")).collect())
}

/// Certificates, who trusts which, what is sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pki {
    pub(crate) specs: Vec<Spec>,
    pub(crate) anchors: Vec<usize>,
    pub(crate) sent: Vec<usize>,
    pub(crate) leaves: Vec<usize>,
}

/// The same, made.
pub(crate) struct World {
    pub(crate) pki: Pki,
    pub(crate) ders: Vec<Vec<u8>>,
    pub(crate) ids: Vec<CertId>,
    pub(crate) inventory: Inventory,
}

impl Pki {
    pub(crate) fn add(&mut self, spec: Spec) -> usize {
        self.specs.push(spec);
        self.specs.len() - 1
    }

    pub(crate) fn make(self) -> World {
        let ders: Vec<Vec<u8>> = self.specs.iter().enumerate().map(|(number, spec)| spec.der(number)).collect();
        World::of(self, ders)
    }
}

impl World {
    pub(crate) fn of(pki: Pki, ders: Vec<Vec<u8>>) -> Self {
        let mut inventory = Inventory::default();
        let ids = ders.iter().map(|der| {
            let parsed = certificate::parse(der).expect("a certificate");
            let id = parsed.fingerprint.clone();
            inventory.certificates.insert(id.clone(), parsed);
            inventory.der.insert(id.clone(), der.clone());
            id
        });
        let ids = ids.collect();
        Self { pki, ders, ids, inventory }
    }

    pub(crate) fn ids_of(&self, numbers: &[usize]) -> Vec<CertId> {
        numbers.iter().map(|&number| self.ids[number].clone()).collect()
    }

    pub(crate) fn number_of(&self, id: &CertId) -> usize {
        self.ids.iter().position(|other| other == id).expect("one of ours")
    }
}
