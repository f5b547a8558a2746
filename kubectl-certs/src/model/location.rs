//! Where material lives: ordered, printable, parsable, stable. What is printed is accepted as a target.
//!
//! | text | meaning |
//! |---|---|
//! | `file:PATH` | a file on this machine |
//! | `node/NAME:PATH` | a file on another node |
//! | `kubeconfig:PATH#user/NAME`, `…#cluster/NAME` | an entry of a kubeconfig (also after `node/NAME:PATH`) |
//! | `secret/NAMESPACE/NAME/KEY` | a key of a Secret |
//! | `webhook/validating/NAME/HOOK`, `webhook/mutating/NAME/HOOK` | a caBundle |
//! | `tls://HOST:PORT` | what a server presents |
//! | `-` | standard input (`stdin#N` is understood too: `-#N` looks like an option) |
//!
//! `#N` at the end means the Nth certificate there. Spaces, characters that steer, `%` and `#` inside names are written as
//! in URLs (`%20`), so that a printed name is always one word and can be split again.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub struct Location {
    pub place: Place,
    /// Counts from 1; absent for all that is there.
    pub number: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    File { node: Option<String>, path: String },
    Kubeconfig { node: Option<String>, path: String, field: KubeconfigField },
    Secret { namespace: String, name: String, key: String },
    CaBundle { kind: BundleKind, name: String, field: String },
    Endpoint { host: String, port: u16 },
    StandardInput,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KubeconfigField {
    /// `certificate-authority-data` of the cluster of this name.
    Cluster(String),
    /// `client-certificate-data` of the user of this name.
    User(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BundleKind {
    MutatingWebhook,
    ValidatingWebhook,
}

impl Location {
    pub fn file(path: impl Into<String>) -> Self {
        Self::from(Place::File { node: None, path: path.into() })
    }

    pub fn file_on(node: Option<&str>, path: impl Into<String>) -> Self {
        Self::from(Place::File { node: node.map(str::to_owned), path: path.into() })
    }

    pub fn kubeconfig_on(node: Option<&str>, path: impl Into<String>, field: KubeconfigField) -> Self {
        Self::from(Place::Kubeconfig { node: node.map(str::to_owned), path: path.into(), field })
    }

    #[must_use]
    pub fn numbered(self, number: usize) -> Self {
        Self { number: Some(number), ..self }
    }

    /// The file that holds it, where a file does.
    pub fn path(&self) -> Option<&str> {
        match &self.place {
            Place::File { path, .. } | Place::Kubeconfig { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The node that holds it, where that is not this machine.
    pub fn node(&self) -> Option<&str> {
        match &self.place {
            Place::File { node, .. } | Place::Kubeconfig { node, .. } => node.as_deref(),
            _ => None,
        }
    }

    /// The whole file that holds it, where a file does.
    pub fn whole_file(&self) -> Option<Self> {
        Some(self.beside(self.path()?))
    }

    /// Another file on the same node.
    #[must_use]
    pub fn beside(&self, path: &str) -> Self {
        Self::file_on(self.node(), path)
    }
}

impl From<Place> for Location {
    fn from(place: Place) -> Self {
        Self { place, number: None }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |node: &Option<String>, otherwise: &str| match node {
            Some(node) => format!("node/{}:", escape(node)),
            None => otherwise.to_owned(),
        };
        match &self.place {
            Place::File { node, path } => write!(f, "{}{}", on(node, "file:"), escape(path))?,
            Place::Kubeconfig { node, path, field } => {
                let (kind, name) = match field {
                    KubeconfigField::Cluster(name) => ("cluster", name),
                    KubeconfigField::User(name) => ("user", name),
                };
                write!(f, "{}{}#{kind}/{}", on(node, "kubeconfig:"), escape(path), escape(name))?;
            }
            Place::Secret { namespace, name, key } => {
                write!(f, "secret/{}/{}/{}", escape(namespace), escape(name), escape(key))?;
            }
            Place::CaBundle { kind, name, field } => {
                let kind = match kind {
                    BundleKind::MutatingWebhook => "mutating",
                    BundleKind::ValidatingWebhook => "validating",
                };
                write!(f, "webhook/{kind}/{}/{}", escape(name), escape(field))?;
            }
            Place::Endpoint { host, port } if host.contains(':') => write!(f, "tls://[{host}]:{port}")?,
            Place::Endpoint { host, port } => write!(f, "tls://{}:{port}", escape(host))?,
            Place::StandardInput => f.write_str("-")?,
        }
        match self.number {
            Some(number) => write!(f, "#{number}"),
            None => Ok(()),
        }
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a place that certificates live in: {why}")]
pub struct LocationError {
    pub text: String,
    pub why: &'static str,
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let wrong = |why| LocationError { text: text.to_owned(), why };
        let (body, number) = split_number(text);
        let place = if body == "-" || (body == "stdin" && number.is_some()) {
            Place::StandardInput
        } else if let Some(path) = body.strip_prefix("file:") {
            Place::File { node: None, path: unescape(path) }
        } else if let Some(rest) = body.strip_prefix("kubeconfig:") {
            let (path, field) = split_field(rest).ok_or_else(|| wrong("'#user/NAME' or '#cluster/NAME' is missing"))?;
            Place::Kubeconfig { node: None, path, field }
        } else if let Some(rest) = body.strip_prefix("node/") {
            let (node, rest) = rest.split_once(':').ok_or_else(|| wrong("'node/NAME:PATH' is wanted"))?;
            let node = Some(unescape(node));
            match split_field(rest) {
                Some((path, field)) => Place::Kubeconfig { node, path, field },
                None => Place::File { node, path: unescape(rest) },
            }
        } else if let Some(rest) = body.strip_prefix("secret/") {
            match words(rest).as_slice() {
                [namespace, name, key] => {
                    Place::Secret { namespace: namespace.clone(), name: name.clone(), key: key.clone() }
                }
                _ => return Err(wrong("'secret/NAMESPACE/NAME/KEY' is wanted")),
            }
        } else if let Some(rest) = body.strip_prefix("webhook/") {
            let (kind, name, field) = match words(rest).as_slice() {
                [kind, name, field] => (kind.clone(), name.clone(), field.clone()),
                _ => return Err(wrong("'webhook/validating/NAME/HOOK' is wanted")),
            };
            let kind = match kind.as_str() {
                "mutating" => BundleKind::MutatingWebhook,
                "validating" => BundleKind::ValidatingWebhook,
                _ => return Err(wrong("a webhook is 'validating' or 'mutating'")),
            };
            Place::CaBundle { kind, name, field }
        } else if let Some(rest) = body.strip_prefix("tls://") {
            let (host, port) = host_and_port(rest).ok_or_else(|| wrong("'tls://HOST:PORT' is wanted"))?;
            Place::Endpoint { host, port }
        } else {
            return Err(wrong("no such kind of place"));
        };
        Ok(Self { place, number })
    }
}

/// `HOST:PORT`, IPv6 addresses in brackets.
pub fn host_and_port(text: &str) -> Option<(String, u16)> {
    let text = text.trim_end_matches('/');
    let (host, port) = text.rsplit_once(':')?;
    let host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<core::net::Ipv6Addr>().ok()?.to_string(),
        None => host.to_owned(),
    };
    let plain = !host.is_empty() && !host.contains(['/', '[', ']', '@']);
    (plain).then_some(())?;
    Some((unescape(&host), port.parse().ok()?))
}

/// A `#N` at the end. Names never contain a bare `#`, so it cannot be part of one.
fn split_number(text: &str) -> (&str, Option<usize>) {
    match text.rsplit_once('#') {
        Some((body, number)) if !body.is_empty() => match number.parse() {
            Ok(number) if number > 0 && !number_is_padded(text) => (body, Some(number)),
            _ => (text, None),
        },
        _ => (text, None),
    }
}

fn number_is_padded(text: &str) -> bool {
    text.rsplit_once('#').is_some_and(|(_, number)| number.starts_with(['0', '+']))
}

fn split_field(text: &str) -> Option<(String, KubeconfigField)> {
    let (path, field) = text.split_once('#')?;
    let field = if let Some(name) = field.strip_prefix("user/") {
        KubeconfigField::User(unescape(name))
    } else {
        KubeconfigField::Cluster(unescape(field.strip_prefix("cluster/")?))
    };
    Some((unescape(path), field))
}

fn words(text: &str) -> Vec<String> {
    text.split('/').map(unescape).collect()
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) || c.is_whitespace() || matches!(c, '%' | '#') {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// Control characters, line breaks, and marks that change the direction of writing (Unicode's `Bidi_Control`): they
/// move the cursor, or make one name look like another.
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Undoes `escape`; a `%` that begins no escape stands for itself, as people type it.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = escaped {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

impl From<Location> for String {
    fn from(location: Location) -> Self {
        location.to_string()
    }
}

impl TryFrom<String> for Location {
    type Error = LocationError;

    fn try_from(text: String) -> Result<Self, LocationError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_place() -> impl Strategy<Value = Place> {
        let name = "[a-z0-9.-]{1,12}";
        let odd = "[ -~\u{e9}\u{202E}\u{61C}\n#%]{1,16}";
        let node = proptest::option::of("[a-z0-9.-]{1,8}");
        let field = (any::<bool>(), odd)
            .prop_map(|(user, name)| if user { KubeconfigField::User(name) } else { KubeconfigField::Cluster(name) });
        let kind = any::<bool>()
            .prop_map(|mutating| if mutating { BundleKind::MutatingWebhook } else { BundleKind::ValidatingWebhook });
        prop_oneof![
            (node.clone(), odd).prop_map(|(node, path)| Place::File { node, path }),
            (node, odd, field).prop_map(|(node, path, field)| Place::Kubeconfig { node, path, field }),
            (name, name, "[-._a-zA-Z0-9]{1,12}").prop_map(|(namespace, name, key)| Place::Secret {
                namespace,
                name,
                key
            }),
            (kind, name, name).prop_map(|(kind, name, field)| Place::CaBundle { kind, name, field }),
            (prop_oneof![name.prop_map(String::from), Just("::1".to_owned())], any::<u16>())
                .prop_map(|(host, port)| Place::Endpoint { host, port }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_again(place in any_place(), number in proptest::option::of(1_usize..9)) {
            let location = Location { place, number };
            let text = location.to_string();
            prop_assert!(!text.contains(char::is_whitespace) && !text.contains(steers));
            prop_assert_eq!(text.parse::<Location>(), Ok(location));
        }

        #[test]
        fn nothing_that_people_type_panics(text in "\\PC{0,40}") {
            let _unused = text.parse::<Location>();
        }
    }
}
