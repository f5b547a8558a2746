//! A port where a server speaks TLS, and what it tells of itself in a handshake.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::location::{escape, host_and_port, unescape};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Seen from this node, where that is not this machine: many ports listen on a node's own addresses only.
    pub node: Option<String>,
    pub protocol: Protocol,
    pub host: String,
    pub port: u16,
    /// The name that the server is asked for (SNI, RFC 6066). None is sent without: some servers add every name that
    /// they hear to their certificate.
    pub asked_name: Option<String>,
}

/// How a connection comes to TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// From its first byte.
    Tls,
    /// By STARTTLS (RFC 3207).
    Smtp,
    /// By the extended operation `StartTLS` (RFC 4511 section 4.14).
    Ldap,
    /// By an `SSLRequest` ("Message Flow" in the documentation of that server).
    Postgres,
}

/// What people write, what it means, and the port without one. The first of each protocol is what is printed.
const SCHEMES: &[(&str, Protocol, Option<u16>)] = &[
    ("tls://", Protocol::Tls, None),
    ("smtp://", Protocol::Smtp, Some(25)),
    ("ldap://", Protocol::Ldap, Some(389)),
    ("postgres://", Protocol::Postgres, Some(5432)),
    ("postgresql://", Protocol::Postgres, Some(5432)),
    ("smtps://", Protocol::Tls, Some(465)),
    ("ldaps://", Protocol::Tls, Some(636)),
];

impl Protocol {
    fn scheme(self) -> &'static str {
        SCHEMES.iter().find(|(_, protocol, _)| *protocol == self).map_or("tls://", |(scheme, ..)| scheme)
    }
}

impl Endpoint {
    /// TLS from the first byte, seen from here, asked for no name.
    pub fn tls(host: impl Into<String>, port: u16) -> Self {
        Self { node: None, protocol: Protocol::Tls, host: host.into(), port, asked_name: None }
    }

    /// `HOST:PORT`, IPv6 addresses in brackets.
    pub fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Does the text begin as one?
    pub fn is_meant_by(text: &str) -> bool {
        SCHEMES.iter().any(|(scheme, ..)| text.starts_with(scheme))
    }

    /// As printed, without the node. None where it begins as something else.
    pub(super) fn parse(text: &str) -> Option<Result<Self, &'static str>> {
        let (scheme, protocol, usual) = SCHEMES.iter().find(|(scheme, ..)| text.starts_with(scheme))?;
        Some(Self::after_scheme(&text[scheme.len()..], *protocol, *usual).ok_or(match usual {
            None => "'tls://HOST:PORT' or 'tls://HOST:PORT?sni=NAME' is wanted",
            Some(_) => "'HOST', 'HOST:PORT' or 'HOST:PORT?sni=NAME' is wanted after '://'",
        }))
    }

    fn after_scheme(text: &str, protocol: Protocol, usual: Option<u16>) -> Option<Self> {
        let (place, name) = match text.split_once('?') {
            Some((place, query)) => (place, Some(query.strip_prefix("sni=").filter(|name| !name.is_empty())?)),
            None => (text, None),
        };
        let with_usual = |port| host_and_port(&format!("{}:{port}", place.trim_end_matches('/')));
        let (host, port) = host_and_port(place).or_else(|| usual.and_then(with_usual))?;
        Some(Self { node: None, protocol, host, port, asked_name: name.map(unescape) })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = &self.node {
            write!(f, "node/{}:", escape(node))?;
        }
        write!(f, "{}{}", self.protocol.scheme(), escape(&self.address()))?;
        match &self.asked_name {
            Some(name) => write!(f, "?sni={}", escape(name)),
            None => Ok(()),
        }
    }
}

/// What a server told of itself, beside its chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Handshake {
    /// `TLS 1.3` or `TLS 1.2`; absent where it broke off before that was agreed on.
    pub version: Option<String>,
    /// The authorities whose client certificates it says that it accepts, by name (RFC 8446 section 4.2.4, RFC 5246
    /// section 7.4.4). Absent where it asks for no client certificate; empty where it asks and names none.
    pub client_authorities: Option<Vec<String>>,
}

#[cfg(test)]
mod tests {
    use crate::model::Location;

    #[test]
    fn the_forms_people_type_become_one() {
        for (typed, printed) in [
            ("smtp://mail", "smtp://mail:25"),
            ("smtp://mail:587", "smtp://mail:587"),
            ("smtps://mail", "tls://mail:465"),
            ("ldap://[::1]/", "ldap://[::1]:389"),
            ("ldaps://directory:1636", "tls://directory:1636"),
            ("postgresql://db/", "postgres://db:5432"),
            ("tls://[fd00:0::1]:443?sni=shop.example.com#2", "tls://[fd00::1]:443?sni=shop.example.com#2"),
            ("node/cp1:tls://127.0.0.1:10257", "node/cp1:tls://127.0.0.1:10257"),
        ] {
            assert_eq!(typed.parse::<Location>().map(|at| at.to_string()), Ok(printed.to_owned()), "{typed}");
        }
        for wrong in [
            "tls://host",
            "tls://h:1?sni=",
            "tls://h:1?name=x",
            "smtp://",
            "ldap://a b@c",
            "postgres://u@h/db",
            "smtp://:/: m",
            "tls://%2F:1",
        ] {
            assert!(wrong.parse::<Location>().is_err(), "{wrong}");
        }
    }
}
