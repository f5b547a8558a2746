//! Names added to the subject alternative names of a certificate (RFC 5280 4.2.1.6): what is there keeps its bytes and
//! its order, whatever it is.

use std::net::IpAddr;

use der::asn1::{AnyRef, OctetStringRef};
use der::{Encode as _, Tag, TagNumber};

use super::asn1::Extension;
use super::raw_certificate::{RawCertificate, RawExtension};
use super::tlv::{self, Reader};
use super::{Unreadable, oid};

const DNS: u8 = 2;
const IP: u8 = 7;

/// An alternative name that can be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// ASCII; names of other scripts are in their `xn--` form.
    Dns(String),
    Ip(IpAddr),
}

/// The whole extension with these names at its end; nothing where there is nothing to add.
pub(super) fn with(old: &RawCertificate<'_>, added: &[Name]) -> Result<Option<Vec<u8>>, Unreadable> {
    const FIELD: &str = "subject alternative names";
    let extension = old.extension(oid::SUBJECT_ALTERNATIVE_NAME.as_bytes());
    let mut names = match extension {
        Some(extension) => Reader::new(extension.value).field(tlv::SEQUENCE, FIELD)?.content.to_vec(),
        None => Vec::new(),
    };
    let before = names.len();
    for name in added {
        if !holds(&names, name)? {
            names.extend(name.encode().map_err(|_| Unreadable { field: FIELD })?);
        }
    }
    if names.len() == before {
        return Ok(None);
    }
    // The extension must be critical where it alone says whose certificate it is.
    let has_subject = !Reader::new(old.subject).field(tlv::SEQUENCE, "subject")?.content.is_empty();
    let critical = extension.map_or(!has_subject, |extension| extension.critical);
    write(&names, critical).map(Some).map_err(|_| Unreadable { field: FIELD })
}

/// The extensions of a certificate with `names`, a whole extension, in the place of its alternative names, or at the end
/// where it has none.
pub(super) fn replaced<'a>(
    old: &'a RawCertificate<'a>,
    names: Option<&'a [u8]>,
) -> impl Iterator<Item = RawExtension<'a>> {
    let names = names.and_then(|names| RawExtension::list(Reader::new(names)).ok()?.pop());
    let place = old.extensions.iter().position(|it| it.oid == oid::SUBJECT_ALTERNATIVE_NAME.as_bytes());
    let in_place = move |(index, extension): (usize, &RawExtension<'a>)| match names {
        Some(names) if place == Some(index) => names,
        _ => *extension,
    };
    old.extensions.iter().enumerate().map(in_place).chain(names.filter(|_| place.is_none()))
}

/// DNS names are the same in any case.
fn holds(names: &[u8], wanted: &Name) -> Result<bool, Unreadable> {
    let mut names = Reader::new(names);
    while !names.is_empty() {
        let name = names.any("subject alternative names")?;
        let same = match wanted {
            Name::Dns(wanted) => {
                name.tag == tlv::primitive(DNS) && name.content.eq_ignore_ascii_case(wanted.as_bytes())
            }
            Name::Ip(IpAddr::V4(wanted)) => name.tag == tlv::primitive(IP) && name.content == wanted.octets(),
            Name::Ip(IpAddr::V6(wanted)) => name.tag == tlv::primitive(IP) && name.content == wanted.octets(),
        };
        if same {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Name {
    fn encode(&self) -> der::Result<Vec<u8>> {
        let tagged = |number, bytes: &[u8]| {
            AnyRef::new(Tag::ContextSpecific { constructed: false, number: TagNumber(u32::from(number)) }, bytes)?
                .to_der()
        };
        match self {
            Self::Dns(name) => tagged(DNS, name.as_bytes()),
            Self::Ip(IpAddr::V4(address)) => tagged(IP, &address.octets()),
            Self::Ip(IpAddr::V6(address)) => tagged(IP, &address.octets()),
        }
    }
}

fn write(names: &[u8], critical: bool) -> der::Result<Vec<u8>> {
    let value = AnyRef::new(Tag::Sequence, names)?.to_der()?;
    let value = OctetStringRef::new(&value)?;
    Extension { id: oid::SUBJECT_ALTERNATIVE_NAME, critical: critical.then_some(true), value }.to_der()
}
