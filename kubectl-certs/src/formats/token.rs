//! JSON Web Tokens (RFC 7519): what they say of themselves. Signatures are not verified, and the token itself is not kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::model::{Time, Token, TokenKind};

/// How each of them begins: the base64 of `{"`.
pub const BEGINNING: &str = "eyJ";

#[derive(Deserialize)]
struct Header {
    #[serde(rename = "alg")]
    _algorithm: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Claims {
    #[serde(rename = "sub")]
    subject: Option<String>,
    #[serde(rename = "iss")]
    issuer: Option<String>,
    #[serde(rename = "iat")]
    issued: Option<f64>,
    #[serde(rename = "exp")]
    expires: Option<f64>,
}

/// Nothing where it is none.
pub fn read(text: &str) -> Option<Token> {
    let mut parts = text.trim().split('.');
    let (header, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    header.starts_with(BEGINNING).then_some(())?;
    let _header: Header = serde_json::from_slice(&decode(header)?).ok()?;
    let Claims { subject, issuer, issued, expires } = serde_json::from_slice(&decode(claims)?).ok()?;
    // Seconds since 1970, with fractions where somebody likes them (section 2, NumericDate).
    #[expect(clippy::cast_possible_truncation, reason = "a date beyond all dates is the last one")]
    let time = |seconds: f64| Time::from_unix(seconds as i64);
    Some(Token { kind: TokenKind::Jwt, subject, issuer, issued: issued.map(time), expires: expires.map(time) })
}

fn decode(part: &str) -> Option<Zeroizing<Vec<u8>>> {
    URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_ends() {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let claims = encode(r#"{"iss":"wssdagentsvc","sub":"a","iat":1.5,"exp":1700000000}"#);
        let header = encode(r#"{"alg":"RS256","kid":"1"}"#);
        let token = read(&format!(" {header}.{claims}.c2ln\n")).expect("a token");
        assert_eq!(token.expires.map(Time::unix), Some(1_700_000_000));
        assert_eq!(token.issuer.as_deref(), Some("wssdagentsvc"));
        for other in
            ["eyJ.eyJ.x", "a.b.c", "1.2.3.4", "", &format!("{header}.{claims}"), &format!("{claims}.{claims}.x")]
        {
            assert!(read(other).is_none(), "{other}");
        }
    }
}
