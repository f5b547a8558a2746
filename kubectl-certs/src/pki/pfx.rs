//! PKCS#12 (RFC 7292) taken apart into its bags. Nothing is decrypted here.

use super::Unreadable;
use super::password_based::{Hash, Scheme, number};
use super::tlv::{self, Reader, Tlv};

// 1.2.840.113549.1.7.1 and .6 (RFC 5652), 1.2.840.113549.1.12.10.1, 1.2.840.113549.1.9.22.1, 1.2.840.113549.1.9.20 and .21.
const DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
const BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01";
const X509: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
const FRIENDLY_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";
/// A store within a store within a store is nobody's honest work.
const DEEPEST: u8 = 4;

#[derive(Debug)]
pub struct Pfx<'a> {
    /// What the code at the end covers.
    pub content: &'a [u8],
    pub mac: Option<Mac<'a>>,
}

#[derive(Debug)]
pub struct Mac<'a> {
    /// Absent for one that is not known here (RFC 9579).
    pub hash: Option<Hash>,
    pub code: &'a [u8],
    pub salt: &'a [u8],
    pub iterations: u32,
}

#[derive(Debug)]
pub enum Safe<'a> {
    Plain(&'a [u8]),
    Encrypted { scheme: Result<Scheme<'a>, Unreadable>, bytes: &'a [u8] },
}

#[derive(Debug)]
pub enum Holds<'a> {
    Certificate(&'a [u8]),
    /// PKCS#8.
    Key(&'a [u8]),
    LockedKey {
        scheme: Result<Scheme<'a>, Unreadable>,
        bytes: &'a [u8],
    },
}

#[derive(Debug)]
pub struct Bag<'a> {
    pub holds: Holds<'a>,
    /// Joins a key and its certificate.
    pub key_id: Option<&'a [u8]>,
    pub name: Option<String>,
}

impl<'a> Pfx<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Unreadable> {
        let mut pfx = Reader::new(bytes).field(tlv::SEQUENCE, "store")?.inside();
        pfx.field(tlv::INTEGER, "version")?;
        let mut safe = pfx.field(tlv::SEQUENCE, "content")?.inside();
        if safe.field(tlv::OBJECT_IDENTIFIER, "content")?.content != DATA {
            return Err(Unreadable { field: "content, which is signed instead of protected with a password," });
        }
        let content = octets(safe.field(tlv::constructed(0), "content")?)?;
        let mac = match pfx.optional(tlv::SEQUENCE) {
            None => None,
            Some(mac) => {
                let mut mac = mac.inside();
                let mut sum = mac.field(tlv::SEQUENCE, "integrity code")?.inside();
                let hash = Hash::parse(sum.field(tlv::SEQUENCE, "integrity code")?).ok();
                let code = sum.field(tlv::OCTET_STRING, "integrity code")?.content;
                let salt = mac.field(tlv::OCTET_STRING, "salt")?.content;
                let iterations = mac.optional(tlv::INTEGER).map_or(1, number);
                Some(Mac { hash, code, salt, iterations })
            }
        };
        Ok(Self { content, mac })
    }

    pub fn safes(&self) -> Result<Vec<Safe<'a>>, Unreadable> {
        let mut all = Reader::new(self.content).field(tlv::SEQUENCE, "list of contents")?.inside();
        let mut safes = Vec::new();
        while !all.is_empty() {
            let mut safe = all.field(tlv::SEQUENCE, "content")?.inside();
            let oid = safe.field(tlv::OBJECT_IDENTIFIER, "content")?.content;
            let value = safe.field(tlv::constructed(0), "content")?;
            if oid == DATA {
                safes.push(Safe::Plain(octets(value)?));
            } else if oid == ENCRYPTED_DATA {
                let mut data = value.inside().field(tlv::SEQUENCE, "encrypted content")?.inside();
                data.field(tlv::INTEGER, "version")?;
                let mut data = data.field(tlv::SEQUENCE, "encrypted content")?.inside();
                data.field(tlv::OBJECT_IDENTIFIER, "encrypted content")?;
                let scheme = Scheme::parse(data.field(tlv::SEQUENCE, "scheme of encryption")?);
                let bytes = data.field(tlv::primitive(0), "encrypted content")?.content;
                safes.push(Safe::Encrypted { scheme, bytes });
            }
        }
        Ok(safes)
    }
}

/// The bags of a content that lies open.
pub fn bags(content: &[u8]) -> Result<Vec<Bag<'_>>, Unreadable> {
    let mut found = Vec::new();
    collect(content, 0, &mut found)?;
    Ok(found)
}

fn collect<'a>(content: &'a [u8], depth: u8, found: &mut Vec<Bag<'a>>) -> Result<(), Unreadable> {
    let mut all = Reader::new(content).field(tlv::SEQUENCE, "list of bags")?.inside();
    while !all.is_empty() {
        let mut bag = all.field(tlv::SEQUENCE, "bag")?.inside();
        let kind = bag.field(tlv::OBJECT_IDENTIFIER, "kind of a bag")?.content;
        let value = bag.field(tlv::constructed(0), "bag")?;
        let (key_id, name) = attributes(bag);
        let holds = match kind.strip_prefix(BAG) {
            Some([1]) => Holds::Key(value.content),
            Some([2]) => {
                let mut key = value.inside().field(tlv::SEQUENCE, "key")?.inside();
                let scheme = Scheme::parse(key.field(tlv::SEQUENCE, "scheme of encryption")?);
                Holds::LockedKey { scheme, bytes: key.field(tlv::OCTET_STRING, "key")?.content }
            }
            Some([3]) => {
                let mut certificate = value.inside().field(tlv::SEQUENCE, "certificate")?.inside();
                if certificate.field(tlv::OBJECT_IDENTIFIER, "certificate")?.content != X509 {
                    continue;
                }
                Holds::Certificate(octets(certificate.field(tlv::constructed(0), "certificate")?)?)
            }
            Some([6]) if depth < DEEPEST => {
                collect(value.content, depth + 1, found)?;
                continue;
            }
            // Revocation lists and secrets are nobody's identity.
            _ => continue,
        };
        found.push(Bag { holds, key_id, name });
    }
    Ok(())
}

fn attributes(mut bag: Reader<'_>) -> (Option<&[u8]>, Option<String>) {
    let (mut key_id, mut name) = (None, None);
    let Some(set) = bag.optional(tlv::SET) else { return (None, None) };
    let mut set = set.inside();
    while let Some(attribute) = set.optional(tlv::SEQUENCE) {
        let mut attribute = attribute.inside();
        let Some(oid) = attribute.optional(tlv::OBJECT_IDENTIFIER) else { break };
        let Some(value) = attribute.optional(tlv::SET).and_then(|values| values.inside().any("attribute").ok()) else {
            continue;
        };
        if oid.content == LOCAL_KEY_ID {
            key_id = Some(value.content);
        } else if oid.content == FRIENDLY_NAME {
            let units: Vec<u16> =
                value.content.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]])).collect();
            name = Some(String::from_utf16_lossy(&units));
        }
    }
    (key_id, name)
}

/// The OCTET STRING inside.
fn octets(value: Tlv<'_>) -> Result<&[u8], Unreadable> {
    Ok(value.inside().field(tlv::OCTET_STRING, "content")?.content)
}
