//! What a certificate from an authority elsewhere may be used for, against what was wanted of it.

use crate::model::Certificate;

/// The usages of its key are fewer or more than the wanted ones. An authority may leave them out altogether: then there is
/// no limit (RFC 5280 4.2.1.3), and the basic constraints alone keep a leaf from signing others.
pub(super) fn key_usages_differ(seen: &Certificate, wanted: &[String]) -> bool {
    // Without a wish only what makes an authority is too much.
    let may = |usage: &String| match wanted {
        [] => !matches!(usage.as_str(), "keyCertSign" | "cRLSign"),
        wanted => wanted.contains(usage),
    };
    let too_much = !seen.key_usages.iter().all(may);
    // Only RSA keys encipher keys; authorities leave it out for others.
    let needed = |usage: &&String| usage.as_str() != "keyEncipherment" || seen.key_algorithm.starts_with("RSA");
    let too_little = wanted.iter().filter(needed).any(|usage| !seen.key_usages.contains(usage));
    !seen.key_usages.is_empty() && (too_much || too_little)
}

#[cfg(test)]
mod tests {
    use super::key_usages_differ;
    use crate::formats::certificate;
    use crate::model::Certificate;

    fn leaf(key_algorithm: &str, key_usages: &[&str]) -> Certificate {
        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(vec!["it".to_owned()]).expect("a name");
        let made = parameters.self_signed(&key).expect("a certificate");
        let key_usages = key_usages.iter().map(|usage| (*usage).to_owned()).collect();
        let parsed = certificate::parse(made.der()).expect("a certificate");
        Certificate { key_algorithm: key_algorithm.into(), key_usages, ..parsed }
    }

    #[test]
    fn no_usage_more_and_none_less_that_counts() {
        let wanted = ["digitalSignature".to_owned(), "keyEncipherment".to_owned()];
        for (algorithm, usages, differ) in [
            ("RSA-2048", &["digitalSignature", "keyEncipherment"][..], false),
            ("RSA-2048", &[], false),
            ("RSA-2048", &["digitalSignature"], true),
            ("ECDSA-P256", &["digitalSignature"], false),
            ("ECDSA-P256", &["keyEncipherment"], true),
            ("ECDSA-P256", &["digitalSignature", "keyCertSign"], true),
        ] {
            assert_eq!(key_usages_differ(&leaf(algorithm, usages), &wanted), differ, "{algorithm} {usages:?}");
        }
        assert!(!key_usages_differ(&leaf("RSA-2048", &["digitalSignature"]), &[]));
        assert!(key_usages_differ(&leaf("RSA-2048", &["keyCertSign"]), &[]));
    }
}
