//! Which values of a Secret may be the passwords of the keystores beside them.

use super::values::Secret;
use crate::formats::keystore::Password;
use crate::formats::pem;

/// Nobody has more; each costs the work of opening a store.
const MOST: usize = 8;
const LONGEST: usize = 1024;

/// `password`, `keystore-password`, `JKS_PASSWORD`, `keystore.p12.password`, `passphrase`, `storepass` and the like.
fn is_name_of_one(key: &str) -> bool {
    let plain: String = key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    matches!(plain.as_str(), "pass" | "pwd")
        || ["password", "passphrase", "passwd", "storepass", "passwordtxt"].iter().any(|end| plain.ends_with(end))
}

/// Those of this Secret first, then the one that was given for the whole run.
pub(super) fn at_hand(secret: &Secret<'_>, given: Option<&Password>) -> Vec<Password> {
    let beside = secret.data.iter().flatten().filter(|(key, _)| is_name_of_one(&key.0)).filter_map(|(_, value)| {
        let bytes = pem::decode_base64(&value.0).filter(|bytes| bytes.len() <= LONGEST)?;
        // `echo` and editors leave a line break behind it, which is no part of it.
        let text = core::str::from_utf8(&bytes).ok()?.trim_end_matches(['\r', '\n']);
        Some(Password::new(text))
    });
    beside.take(MOST).chain(given.cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::is_name_of_one;

    #[test]
    fn the_usual_names() {
        for name in
            ["password", "keystore-password", "JKS_PASSWORD", "keystore.p12.password", "passphrase", "storepass", "pwd"]
        {
            assert!(is_name_of_one(name), "{name}");
        }
        for name in ["tls.crt", "keystore.jks", "passengers", "compass", ""] {
            assert!(!is_name_of_one(name), "{name}");
        }
    }
}
