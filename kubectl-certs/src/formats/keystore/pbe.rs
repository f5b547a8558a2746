//! Decryption with a password as PKCS#12 uses it: PBES2 (RFC 8018) with AES, and the older schemes of RFC 7292 appendix B
//! with Triple DES and RC2, which openssl wrote until version 3 and Windows still offers.

use core::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{self, Context};
use aws_lc_rs::{hmac, pbkdf2};
use des::TdesEde3;
use des::cipher::{Array, BlockCipherDecrypt, KeyInit};
use rc2::Rc2;
use zeroize::Zeroizing;

use crate::pki::password_based::{Cipher, Hash, Scheme};

/// Honest stores ask for 2,000 (Windows), 2,048 (openssl), 10,000 (Java), some for 600,000 (OWASP); a million takes less
/// than a second. Who asks for more wants to keep somebody busy.
const MOST_ITERATIONS: u32 = 1_000_000;

/// What is left to be done for one store, in rounds of a hash: all its parts and all passwords that are tried together.
pub(super) struct Work {
    left: u32,
}

impl Default for Work {
    fn default() -> Self {
        Self { left: 4 * MOST_ITERATIONS }
    }
}

impl Work {
    fn spend(&mut self, rounds: u32) -> Result<(), Fault> {
        let left = self.left.checked_sub(rounds).filter(|_| rounds <= MOST_ITERATIONS);
        self.left = left.ok_or(Fault::TooMuchWork(rounds))?;
        Ok(())
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It asks for that many rounds.
    TooMuchWork(u32),
    WrongPassword,
}

pub(super) fn decrypt(
    scheme: &Scheme<'_>,
    encrypted: &[u8],
    password: &str,
    work: &mut Work,
) -> Result<Zeroizing<Vec<u8>>, Fault> {
    work.spend(scheme.iterations)?;
    let key_length = match scheme.cipher {
        Cipher::Aes128 | Cipher::Rc2 { bits: 128 } => 16,
        Cipher::Aes192 | Cipher::TripleDes => 24,
        Cipher::Aes256 => 32,
        Cipher::Rc2 { .. } => 5,
    };
    let (key, iv) = if let (Some(hash), Some(iv)) = (scheme.pbkdf2, scheme.iv) {
        let mut key = Zeroizing::new(vec![0; key_length]);
        let rounds = NonZeroU32::new(scheme.iterations).ok_or(Fault::WrongPassword)?;
        let algorithm = match hash {
            Hash::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Hash::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Hash::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Hash::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        };
        pbkdf2::derive(algorithm, rounds, scheme.salt, password.as_bytes(), &mut key);
        (key, Zeroizing::new(iv.to_vec()))
    } else {
        let derive =
            |purpose, length| derive(Hash::Sha1, purpose, &bmp(password), scheme.salt, scheme.iterations, length);
        (derive(1, key_length), derive(2, 8))
    };
    let mut bytes = Zeroizing::new(encrypted.to_vec());
    match scheme.cipher {
        Cipher::Aes128 => aes(&AES_128, &key, &iv, &mut bytes),
        Cipher::Aes192 => aes(&AES_192, &key, &iv, &mut bytes),
        Cipher::Aes256 => aes(&AES_256, &key, &iv, &mut bytes),
        Cipher::TripleDes => cbc(&TdesEde3::new_from_slice(&key).map_err(|_| Fault::WrongPassword)?, &iv, &mut bytes),
        Cipher::Rc2 { bits } => cbc(&Rc2::new_with_eff_key_len(&key, bits), &iv, &mut bytes),
    }?;
    Ok(bytes)
}

/// Is this the code of a store with this password?
pub(super) fn authenticates(
    hash: Hash,
    (salt, iterations): (&[u8], u32),
    code: &[u8],
    password: &str,
    content: &[u8],
    work: &mut Work,
) -> Result<bool, Fault> {
    work.spend(iterations)?;
    // An empty password is written in two ways: two zero bytes, or nothing at all.
    let forms = [bmp(password), Zeroizing::new(Vec::new())];
    let forms = if password.is_empty() { &forms[..] } else { &forms[..1] };
    Ok(forms.iter().any(|form| {
        let key = derive(hash, 3, form, salt, iterations, algorithm(hash).output_len());
        let kind = match hash {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::verify(&hmac::Key::new(kind, &key), content, code).is_ok()
    }))
}

/// RFC 7292 appendix B.1: UTF-16, big end first, two zero bytes behind it.
fn bmp(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
}

/// RFC 7292 appendix B.2.
fn derive(hash: Hash, purpose: u8, password: &[u8], salt: &[u8], rounds: u32, length: usize) -> Zeroizing<Vec<u8>> {
    let algorithm = algorithm(hash);
    let block = algorithm.block_len();
    let filled =
        |bytes: &[u8]| -> Vec<u8> { bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect() };
    let mut input = Zeroizing::new([filled(salt), filled(password)].concat());
    let mut out = Zeroizing::new(Vec::with_capacity(length + algorithm.output_len()));
    while out.len() < length {
        let mut first = Context::new(algorithm);
        first.update(&vec![purpose; block]);
        first.update(&input);
        let mut sum = first.finish();
        for _ in 1..rounds {
            sum = digest::digest(algorithm, sum.as_ref());
        }
        out.extend_from_slice(sum.as_ref());
        let added: Zeroizing<Vec<u8>> = Zeroizing::new(sum.as_ref().iter().copied().cycle().take(block).collect());
        for part in input.chunks_mut(block) {
            let mut carry = 1_u16;
            for (byte, more) in part.iter_mut().zip(added.iter()).rev() {
                carry += u16::from(*byte) + u16::from(*more);
                *byte = carry.to_be_bytes()[1];
                carry >>= 8;
            }
        }
    }
    out.truncate(length);
    out
}

fn algorithm(hash: Hash) -> &'static digest::Algorithm {
    match hash {
        Hash::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        Hash::Sha256 => &digest::SHA256,
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
    }
}

fn aes(algorithm: &'static Algorithm, key: &[u8], iv: &[u8], bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let wrong = |_| Fault::WrongPassword;
    let iv = <[u8; 16]>::try_from(iv).map_err(|_| Fault::WrongPassword)?;
    let key = UnboundCipherKey::new(algorithm, key).map_err(wrong)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(wrong)?;
    let length = key.decrypt(bytes, DecryptionContext::Iv128(iv.into())).map_err(wrong)?.len();
    bytes.truncate(length);
    Ok(())
}

/// Cipher block chaining and the padding of RFC 8018 for blocks of eight bytes.
fn cbc<C: BlockCipherDecrypt>(cipher: &C, iv: &[u8], bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let mut before = iv.to_vec();
    if bytes.is_empty() || !bytes.len().is_multiple_of(8) || before.len() != 8 {
        return Err(Fault::WrongPassword);
    }
    for part in bytes.chunks_mut(8) {
        let encrypted = part.to_vec();
        let mut block = Array::try_from(&encrypted[..]).map_err(|_| Fault::WrongPassword)?;
        cipher.decrypt_block(&mut block);
        for (at, byte) in part.iter_mut().enumerate() {
            *byte = block[at] ^ before[at];
        }
        before = encrypted;
    }
    let padding = usize::from(bytes.last().copied().unwrap_or_default());
    let kept = bytes.len().checked_sub(padding).filter(|_| (1..=8).contains(&padding)).ok_or(Fault::WrongPassword)?;
    if bytes[kept..].iter().any(|byte| usize::from(*byte) != padding) {
        return Err(Fault::WrongPassword);
    }
    bytes.truncate(kept);
    Ok(())
}
