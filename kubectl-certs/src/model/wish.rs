//! What may be wished of a new certificate beside a new life: names, and another kind of key.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name that a server may have: of the DNS, also with `*` as its first label, or an IP address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub enum ServerName {
    /// In lower case, as clients compare it.
    Dns(String),
    Ip(IpAddr),
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is neither a DNS name nor an IP address: {why}")]
pub struct NoServerName {
    name: String,
    why: &'static str,
}

impl ServerName {
    /// As certificates show it in the model.
    pub fn is_in(&self, dns_names: &[String], ip_addresses: &[String]) -> bool {
        match self {
            Self::Dns(name) => dns_names.iter().any(|known| known.eq_ignore_ascii_case(name)),
            Self::Ip(address) => ip_addresses.contains(&address.to_string()),
        }
    }
}

impl FromStr for ServerName {
    type Err = NoServerName;

    fn from_str(text: &str) -> Result<Self, NoServerName> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        match fault(text) {
            None => Ok(Self::Dns(text.to_ascii_lowercase())),
            Some(why) => Err(NoServerName { name: text.to_owned(), why }),
        }
    }
}

/// The rules of RFC 1123 2.1, which Kubernetes holds the names of servers to (`IsDNS1123Subdomain`).
fn fault(name: &str) -> Option<&'static str> {
    let labels: Vec<&str> = name.strip_prefix("*.").unwrap_or(name).split('.').collect();
    let plain = |c: u8| c.is_ascii_alphanumeric() || c == b'-';
    if name.is_empty() {
        Some("it is empty")
    } else if !name.is_ascii() {
        Some("it has letters beyond ASCII; such names are written as xn--…")
    } else if name.len() > 253 {
        Some("it is longer than 253 characters")
    } else if labels.iter().any(|label| label.is_empty() || label.len() > 63) {
        Some("each part between dots has 1 to 63 characters")
    } else if labels.iter().any(|label| label.contains('*')) {
        Some("'*' may only be the whole first part")
    } else if !labels.iter().all(|label| label.bytes().all(plain)) {
        Some("only letters, digits, '-' and '.' are allowed")
    } else if labels.iter().any(|label| label.starts_with('-') || label.ends_with('-')) {
        Some("no part may begin or end with '-'")
    } else if labels.last().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit())) {
        Some("its last part is a number, and it is no complete address")
    } else {
        None
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for ServerName {
    type Error = NoServerName;

    fn try_from(text: String) -> Result<Self, NoServerName> {
        text.parse()
    }
}

/// A kind of key, by the name kubeadm gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum KeyKind {
    #[serde(rename = "RSA-2048")]
    Rsa2048,
    #[serde(rename = "RSA-3072")]
    Rsa3072,
    #[serde(rename = "RSA-4096")]
    Rsa4096,
    #[serde(rename = "ECDSA-P256")]
    EcdsaP256,
    #[serde(rename = "ECDSA-P384")]
    EcdsaP384,
    #[serde(rename = "ECDSA-P521")]
    EcdsaP521,
    Ed25519,
}

impl KeyKind {
    pub const ALL: [Self; 7] =
        [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::EcdsaP256, Self::EcdsaP384, Self::EcdsaP521, Self::Ed25519];

    /// Also what a certificate's `key_algorithm` says.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA-2048",
            Self::Rsa3072 => "RSA-3072",
            Self::Rsa4096 => "RSA-4096",
            Self::EcdsaP256 => "ECDSA-P256",
            Self::EcdsaP384 => "ECDSA-P384",
            Self::EcdsaP521 => "ECDSA-P521",
            Self::Ed25519 => "Ed25519",
        }
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("'{text}' is no kind of key; there are {}", Self::ALL.map(Self::name).join(", ")))
    }
}

/// Which key a new certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyChoice {
    /// A new one of the kind of the old one.
    LikeOld,
    /// A new one of this kind.
    Of(KeyKind),
    /// A copy of the old one.
    Old,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_servers() {
        for (text, name) in [
            ("API.Example.org", "api.example.org"),
            ("*.example.org", "*.example.org"),
            ("localhost", "localhost"),
            ("3com.example", "3com.example"),
            ("192.0.2.7", "192.0.2.7"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
        ] {
            assert_eq!(text.parse::<ServerName>().expect(text).to_string(), name);
        }
        let long = "a.".repeat(130) + "a";
        for text in [
            "",
            ".",
            "a..b",
            "a.",
            "*",
            "*.",
            "a*.b",
            "x.*.b",
            "**.b",
            "a_b.c",
            "a b",
            "-a.b",
            "a-.b",
            "192.0.2.256",
            "192.0.2",
            "münchen.example",
            "http://a.b",
            "a.b:6443",
            "10.0.0.0/8",
            &long,
            &"a".repeat(64),
        ] {
            let refused = text.parse::<ServerName>().expect_err(text);
            assert!(refused.to_string().contains(text), "{refused}");
        }
    }

    #[test]
    fn names_that_are_there_already() {
        let (dns, ip) = (["API.example.org".to_owned()], ["2001:db8::1".to_owned()]);
        let known = |text: &str| text.parse::<ServerName>().expect(text).is_in(&dns, &ip);
        assert!(known("api.example.org") && known("2001:db8:0::1") && !known("192.0.2.1") && !known("example.org"));
    }

    #[test]
    fn kinds_of_keys() {
        for kind in KeyKind::ALL {
            assert_eq!(kind.name().to_lowercase().parse::<KeyKind>(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.name());
            assert_eq!(
                kind.name().parse::<crate::pki::key_algorithm::KeyAlgorithm>().expect("known").to_string(),
                kind.name()
            );
        }
        assert!("RSA-1024".parse::<KeyKind>().is_err());
    }
}
