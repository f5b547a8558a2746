//! PEM as people and programs really write it (RFC 7468 and worse): leading text, CRLF, byte order marks, UTF-16 from
//! PowerShell 5.1, headers inside blocks. A block that cannot be decoded is returned as such and never ends the reading.

use core::ops::Range;
use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};
use memchr::{memchr, memmem};
use zeroize::Zeroizing;

#[derive(Debug)]
pub struct Block {
    pub label: String,
    /// None when the base64 inside is broken. Wiped on drop: it may be a key.
    pub der: Option<Zeroizing<Vec<u8>>>,
    /// It has no end of its own.
    pub cut: bool,
    /// Where it stands in the text, from `-----BEGIN` to the end of its last line.
    pub range: Range<usize>,
}

impl Block {
    pub fn is_certificate(&self) -> bool {
        matches!(self.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE")
    }

    pub fn is_private_key(&self) -> bool {
        self.label.ends_with("PRIVATE KEY")
    }
}

/// All blocks of a text, in order.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some(block) = next_block(text, from) {
        from = block.range.end.max(from + 1);
        blocks.push(block);
    }
    blocks
}

/// Never looks further than to where the next block begins: a file may be full of beginnings.
fn next_block(text: &str, mut from: usize) -> Option<Block> {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";
    let (start, label_at, label_len) = loop {
        let start = from + find(text.get(from..)?, BEGIN)?;
        let label_at = start + BEGIN.len();
        let line = memchr(b'\n', &text.as_bytes()[label_at..]).map_or(text.len(), |length| label_at + length);
        match find(&text[label_at..line], DASHES) {
            Some(length) => break (start, label_at, length),
            None => from = label_at,
        }
    };
    let label = &text[label_at..label_at + label_len];
    let body_at = label_at + label_len + DASHES.len();
    let ending = format!("-----END {label}-----");
    // Another block begins before this one ends: the first is broken, the second may be good.
    let next = find(&text[body_at..], BEGIN).map_or(text.len(), |begin| body_at + begin);
    let Some(body_len) = find(&text[body_at..next], &ending) else {
        return Some(Block { label: label.to_owned(), der: None, cut: true, range: start..next });
    };
    let mut end = body_at + body_len + ending.len();
    if text[end..].starts_with('\r') {
        end += 1;
    }
    if text[end..].starts_with('\n') {
        end += 1;
    }
    let der = decode_body(&text[body_at..body_at + body_len]);
    Some(Block { label: label.to_owned(), der, cut: false, range: start..end })
}

fn find(text: &str, needle: &str) -> Option<usize> {
    memmem::find(text.as_bytes(), needle.as_bytes())
}

/// Lines with a colon are headers.
fn decode_body(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut packed = Zeroizing::new(String::with_capacity(body.len()));
    let has_headers = memchr(b':', body.as_bytes()).is_some();
    body.lines().filter(|line| !has_headers || !line.contains(':')).for_each(|line| packed.push_str(line.trim()));
    decode_base64(&packed)
}

/// The base64 of `-----BEGIN`: texts within texts.
pub const BASE64_OF_BEGIN: &str = "LS0tLS1CRUdJTi";

/// What the reader of the Kubernetes components (Go's `encoding/pem`, and client-go's `ParseCertsPEM` above it) does not
/// see here although it is read here, as a sentence; nothing where it sees all certificates.
pub fn unseen_by_go(bytes: &[u8]) -> Option<&'static str> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Some("it is written in UTF-16, in which the components of Kubernetes see no certificate");
    }
    let mut at = 0;
    while let Some(found) = memmem::find(&bytes[at..], BEGIN) {
        let begin = at + found;
        at = begin + BEGIN.len();
        let rest = &bytes[at..];
        if rest.starts_with(b"TRUSTED CERTIFICATE-----") || rest.starts_with(b"X509 CERTIFICATE-----") {
            return Some(
                "it has a block 'TRUSTED CERTIFICATE' or 'X509 CERTIFICATE', which the components of Kubernetes pass over",
            );
        }
        if !rest.starts_with(b"CERTIFICATE-----") {
            continue;
        }
        match &bytes[..begin] {
            [] | [.., b'\n'] => {}
            [.., 0xEF, 0xBB, 0xBF] => {
                return Some(
                    "a byte order mark stands before a certificate, which the components of Kubernetes therefore do not see",
                );
            }
            [.., b'\r'] => {
                return Some(
                    "its lines end with CR alone; the components of Kubernetes see no certificate but at the beginning",
                );
            }
            _ => {
                return Some(
                    "a certificate does not begin at the start of a line, so the components of Kubernetes do not see it",
                );
            }
        }
    }
    None
}

/// Standard base64, with or without padding, white space ignored.
pub fn decode_base64(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    // Most has no white space, and some is a MiB long.
    if let Ok(bytes) = LENIENT.decode(text.as_bytes()) {
        return Some(Zeroizing::new(bytes));
    }
    let packed: Zeroizing<String> = Zeroizing::new(text.chars().filter(|c| !c.is_whitespace()).collect());
    LENIENT.decode(packed.as_bytes()).ok().map(Zeroizing::new)
}

pub fn encode_base64(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// A certificate as openssl and Go write it: 64 columns, LF.
pub fn certificate_pem(der: &[u8]) -> String {
    let body = encode_base64(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// The text of a file, whatever Unicode form it has. Bytes that are no text come out as replacement characters, which is
/// harmless: a PEM block never contains them.
pub fn decode_text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest),
        [0xFF, 0xFE, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Cow::Owned(decode_utf16(rest, u16::from_be_bytes)),
        _ => core::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
    }
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(text: &str) -> Vec<Option<Vec<u8>>> {
        blocks(text).into_iter().map(|block| block.der.map(|der| der.to_vec())).collect()
    }

    #[test]
    fn odd_spellings_are_read() {
        let plain = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let one = vec![Some(vec![1, 2, 3])];
        assert_eq!(decoded(plain), one);
        assert_eq!(decoded(&plain.replace('\n', "\r\n")), one);
        assert_eq!(decoded(&format!("subject=CN=x\n{plain}trailing")), one);
        assert_eq!(decoded(&plain.replace("AQID", "  AQ\n ID")), one);
        assert_eq!(decoded(&plain.replace("AQID", "Proc-Type: 4\n\nAQID")), one);
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decoded(&decode_text(&utf16)), one);
    }

    /// Found by spoiled bytes: each beginning once looked for its end through all the others.
    #[test]
    fn a_file_full_of_beginnings_is_read_in_one_go() {
        let begin = "-----BEGIN CERTIFICATE-----\n";
        let start = std::time::Instant::now();
        assert_eq!(blocks(&begin.repeat(40_000)).len(), 40_000);
        assert_eq!(blocks(&"-----BEGIN \n".repeat(90_000)).len(), 0);
        assert!(start.elapsed() < std::time::Duration::from_secs(10), "{:?}", start.elapsed());
    }

    #[test]
    fn what_go_does_not_see_is_known() {
        let plain = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        for seen in [plain.to_owned(), plain.replace('\n', "\r\n"), format!("subject\n{plain}{plain}"), String::new()] {
            assert_eq!(unseen_by_go(seen.as_bytes()), None, "{seen}");
        }
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert!(unseen_by_go(&utf16).is_some());
        for unseen in [
            format!("\u{FEFF}{plain}"),
            format!("  {plain}"),
            format!("{}{plain}", plain.trim_end()),
            plain.replace("CERT", "TRUSTED CERT"),
            plain.repeat(2).replace('\n', "\r"),
        ] {
            assert!(unseen_by_go(unseen.as_bytes()).is_some(), "{unseen}");
        }
    }

    #[test]
    fn a_broken_block_does_not_hide_the_next() {
        let good = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
        let three = Some(vec![1, 2, 3]);
        assert_eq!(decoded(&format!("{}{good}", good.replace("AQID", "!!!"))), [None, three.clone()]);
        assert_eq!(decoded(&format!("-----BEGIN CERTIFICATE-----\nAQ\n{good}")), [None, three.clone()]);
        assert_eq!(decoded(&format!("{good}-----BEGIN CERTIFICATE-----\nAQ")), [three, None]);
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_ranges_are_good(text in "(-----BEGIN |-----END |A-----|\\PC|\n){0,30}") {
            let mut before = 0;
            for block in blocks(&text) {
                prop_assert!(block.range.start >= before && text.get(block.range.clone()).is_some());
                before = block.range.end;
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            blocks(&decode_text(&bytes));
        }
    }
}
