//! JKS and JCEKS, as `sun.security.provider.JavaKeyStore` and `com.sun.crypto.provider.JceKeyStore` of Java write them:
//! big-endian numbers, texts with their length in front, a SHA-1 over password and content at the end. Certificates are
//! not encrypted; keys are.

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, digest};
use zeroize::Zeroizing;

use super::{Identity, Password, Store, no_password};
use crate::formats::certificate::key_id;
use crate::formats::{Content, KeyRecord};
use crate::model::GapReason;
use crate::pki::public_key;

const JKS: [u8; 4] = [0xFE, 0xED, 0xFE, 0xED];
const JCEKS: [u8; 4] = [0xCE; 4];
const SHA1: usize = 20;

pub(super) fn looks_like_one(bytes: &[u8]) -> bool {
    bytes.starts_with(&JKS) || bytes.starts_with(&JCEKS)
}

pub(super) fn read(bytes: &[u8], passwords: &[Password], any_given: bool) -> Store {
    let mut store = Store::default();
    let Some((content, sum)) = bytes.split_last_chunk::<SHA1>() else {
        store.gaps.push((GapReason::BadJks, "it is cut off".to_owned()));
        return store;
    };
    let password = passwords.iter().find(|password| integrity(password, content) == *sum);
    if password.is_none() {
        let told = format!("its certificates were read without a check of their integrity: {}", no_password(any_given));
        store.gaps.push((GapReason::BadPassword, told));
    }
    let java = bytes.starts_with(&JKS);
    // The magic number may be all that there is, and part of the sum.
    let mut rest = Rest(content.get(4..).unwrap_or_default());
    if let Err(why) = entries(&mut rest, java, password, &mut store) {
        store.gaps.push((GapReason::BadJks, why.to_owned()));
    }
    store
}

/// Entries up to the first that cannot be read: where the next one begins is then not known.
fn entries(
    rest: &mut Rest<'_>,
    java: bool,
    password: Option<&Password>,
    store: &mut Store,
) -> Result<(), &'static str> {
    let version = rest.number()?;
    if !matches!(version, 1 | 2) {
        return Err("its version is neither 1 nor 2");
    }
    for _ in 0..rest.number()? {
        let kind = rest.number()?;
        let alias = rest.text()?;
        rest.take(8)?;
        match kind {
            1 => {
                let length = rest.number()?;
                let key = rest.take(length)?;
                let mut content = Content::default();
                for _ in 0..rest.number()? {
                    content.certificates.extend(rest.certificate(version)?);
                }
                let opened = password.filter(|_| java).and_then(|password| unlock(key, password));
                let public = opened.and_then(|der| public_key::public_spki_of_pkcs8(&der).ok());
                content.key = public.map(|spki| KeyRecord { public: key_id(&spki) });
                store.identities.push(Identity { locked: content.key.is_none(), alias, content });
            }
            2 => store.trusted.extend(rest.certificate(version)?),
            3 => return Err("it holds a secret key that only Java can read; what stands behind that was not read"),
            _ => return Err("it holds an entry of a kind that does not exist"),
        }
    }
    Ok(())
}

/// `JavaKeyStore.getPreKeyedHash`.
fn integrity(password: &str, content: &[u8]) -> [u8; SHA1] {
    let mut sum = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    sum.update(&utf16(password));
    sum.update(b"Mighty Aphrodite");
    sum.update(content);
    sha1(sum.finish().as_ref())
}

/// `sun.security.provider.KeyProtector`: a key stream of SHA-1 over password and the block before, with a check at the end.
fn unlock(encrypted: &[u8], password: &str) -> Option<Zeroizing<Vec<u8>>> {
    let protected = public_key::encrypted_bytes(encrypted).ok()?;
    let (salt, rest) = protected.split_at_checked(SHA1)?;
    let (body, check) = rest.split_last_chunk::<SHA1>()?;
    let password = utf16(password);
    let mut block = sha1(salt);
    let mut plain = Zeroizing::new(Vec::with_capacity(body.len()));
    for part in body.chunks(SHA1) {
        let mut next = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        next.update(&password);
        next.update(&block);
        block = sha1(next.finish().as_ref());
        plain.extend(part.iter().zip(block).map(|(byte, key)| byte ^ key));
    }
    let sum = digest(&SHA1_FOR_LEGACY_USE_ONLY, &Zeroizing::new([&password[..], &plain].concat()));
    (sum.as_ref() == check).then_some(plain)
}

fn utf16(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

/// The first twenty bytes; all callers have that many.
fn sha1(bytes: &[u8]) -> [u8; SHA1] {
    core::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default())
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: u32) -> Result<&'a [u8], &'static str> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (taken, rest) = self.0.split_at_checked(length).ok_or("it is cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, &'static str> {
        let (taken, rest) = self.0.split_first_chunk::<4>().ok_or("it is cut off")?;
        self.0 = rest;
        Ok(u32::from_be_bytes(*taken))
    }

    /// Java's own UTF-8; names outside of the first plane come out with replacement characters.
    fn text(&mut self) -> Result<String, &'static str> {
        let (length, rest) = self.0.split_first_chunk::<2>().ok_or("it is cut off")?;
        self.0 = rest;
        Ok(String::from_utf8_lossy(self.take(u32::from(u16::from_be_bytes(*length)))?).into_owned())
    }

    /// Nothing where it is of another kind than X.509.
    fn certificate(&mut self, version: u32) -> Result<Option<Vec<u8>>, &'static str> {
        let is_x509 = version == 1 || matches!(self.text()?.as_str(), "X.509" | "X509");
        let length = self.number()?;
        let der = self.take(length)?;
        Ok(is_x509.then(|| der.to_vec()))
    }
}
