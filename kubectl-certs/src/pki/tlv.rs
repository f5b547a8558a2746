//! A reader of tag, length and value that keeps hold of the raw bytes.
//!
//! The `der` crate refuses universal tags it does not know and lengths that are not minimal. A tool
//! that renews other people's certificates must be able to step over both and copy them unchanged;
//! only indefinite lengths and tags of several bytes, which no certificate uses, are refused.

use super::Unreadable;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// A context-specific, constructed tag: `[number]` around other values.
pub(super) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// A context-specific, primitive tag: `[number] IMPLICIT` in place of a simple type.
pub(super) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// One value: all its bytes, and those after tag and length.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tlv<'a> {
    pub(super) tag: u8,
    pub(super) raw: &'a [u8],
    pub(super) content: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// A reader of what this value contains.
    pub(super) fn inside(self) -> Reader<'a> {
        Reader::new(self.content)
    }

    /// The bytes of a BIT STRING that fills whole octets, as keys and signatures do.
    pub(super) fn whole_bits(self, field: &'static str) -> Result<&'a [u8], Unreadable> {
        match self.content.split_first() {
            Some((0, bits)) => Ok(bits),
            _ => Err(Unreadable { field }),
        }
    }
}

/// Reads values one after another.
#[derive(Clone, Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next value, which must have this tag; `field` names it in the error.
    pub(super) fn field(&mut self, tag: u8, field: &'static str) -> Result<Tlv<'a>, Unreadable> {
        self.optional(tag).ok_or(Unreadable { field })
    }

    /// The next value if it has this tag; otherwise nothing is read.
    pub(super) fn optional(&mut self, tag: u8) -> Option<Tlv<'a>> {
        let (value, rest) = split(self.rest)?;
        (value.tag == tag).then(|| {
            self.rest = rest;
            value
        })
    }

    /// The next value, whatever it is.
    pub(super) fn any(&mut self, field: &'static str) -> Result<Tlv<'a>, Unreadable> {
        let (value, rest) = split(self.rest).ok_or(Unreadable { field })?;
        self.rest = rest;
        Ok(value)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

/// The first value of `bytes` and what follows it.
fn split(bytes: &[u8]) -> Option<(Tlv<'_>, &[u8])> {
    let (&tag, after) = bytes.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, after) = after.split_first()?;
    let (length, after) = match first {
        0..=0x7f => (usize::from(first), after),
        0x81..=0x84 => {
            let (length, after) = after.split_at_checked(usize::from(first & 0x7f))?;
            let length = length
                .iter()
                .fold(0, |sum, byte| sum << 8 | u32::from(*byte));
            (usize::try_from(length).ok()?, after)
        }
        _ => return None,
    };
    let (content, rest) = after.split_at_checked(length)?;
    let raw = &bytes[..bytes.len() - rest.len()];
    Some((Tlv { tag, raw, content }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        let read = |bytes: &'static [u8]| split(bytes).map(|(value, rest)| (value.content, rest));
        assert_eq!(read(b"\x04\x01a\x05"), Some((&b"a"[..], &b"\x05"[..])));
        assert_eq!(
            read(b"\x04\x84\0\0\0\x01a"),
            Some((&b"a"[..], &b""[..])),
            "not minimal"
        );
        assert_eq!(read(b"\x04\x02a"), None, "cut off");
        assert_eq!(read(b"\x30\x80\0\0"), None, "indefinite");
        assert_eq!(read(b"\x1f\x81\x01\x00"), None, "tag of several bytes");
        assert_eq!(read(b"\x04\x84\xff\xff\xff\xffa"), None, "beyond the end");
    }
}
