//! Whether a value may hold anything of ours, by its base64: most are large and do not, and decoding them all would take
//! longer than everything else.

use std::sync::LazyLock;

use aho_corasick::packed::{self, Searcher};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use memchr::memchr;

use crate::formats::{pem, token};

/// What stands somewhere in PEM, in base64 of PEM, in kubeconfigs, and in documents with tokens: the beginnings of their
/// headers, `{"alg":`, `{"typ":` and `{"kid":`.
const ANYWHERE: [&str; 6] = ["-----BEGIN ", pem::BASE64_OF_BEGIN, "clusters", "eyJhbGciO", "eyJ0eXAiO", "eyJraWQiO"];

/// How whole values may begin: keystores (JKS, JCEKS, PKCS#12), DER, UTF-16, tokens.
const AT_FIRST: [&[u8]; 6] = [
    &[0xFE, 0xED, 0xFE, 0xED],
    &[0xCE, 0xCE, 0xCE, 0xCE],
    &[0x30],
    &[0xFF, 0xFE],
    &[0xFE, 0xFF],
    token::BEGINNING.as_bytes(),
];

/// What is in the middle of a value, in base64, wherever among three bytes it begins.
static WITHIN: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let mut builder = packed::Config::new().builder();
    for text in ANYWHERE {
        for before in 0..3 {
            let written = STANDARD_NO_PAD.encode([&b"\0\0"[..before], text.as_bytes()].concat());
            // Without the characters at both ends that the neighbours have a part in.
            let whole = (before * 8).div_ceil(6)..(before + text.len()) * 8 / 6;
            builder.add(&written[whole]);
        }
    }
    builder.build()
});

/// How values begin, in base64 and behind the quotation mark.
static BEGINNINGS: LazyLock<Option<Searcher>> = LazyLock::new(|| {
    let mut builder = packed::Config::new().builder();
    for begin in AT_FIRST {
        let written = STANDARD_NO_PAD.encode(begin);
        builder.add(format!("\"{}", &written[..begin.len() * 8 / 6]));
    }
    builder.build()
});

pub(super) fn is_promising(value: &str) -> bool {
    // What is shorter, and what cannot be decoded, is for the decoder to decide.
    let start = value.get(..16).and_then(pem::decode_base64);
    start.is_none_or(|start| AT_FIRST.iter().any(|with| start.starts_with(with)))
        || WITHIN.as_ref().is_none_or(|searcher| searcher.find(value).is_some())
}

/// The same of a whole object in JSON, where some value is to be.
pub(super) fn is_promising_object(json: &[u8]) -> bool {
    // Escaped characters would hide what is looked for.
    [&WITHIN, &BEGINNINGS].iter().any(|of| of.as_ref().is_none_or(|searcher| searcher.find(json).is_some()))
        || memchr(b'\\', json).is_some()
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
        assert!(WITHIN.is_some() && BEGINNINGS.is_some());
        for nothing in ["nothing of ours, but long enough to have a beginning", &"x".repeat(5000)] {
            let value = pem::encode_base64(nothing.as_bytes());
            assert!(!is_promising(&value), "{nothing}");
            assert!(!is_promising_object(format!(r#"{{"data":{{"a":"{value}"}}}}"#).as_bytes()), "{nothing}");
        }
        for begin in AT_FIRST {
            let value = pem::encode_base64(&[begin, &[0; 40]].concat());
            assert!(is_promising(&value));
            assert!(is_promising_object(format!(r#"{{"data":{{"a":"{value}"}}}}"#).as_bytes()));
        }
        for short in ["", "eyJhbGciOi", "-----BEGIN "] {
            assert!(is_promising(&pem::encode_base64(short.as_bytes())), "{short}");
        }
    }
}
