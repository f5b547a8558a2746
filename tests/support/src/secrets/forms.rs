//! The forms in which a secret value may show up in a text.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::parts::Secret;

/// Every form, with its name.
pub(super) fn of(secret: &Secret) -> Vec<(&'static str, Vec<u8>)> {
    let value = significant(&secret.bytes);
    let hex = |digits: fn(&u8) -> String| value.iter().map(digits).collect::<String>();
    let mut forms = vec![
        ("raw bytes", value.to_vec()),
        ("hexadecimal", hex(|byte| format!("{byte:02x}")).into_bytes()),
        ("hexadecimal", hex(|byte| format!("{byte:02X}")).into_bytes()),
        ("list of numbers", hex(|byte| format!("{byte},")).into_bytes()),
    ];
    for alignment in 0..3 {
        forms.push(("base64 or PEM", base64(&STANDARD_NO_PAD, value, alignment)));
        forms.push(("base64url", base64(&URL_SAFE_NO_PAD, value, alignment)));
        let once = base64(&STANDARD_NO_PAD, &secret.text, alignment);
        for alignment in 0..3 {
            let twice = base64(&STANDARD_NO_PAD, &once, alignment);
            forms.push(("base64 of base64 of PEM", twice));
        }
        forms.push(("base64 of PEM", once));
    }
    forms
}

/// `bytes` without what may interrupt a long value: white space, line ends escaped as in JSON, the
/// colons of a hexadecimal dump, and the zeros of UTF-16.
pub(super) fn squeezed(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => {
                rest.next_if(|next| matches!(next, b'n' | b'r' | b't'));
            }
            b':' | 0 => {}
            byte if byte.is_ascii_whitespace() => {}
            byte => kept.push(*byte),
        }
    }
    kept
}

/// An integer's sign byte is no part of its value, and other forms leave it out.
fn significant(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(&[0]).unwrap_or(bytes)
}

/// The characters of base64 that depend on `bytes` alone when `before` (modulo 3) bytes precede it.
fn base64(engine: &impl Engine, bytes: &[u8], before: usize) -> Vec<u8> {
    let padded: Vec<u8> = [0, 0][..before].iter().chain(bytes).copied().collect();
    let first = (before * 4).div_ceil(3);
    let last = padded.len() * 4 / 3;
    let encoded = engine.encode(&padded).into_bytes();
    encoded.get(first..last).unwrap_or_default().to_vec()
}
