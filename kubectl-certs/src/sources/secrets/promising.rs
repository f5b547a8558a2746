//! Whether a value may hold anything of ours, by its base64: most are large and do not, and decoding them all would take
//! longer than everything else.

use std::sync::LazyLock;

use aho_corasick::packed::{self, Searcher};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::formats::{keystore, pem, token};

/// What stands somewhere in PEM, in base64 of PEM, in kubeconfigs, and in documents with tokens: the beginnings of their
/// headers, `{"alg":`, `{"typ":` and `{"kid":`.
const ANYWHERE: [&str; 6] = ["-----BEGIN ", pem::BASE64_OF_BEGIN, "clusters", "eyJhbGciO", "eyJ0eXAiO", "eyJraWQiO"];

/// As those are written in base64, wherever among three bytes they begin.
static WRITTEN: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let mut builder = packed::Config::new().builder();
    for text in ANYWHERE {
        for before in 0..3 {
            let written = STANDARD_NO_PAD.encode([&b"\0\0"[..before], text.as_bytes()].concat());
            // Characters at both ends that the neighbours have a part in.
            let begin = (before * 8).div_ceil(6);
            let whole = (before + text.len()) * 8 / 6;
            builder.add(&written[begin..whole]);
        }
    }
    builder.build()
});

pub(super) fn is_promising(value: &str) -> bool {
    // Sixteen characters say how it begins; what is longer than that and cannot be decoded is decided by the decoder.
    let start = value.get(..16).and_then(pem::decode_base64);
    let begins = start.is_none_or(|start| {
        keystore::looks_like_one(&start)
            || [&[0x30, 0x81][..], &[0x30, 0x82], &[0xFF, 0xFE], &[0xFE, 0xFF], token::BEGINNING.as_bytes()]
                .iter()
                .any(|with| start.starts_with(with))
    });
    begins || WRITTEN.as_ref().is_none_or(|searcher| searcher.find(value).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_stands_anywhere_is_seen(before in ".{0,40}", which in 0..ANYWHERE.len(), after in ".{0,9}") {
            let text = format!("{before}{}{after}", ANYWHERE[which]);
            prop_assert!(is_promising(&pem::encode_base64(text.as_bytes())));
        }
    }

    #[test]
    fn most_values_are_not() {
        assert!(WRITTEN.is_some());
        for nothing in ["nothing of ours, but long enough to have a beginning", &"x".repeat(5000)] {
            assert!(!is_promising(&pem::encode_base64(nothing.as_bytes())), "{nothing}");
        }
        for short in ["", "eyJhbGciOi", "-----BEGIN "] {
            assert!(is_promising(&pem::encode_base64(short.as_bytes())), "{short}");
        }
    }
}
