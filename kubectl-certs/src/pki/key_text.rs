//! Finds keys in text: the PEM blocks whose label ends in `PRIVATE KEY` or `PUBLIC KEY`.
//!
//! Text, certificates and `EC PARAMETERS` around them, a byte order mark and CRLF do not matter.
//! This is more than Go's reader sees (it wants BEGIN at the start of a line); what components will
//! see is not judged here.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;
use zeroize::Zeroizing;

use super::private_key::KeyError;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// As Go decodes: padding is required, unused bits in the last character are not looked at.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// One PEM block, its body still encoded.
pub(super) struct Block<'a> {
    pub(super) label: &'a [u8],
    body: &'a [u8],
}

impl<'a> Block<'a> {
    /// The first block whose label ends so.
    pub(super) fn first(text: &'a [u8], label_end: &str) -> Result<Self, KeyError> {
        let mut rest = text;
        while let Some((_, after)) = split_at(rest, BEGIN) {
            rest = after;
            let Some((label, body)) = split_at(after, DASHES) else {
                break;
            };
            if label.contains(&b'\n') || !label.ends_with(label_end.as_bytes()) {
                continue;
            }
            let field = "end of its PEM block";
            let (body, end) = split_at(body, END).ok_or(KeyError::Malformed { field })?;
            if !end.strip_prefix(label).is_some_and(|it| it.starts_with(DASHES)) {
                return Err(KeyError::Malformed { field });
            }
            return Ok(Self { label, body });
        }
        Err(KeyError::Absent)
    }

    /// The bytes inside.
    pub(super) fn decode(&self) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        if self.label == b"ENCRYPTED PRIVATE KEY" || self.has_header(b"ENCRYPTED") {
            return Err(KeyError::Encrypted);
        }
        let mut text = Zeroizing::new(Vec::with_capacity(self.body.len()));
        text.extend(self.content().iter().filter(|byte| !byte.is_ascii_whitespace()));
        let mut der = Zeroizing::new(vec![0; text.len() / 4 * 3]);
        let length = BASE64.decode_slice(&text, &mut der).map_err(|_| KeyError::Malformed { field: "base64 text" })?;
        der.truncate(length);
        Ok(der)
    }

    /// What follows the headers of RFC 1421, which openssl writes for encrypted keys only.
    fn content(&self) -> &'a [u8] {
        let after_last_header = self.body.iter().rposition(|byte| *byte == b':').map(|colon| {
            let line = &self.body[colon..];
            line.iter().position(|byte| *byte == b'\n').map_or(line, |end| &line[end..])
        });
        after_last_header.unwrap_or(self.body)
    }

    fn has_header(&self, value: &[u8]) -> bool {
        self.body.contains(&b':') && split_at(self.body, value).is_some()
    }
}

/// What stands before and after the first `mark`.
fn split_at<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::find(text, mark)?;
    Some((&text[..at], &text[at + mark.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
        Block::first(text.as_bytes(), "PRIVATE KEY")?.decode().map(|der| der.to_vec())
    }

    #[test]
    fn tolerated() {
        let key = "-----BEGIN RSA PRIVATE KEY-----\nAAEC\nAw==\n-----END RSA PRIVATE KEY-----\n";
        let other = "-----BEGIN CERTIFICATE-----\nZZZZ\n-----END CERTIFICATE-----\n";
        for text in [
            key.to_owned(),
            format!("\u{feff}{key}"),
            key.replace('\n', "\r\n"),
            key.replace('\n', "\n    "),
            format!("subject: someone\n{other}{key}{other}"),
            format!("-----BEGIN EC PARAMETERS-----\nBg==\n-----END EC PARAMETERS-----\n{key}"),
            format!("-----BEGIN nothing\n{key}"),
            key.replace("KEY-----\nAA", "KEY-----\nComment: x\n\nAA"),
        ] {
            assert_eq!(decode(&text), Ok(vec![0, 1, 2, 3]), "{text}");
        }
    }

    #[test]
    fn refused() {
        let cases = [
            ("", KeyError::Absent),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", KeyError::Absent),
            ("-----BEGIN PRIVATE KEY", KeyError::Absent),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n", KeyError::Malformed { field: "end of its PEM block" }),
            (
                "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
                KeyError::Malformed { field: "end of its PEM block" },
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nAA*A\n-----END PRIVATE KEY-----\n",
                KeyError::Malformed { field: "base64 text" },
            ),
            ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", KeyError::Encrypted),
            (
                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAAAA\n-----END RSA PRIVATE KEY-----",
                KeyError::Encrypted,
            ),
        ];
        for (text, error) in cases {
            assert_eq!(decode(text), Err(error), "{text}");
        }
    }
}
