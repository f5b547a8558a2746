//! The parts of a private key that nobody else may know.
//!
//! A key file also repeats what is public (the modulus, the public point, algorithm names), and
//! certificates repeat that in turn; to search for it would report every certificate as a leak.

use std::ops::Range;

use crate::pem::Block;

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;

/// One secret value.
pub(super) struct Secret {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    /// The part of the PEM text that spells this value and nothing else, line ends included.
    pub(super) text: Vec<u8>,
}

/// The secret parts of a block; none if it is not a private key.
pub(super) fn of_pem(block: &Block) -> Vec<Secret> {
    if !block.label.ends_with("PRIVATE KEY") {
        return Vec::new();
    }
    let mut parts = of_der(&block.body);
    if parts.is_empty() {
        // Encrypted, or of a kind not known here: then all of it.
        parts.push(("whole body", 0..block.body.len()));
    }
    let secret = |(name, range): (&'static str, Range<usize>)| Secret {
        name,
        text: text_of(block, &range),
        bytes: block.body[range].to_vec(),
    };
    parts.into_iter().map(secret).collect()
}

/// The values of `token:` entries, in YAML or JSON.
pub(super) fn tokens(bytes: &[u8]) -> Vec<Secret> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    for (start, key) in text.match_indices("token") {
        let before = text[..start].chars().next_back();
        let rest = text[start + key.len()..].trim_start_matches(['"', '\'']);
        let is_key = before.is_none_or(|c| c.is_whitespace() || "\"'{,".contains(c));
        if let Some(value) = rest.strip_prefix(':').filter(|_| is_key) {
            let value = value.trim_start_matches([' ', '"', '\'']);
            let end = value.find(|c: char| c.is_whitespace() || "\"',}".contains(c));
            let value = &value[..end.unwrap_or(value.len())];
            // Of a JWT only the signature is secret, of a bootstrap token only what follows its id:
            // what comes before is also shown where it is no leak.
            let secret = value.rsplit('.').next().unwrap_or(value);
            found.push(Secret { name: "token", bytes: secret.as_bytes().to_vec(), text: Vec::new() });
        }
    }
    found
}

/// PKCS#1 (RFC 8017, A.1.2), SEC1 (RFC 5915), or either inside PKCS#8 (RFC 5208), there also
/// Ed25519 (RFC 8410).
fn of_der(der: &[u8]) -> Vec<(&'static str, Range<usize>)> {
    let Some((SEQUENCE, whole)) = element(der, 0) else {
        return Vec::new();
    };
    let fields = elements(der, whole);
    let tags: Vec<u8> = fields.iter().map(|(tag, _)| *tag).collect();
    match tags.as_slice() {
        tags if tags == [INTEGER; 9] => {
            let names = [
                "RSA private exponent",
                "RSA prime p",
                "RSA prime q",
                "RSA exponent dp",
                "RSA exponent dq",
                "RSA coefficient",
            ];
            let values = fields.into_iter().skip(3).map(|(_, value)| value);
            names.into_iter().zip(values).collect()
        }
        [INTEGER, OCTET_STRING, ..] => vec![("EC scalar", fields[1].1.clone())],
        [INTEGER, SEQUENCE, OCTET_STRING, ..] => {
            let inner = fields[2].1.clone();
            match element(der, inner.start) {
                Some((OCTET_STRING, seed)) => vec![("Ed25519 seed", seed)],
                _ => of_der(&der[inner.clone()])
                    .into_iter()
                    .map(|(name, range)| (name, range.start + inner.start..range.end + inner.start))
                    .collect(),
            }
        }
        _ => Vec::new(),
    }
}

/// Tag and contents of what begins at `at`.
fn element(der: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let (tag, first) = (*der.get(at)?, usize::from(*der.get(at + 1)?));
    let (length, start) = if first < 0x80 {
        (first, at + 2)
    } else {
        let bytes = der.get(at + 2..at + 2 + (first & 0x7f))?;
        let length = bytes.iter().try_fold(0_usize, |sum, byte| Some(sum.checked_mul(256)? + usize::from(*byte)))?;
        (length, at + 2 + bytes.len())
    };
    let end = start.checked_add(length).filter(|end| *end <= der.len())?;
    Some((tag, start..end))
}

fn elements(der: &[u8], within: Range<usize>) -> Vec<(u8, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = within.start;
    while at < within.end
        && let Some((tag, range)) = element(der, at)
    {
        at = range.end;
        found.push((tag, range));
    }
    found
}

/// The characters of the PEM text that depend on nothing but the bytes in `range` of its body.
fn text_of(block: &Block, range: &Range<usize>) -> Vec<u8> {
    let (first, last) = ((range.start * 4).div_ceil(3), range.end * 4 / 3);
    let text = String::from_utf8_lossy(&block.text);
    let lines = text.lines().filter(|line| !line.starts_with("-----") && !line.contains(": "));
    let mut count = 0;
    let mut spelled = Vec::new();
    for line in lines {
        for character in line.bytes() {
            if (first..last).contains(&count) {
                spelled.push(character);
            }
            count += 1;
        }
        if !spelled.is_empty() && count < last {
            spelled.push(b'\n');
        }
    }
    spelled
}
