//! Where material lives: ordered, printable, parsable, stable. What is printed is accepted as a target.
//!
//! | text | meaning |
//! |---|---|
//! | `file:PATH` | a file on this machine |
//! | `node/NAME:PATH` | a file on another node |
//! | `kubeconfig:PATH#user/NAME`, `…#cluster/NAME` | an entry of a kubeconfig (also after `node/NAME:PATH`) |
//! | `secret/NAMESPACE/NAME/KEY` | a key of a Secret |
//! | `configmap/NAMESPACE/NAME/KEY` | a key of a ConfigMap |
//! | `webhook/validating/NAME/HOOK`, `webhook/mutating/NAME/HOOK` | the caBundle of a webhook |
//! | `apiservice/NAME`, `crd/NAME` | the caBundle of an aggregated API, of a conversion webhook |
//! | `csr/NAME` | a CertificateSigningRequest |
//! | `certificate/NAMESPACE/NAME`, `issuer/…`, `certificaterequest/…`, `clusterissuer/NAME` | an object of cert-manager |
//! | `PLACE#/A/B` | a value inside of a structured document there, as a JSON Pointer (RFC 6901) |
//! | `PLACE#user/NAME`, `PLACE#cluster/NAME` | an entry of a kubeconfig that is the value of a Secret or ConfigMap |
//! | `tls://HOST:PORT`, `tls://HOST:PORT?sni=NAME` | what a server presents, also when asked for that name |
//! | `smtp://HOST:PORT`, `ldap://…`, `postgres://…` | the same where TLS begins within another protocol |
//! | `node/NAME:tls://HOST:PORT` | the same as that node sees it |
//! | `-` | standard input (`stdin#N` is understood too: `-#N` looks like an option) |
//!
//! `#N` at the end means the Nth certificate there. Spaces, characters that steer, `%` and `#` inside names are written as
//! in URLs (`%20`), so that a printed name is always one word and can be split again.

use core::fmt;
use core::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Endpoint, ManagedKind};

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
    File {
        node: Option<String>,
        path: String,
    },
    Kubeconfig {
        node: Option<String>,
        path: String,
        field: KubeconfigField,
    },
    /// There may be a hundred thousand of them, most with a neighbour: what they have in common is kept once.
    Secret {
        namespace: Arc<str>,
        name: Arc<str>,
        key: Arc<str>,
    },
    ConfigMap {
        namespace: String,
        name: String,
        key: String,
    },
    /// `field` is the name of the hook; empty where the object has one caBundle.
    CaBundle {
        kind: BundleKind,
        name: String,
        field: String,
    },
    SigningRequest {
        name: String,
    },
    /// Of cert-manager; the namespace is empty where the kind has none.
    Managed {
        kind: ManagedKind,
        namespace: String,
        name: String,
    },
    Endpoint(Endpoint),
    StandardInput,
    Field {
        of: Box<Self>,
        pointer: Pointer,
    },
}

/// Where in a structured document: a JSON Pointer, or an entry of a kubeconfig. A kubeconfig that is a file of its own is
/// `Place::Kubeconfig`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pointer {
    /// As RFC 6901 writes it; begins with `/`.
    Json(String),
    Kubeconfig(KubeconfigField),
}

impl Pointer {
    /// To a value by the keys that lead to it.
    pub fn json<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Json(keys.into_iter().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1"))).collect())
    }

    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('/') {
            Some(_) => Some(Self::Json(unescape(text))),
            None => KubeconfigField::parse(text).map(Self::Kubeconfig),
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(pointer) => f.write_str(&escape(pointer)),
            Self::Kubeconfig(field) => field.fmt(f),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KubeconfigField {
    /// `certificate-authority-data` of the cluster of this name.
    Cluster(String),
    /// `client-certificate-data` of the user of this name.
    User(String),
}

impl KubeconfigField {
    fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix("user/") {
            Some(name) => Some(Self::User(unescape(name))),
            None => Some(Self::Cluster(unescape(text.strip_prefix("cluster/")?))),
        }
    }
}

impl fmt::Display for KubeconfigField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(name) => write!(f, "cluster/{}", escape(name)),
            Self::User(name) => write!(f, "user/{}", escape(name)),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BundleKind {
    ApiService,
    /// Of the conversion webhook of a CustomResourceDefinition.
    Conversion,
    MutatingWebhook,
    ValidatingWebhook,
}

impl BundleKind {
    /// What its names begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiService => "apiservice",
            Self::Conversion => "crd",
            Self::MutatingWebhook => "webhook/mutating",
            Self::ValidatingWebhook => "webhook/validating",
        }
    }

    /// An object of this kind has several, each with a name.
    pub fn has_fields(self) -> bool {
        matches!(self, Self::MutatingWebhook | Self::ValidatingWebhook)
    }
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

    /// A value inside of the document that is here.
    #[must_use]
    pub fn field(self, pointer: Pointer) -> Self {
        Self::from(Place::Field { of: Box::new(self.place), pointer })
    }

    /// The file that holds it, where a file does.
    pub fn path(&self) -> Option<&str> {
        match self.place.whole() {
            Place::File { path, .. } | Place::Kubeconfig { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The node that holds it, where that is not this machine.
    pub fn node(&self) -> Option<&str> {
        match self.place.whole() {
            Place::File { node, .. } | Place::Kubeconfig { node, .. } | Place::Endpoint(Endpoint { node, .. }) => {
                node.as_deref()
            }
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

impl Place {
    /// The document, where this is a value inside of one.
    pub fn whole(&self) -> &Self {
        match self {
            Self::Field { of, .. } => of.whole(),
            place => place,
        }
    }
}

impl From<Place> for Location {
    fn from(place: Place) -> Self {
        Self { place, number: None }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some(number) => write!(f, "{}#{number}", self.place),
            None => self.place.fmt(f),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |node: &Option<String>, otherwise: &str| match node {
            Some(node) => format!("node/{}:", escape(node)),
            None => otherwise.to_owned(),
        };
        match self {
            Self::File { node, path } => write!(f, "{}{}", on(node, "file:"), escape(path)),
            Self::Kubeconfig { node, path, field } => write!(f, "{}{}#{field}", on(node, "kubeconfig:"), escape(path)),
            Self::Secret { namespace, name, key } => {
                write!(f, "secret/{}/{}/{}", escape(namespace), escape(name), escape(key))
            }
            Self::ConfigMap { namespace, name, key } => {
                write!(f, "configmap/{}/{}/{}", escape(namespace), escape(name), escape(key))
            }
            Self::CaBundle { kind, name, field } => {
                write!(f, "{}/{}", kind.prefix(), escape(name))?;
                if kind.has_fields() { write!(f, "/{}", escape(field)) } else { Ok(()) }
            }
            Self::SigningRequest { name } => write!(f, "csr/{}", escape(name)),
            Self::Managed { kind, namespace, name } if kind.is_namespaced() => {
                write!(f, "{}/{}/{}", kind.prefix(), escape(namespace), escape(name))
            }
            Self::Managed { kind, name, .. } => write!(f, "{}/{}", kind.prefix(), escape(name)),
            Self::Endpoint(endpoint) => endpoint.fmt(f),
            Self::StandardInput => f.write_str("-"),
            Self::Field { of, pointer } => write!(f, "{of}#{pointer}"),
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
        let (body, number) = split_number(text);
        let place = if body == "stdin" && number.is_some() { Ok(Place::StandardInput) } else { parse_place(body) };
        match place {
            Ok(place) => Ok(Self { place, number }),
            Err(why) => Err(LocationError { text: text.to_owned(), why }),
        }
    }
}

fn parse_place(text: &str) -> Result<Place, &'static str> {
    if text == "-" {
        return Ok(Place::StandardInput);
    }
    if let Some(rest) = text.strip_prefix("kubeconfig:") {
        let (path, field) = split_field(rest).ok_or("'#user/NAME' or '#cluster/NAME' is missing")?;
        return Ok(Place::Kubeconfig { node: None, path, field });
    }
    let (whole, pointer) = match text.split_once('#') {
        Some((whole, pointer)) => (whole, Pointer::parse(pointer)),
        None => (text, None),
    };
    match (parse_whole(if pointer.is_some() { whole } else { text })?, pointer) {
        // A kubeconfig on a node has no prefix of its own.
        (Place::File { node: node @ Some(_), path }, Some(Pointer::Kubeconfig(field))) => {
            Ok(Place::Kubeconfig { node, path, field })
        }
        (Place::File { .. }, Some(Pointer::Kubeconfig(_))) => Err("an entry of a kubeconfig begins with 'kubeconfig:'"),
        (of, Some(pointer)) => Ok(Place::Field { of: Box::new(of), pointer }),
        (place, None) => Ok(place),
    }
}

/// What is no value inside of something else.
fn parse_whole(text: &str) -> Result<Place, &'static str> {
    if let Some(path) = text.strip_prefix("file:") {
        return Ok(Place::File { node: None, path: unescape(path) });
    }
    if let Some(endpoint) = Endpoint::parse(text) {
        return endpoint.map(Place::Endpoint);
    }
    let (kind, rest) = text.split_once('/').ok_or("no such kind of place")?;
    if kind == "node" {
        let (node, path) = rest.split_once(':').ok_or("'node/NAME:PATH' is wanted")?;
        if let Some(endpoint) = Endpoint::parse(path) {
            return Ok(Place::Endpoint(Endpoint { node: Some(unescape(node)), ..endpoint? }));
        }
        return Ok(Place::File { node: Some(unescape(node)), path: unescape(path) });
    }
    let words: Vec<String> = rest.split('/').map(unescape).collect();
    let mut words = words.into_iter();
    // No more and no fewer than these words; a name may be empty nowhere that is printed.
    let (first, second, third, more) = (words.next(), words.next(), words.next(), words.next());
    match (kind, first, second, third, more) {
        ("secret", Some(namespace), Some(name), Some(key), None) => {
            Ok(Place::Secret { namespace: namespace.into(), name: name.into(), key: key.into() })
        }
        ("secret", ..) => Err("'secret/NAMESPACE/NAME/KEY' is wanted"),
        ("configmap", Some(namespace), Some(name), Some(key), None) => Ok(Place::ConfigMap { namespace, name, key }),
        ("configmap", ..) => Err("'configmap/NAMESPACE/NAME/KEY' is wanted"),
        ("webhook", Some(kind), Some(name), Some(field), None) => {
            let kind = match kind.as_str() {
                "mutating" => BundleKind::MutatingWebhook,
                "validating" => BundleKind::ValidatingWebhook,
                _ => return Err("a webhook is 'validating' or 'mutating'"),
            };
            Ok(Place::CaBundle { kind, name, field })
        }
        ("webhook", ..) => Err("'webhook/validating/NAME/HOOK' is wanted"),
        ("apiservice", Some(name), None, ..) => {
            Ok(Place::CaBundle { kind: BundleKind::ApiService, name, field: String::new() })
        }
        ("apiservice", ..) => Err("'apiservice/NAME' is wanted"),
        ("crd", Some(name), None, ..) => {
            Ok(Place::CaBundle { kind: BundleKind::Conversion, name, field: String::new() })
        }
        ("crd", ..) => Err("'crd/NAME' is wanted"),
        ("csr", Some(name), None, ..) => Ok(Place::SigningRequest { name }),
        ("csr", ..) => Err("'csr/NAME' is wanted"),
        (kind, first, second, third, _) => parse_managed(kind, first, second, third),
    }
}

fn parse_managed(
    kind: &str,
    first: Option<String>,
    second: Option<String>,
    third: Option<String>,
) -> Result<Place, &'static str> {
    let kind = ManagedKind::ALL.into_iter().find(|known| known.prefix() == kind).ok_or("no such kind of place")?;
    match (kind.is_namespaced(), first, second, third) {
        (true, Some(namespace), Some(name), None) => Ok(Place::Managed { kind, namespace, name }),
        (true, ..) => Err("'KIND/NAMESPACE/NAME' is wanted"),
        (false, Some(name), None, None) => Ok(Place::Managed { kind, namespace: String::new(), name }),
        (false, ..) => Err("'KIND/NAME' is wanted: it has no namespace"),
    }
}

/// `HOST:PORT`, IPv6 addresses in brackets.
pub fn host_and_port(text: &str) -> Option<(String, u16)> {
    let text = text.trim_end_matches('/');
    let (host, port) = text.rsplit_once(':')?;
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = unescape(inner.unwrap_or(host));
    // What has a colon is an address, in brackets or not, and is written in one way.
    let host = if inner.is_some() || host.contains(':') {
        host.parse::<core::net::Ipv6Addr>().ok()?.to_string()
    } else {
        host
    };
    let is_plain = !host.is_empty() && !host.contains(['/', '[', ']', '@', '?']);
    Some((Some(host).filter(|_| is_plain)?, port.parse().ok()?))
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
    Some((unescape(path), KubeconfigField::parse(field)?))
}

pub(super) fn escape(text: &str) -> String {
    // Nearly all are so.
    if text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'#')) {
        return text.to_owned();
    }
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
pub(super) fn unescape(text: &str) -> String {
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
    use crate::model::Protocol::{Ldap, Postgres, Smtp, Tls};

    fn any_place() -> impl Strategy<Value = Place> {
        let name = "[a-z0-9.-]{1,12}";
        let odd = "[ -~\u{e9}\u{202E}\u{61C}\n#%]{1,16}";
        let node = proptest::option::of("[a-z0-9.-]{1,8}");
        let field = (any::<bool>(), odd)
            .prop_map(|(user, name)| if user { KubeconfigField::User(name) } else { KubeconfigField::Cluster(name) });
        let kind = any::<bool>()
            .prop_map(|mutating| if mutating { BundleKind::MutatingWebhook } else { BundleKind::ValidatingWebhook });
        let kind_alone =
            any::<bool>().prop_map(|api| if api { BundleKind::ApiService } else { BundleKind::Conversion });
        let pointer =
            proptest::collection::vec(odd, 1..4).prop_map(|keys| Pointer::json(keys.iter().map(String::as_str)));
        let entry = field.clone().prop_map(Pointer::Kubeconfig);
        let protocol = proptest::sample::select(vec![Tls, Smtp, Ldap, Postgres]);
        let host = prop_oneof![name.prop_map(String::from), Just("::1".to_owned())];
        let endpoint = (node.clone(), protocol, host, any::<u16>(), proptest::option::of(odd));
        let endpoint = endpoint.prop_map(|(node, protocol, host, port, asked_name)| {
            Place::Endpoint(Endpoint { node, protocol, host, port, asked_name })
        });
        let file = (node.clone(), odd).prop_map(|(node, path)| Place::File { node, path });
        let config_map = (name, name, "[-._a-zA-Z0-9]{1,12}").prop_map(|(namespace, name, key)| Place::ConfigMap {
            namespace,
            name,
            key,
        });
        let managed = (0..ManagedKind::ALL.len(), name, name).prop_map(|(kind, namespace, name)| {
            let kind = ManagedKind::ALL[kind];
            Place::Managed { kind, namespace: if kind.is_namespaced() { namespace } else { String::new() }, name }
        });
        prop_oneof![
            (kind_alone, name).prop_map(|(kind, name)| Place::CaBundle { kind, name, field: String::new() }),
            name.prop_map(|name| Place::SigningRequest { name }),
            managed,
            (config_map.clone(), prop_oneof![entry, pointer.clone()])
                .prop_map(|(of, pointer)| Place::Field { of: Box::new(of), pointer }),
            (file, pointer).prop_map(|(of, pointer)| Place::Field { of: Box::new(of), pointer }),
            config_map,
            (node.clone(), odd).prop_map(|(node, path)| Place::File { node, path }),
            (node, odd, field).prop_map(|(node, path, field)| Place::Kubeconfig { node, path, field }),
            (name, name, "[-._a-zA-Z0-9]{1,12}").prop_map(|(namespace, name, key)| Place::Secret {
                namespace: namespace.into(),
                name: name.into(),
                key: key.into()
            }),
            (kind, name, name).prop_map(|(kind, name, field)| Place::CaBundle { kind, name, field }),
            endpoint,
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
