//! Makes keys and certificates from the rows of `node`.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rcgen::string::PrintableString;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, DnValue, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use zeroize::Zeroizing;

use super::node::{Authority, Leaf, Signer, Twist, Validity};
use super::{DemoError, pem};

/// An authority that can sign.
pub(super) struct Issuer {
    pub(super) row: &'static Authority,
    certified: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and the key that lies beside it, as PEM.
pub(super) struct Issued {
    pub(super) certificate: String,
    pub(super) key: Zeroizing<String>,
}

pub(super) fn authorities(rows: &'static [Authority], now: i64) -> Result<Vec<Issuer>, DemoError> {
    rows.iter().map(|row| Issuer::new(row, now)).collect()
}

/// The authority of a row.
///
/// # Errors
/// The table lacks it.
pub(super) fn find(authorities: &[Issuer], id: Signer) -> Result<&Issuer, DemoError> {
    authorities
        .iter()
        .find(|issuer| issuer.row.id == id)
        .ok_or_else(|| DemoError::new("a signer", &"it is not in the table of authorities"))
}

impl Issuer {
    fn new(row: &'static Authority, now: i64) -> Result<Self, DemoError> {
        let fail = |why: rcgen::Error| DemoError::new(row.cn, &why);

        let mut params = params(row.cn, None, row.sans, row.valid, now)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages.push(KeyUsagePurpose::KeyCertSign);
        let key = KeyPair::generate().map_err(fail)?;
        let certified = CertifiedIssuer::self_signed(params, key).map_err(fail)?;
        Ok(Self { row, certified })
    }

    pub(super) fn issued(&self) -> Result<Issued, DemoError> {
        Ok(Issued { certificate: self.certificate(), key: private_key(self.certified.key())? })
    }

    pub(super) fn certificate(&self) -> String {
        pem::certificate(self.certified.der())
    }

    pub(super) fn sign(&self, leaf: &Leaf, now: i64) -> Result<Issued, DemoError> {
        let fail = |why: rcgen::Error| DemoError::new(leaf.cn, &why);

        let mut params = params(leaf.cn, leaf.o, leaf.sans, leaf.valid, now)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.extended_key_usages = leaf.usages.to_vec();
        params.use_authority_key_identifier_extension = leaf.twist != Twist::NoAuthorityKeyId;

        let key = KeyPair::generate().map_err(fail)?;
        let certificate = params.signed_by(&key, &self.certified).map_err(fail)?;
        let beside = match leaf.twist {
            Twist::OtherKey => KeyPair::generate().map_err(fail)?,
            Twist::None | Twist::NoAuthorityKeyId => key,
        };
        Ok(Issued { certificate: pem::certificate(certificate.der()), key: private_key(&beside)? })
    }
}

/// In the form kubeadm writes an elliptic key in (SEC 1, RFC 5915); rcgen itself knows only PKCS#8.
pub(super) fn private_key(key: &KeyPair) -> Result<Zeroizing<String>, DemoError> {
    let fail = |why: &dyn ToString| DemoError::new("a private key", why);

    let pair =
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.serialized_der()).map_err(|why| fail(&why))?;
    let sec1 = pair.private_key().as_der().map_err(|why| fail(&why))?;
    Ok(pem::encode("EC PRIVATE KEY", sec1.as_ref()))
}

pub(super) fn public_key(key: &KeyPair) -> Zeroizing<String> {
    pem::encode("PUBLIC KEY", &key.subject_public_key_info())
}

/// What authorities and leaves have in common.
fn params(cn: &str, o: Option<&str>, sans: &[&str], valid: Validity, now: i64) -> Result<CertificateParams, DemoError> {
    let fail = |why: rcgen::Error| DemoError::new(cn, &why);
    let seconds = |unix: i64| u64::try_from(unix).map(Duration::from_secs).map_err(|why| DemoError::new(cn, &why));

    let sans: Vec<String> = sans.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(sans).map_err(fail)?;
    params.not_before = date_time_ymd(1970, 1, 1) + seconds(valid.not_before(now))?;
    params.not_after = date_time_ymd(1970, 1, 1) + seconds(valid.not_after(now))?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];

    params.distinguished_name = DistinguishedName::new();
    if let Some(o) = o {
        params.distinguished_name.push(DnType::OrganizationName, text(o));
    }
    let cn = cn.replace("{made}", &valid.made(now).to_string());
    params.distinguished_name.push(DnType::CommonName, text(&cn));
    Ok(params)
}

/// Go writes a name as `PrintableString` where it can.
fn text(name: &str) -> DnValue {
    match PrintableString::try_from(name) {
        Ok(printable) => DnValue::PrintableString(printable),
        Err(_) => DnValue::Utf8String(name.to_owned()),
    }
}
