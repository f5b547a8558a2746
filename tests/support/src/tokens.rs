//! JSON Web Tokens that nobody signed.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// With these claims, as JSON.
pub fn jwt(claims: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{}", encode(r#"{"alg":"RS256","kid":"1"}"#), encode(claims), encode("no signature of anybody"))
}
