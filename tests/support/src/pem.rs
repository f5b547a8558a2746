//! PEM blocks in anything: plain, or inside base64 as kubeconfigs and Secrets carry them.
//!
//! Reads line by line and knows no ASN.1; deliberately not the reader of the program under test.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How base64 of a text that begins with `-----BEGIN ` begins.
const BASE64_OF_BEGIN: &[u8] = b"LS0tLS1CRUdJTi";

/// One block.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Block {
    /// As in `-----BEGIN label-----`.
    pub label: String,
    /// The block with its two boundary lines.
    pub text: Vec<u8>,
    /// The decoded body; empty if it is not base64.
    pub body: Vec<u8>,
}

/// Every block in `bytes`, in order; those inside base64 after the plain ones.
pub fn blocks(bytes: &[u8]) -> Vec<Block> {
    let mut found = plain(bytes);
    for encoded in runs_of_base64(bytes) {
        found.extend(blocks(&encoded));
    }
    found
}

fn plain(bytes: &[u8]) -> Vec<Block> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(label) = boundary(line, "-----BEGIN ") {
            open = Some((label.to_owned(), format!("{line}\n")));
        } else if let Some((label, mut text)) = open.take() {
            text.push_str(line);
            text.push('\n');
            if boundary(line, "-----END ") == Some(label.as_str()) {
                found.push(Block { body: body(&text), label, text: text.into_bytes() });
            } else {
                open = Some((label, text));
            }
        }
    }
    found
}

fn boundary<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    line.strip_prefix(start)?.strip_suffix("-----")
}

/// Decodes what lies between the boundaries, without headers such as `Proc-Type: 4,ENCRYPTED`.
fn body(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with("-----") && !line.contains(": "));
    STANDARD.decode(lines.collect::<String>()).unwrap_or_default()
}

/// The decoded form of each run of base64 that holds PEM.
fn runs_of_base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    bytes
        .split(|byte| !is_base64(byte))
        .filter(|run| run.starts_with(BASE64_OF_BEGIN))
        .filter_map(|run| STANDARD.decode(run).ok())
        .collect()
}
