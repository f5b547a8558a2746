//! Writes PEM as openssl and Go do: 64 columns, line feeds, no headers (RFC 7468 section 2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Bytes that make one line of 64 characters.
const LINE: usize = 48;

/// The text of one block. It may hold a private key: it is allocated once, and wiped when dropped.
pub(super) fn armour(label: &str, der: &[u8]) -> Zeroizing<Vec<u8>> {
    let lines = der.len().div_ceil(LINE);
    let mut text = Zeroizing::new(Vec::with_capacity(lines * 65 + 2 * (label.len() + 17)));
    text.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for bytes in der.chunks(LINE) {
        let mut line = Zeroizing::new([0; 64]);
        // 48 bytes always fit 64 characters.
        let length = STANDARD
            .encode_slice(bytes, line.as_mut_slice())
            .unwrap_or(0);
        text.extend_from_slice(&line[..length]);
        text.push(b'\n');
    }
    text.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_capacity() {
        for length in [0, 1, 47, 48, 49, 96, 1200] {
            let text = armour("X", &vec![7; length]);
            let lines: Vec<_> = std::str::from_utf8(&text).unwrap().lines().collect();
            assert_eq!(lines.len(), 2 + length.div_ceil(48));
            assert!(
                lines[1..lines.len() - 1]
                    .iter()
                    .rev()
                    .skip(1)
                    .all(|it| it.len() == 64)
            );
            let decoded = STANDARD.decode(lines[1..lines.len() - 1].concat()).unwrap();
            assert_eq!(decoded, vec![7; length]);
        }
    }
}
