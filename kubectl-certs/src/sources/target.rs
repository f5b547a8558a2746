//! What people may write to name certificates, and which rows each means. Every printed `Location` is one of them.

use crate::layouts;
use crate::model::{BundleKind, Location, Place, Row};

/// Prefixes win; then come names of a layout, existing paths, `kind/…`, `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An exact place, as printed.
    At(Location),
    /// A file, or all below a folder.
    Path(String),
    /// All entries of a kubeconfig.
    Kubeconfig(String),
    Secret {
        namespace: Option<String>,
        name: String,
    },
    Webhook {
        kind: BundleKind,
        name: String,
    },
    /// A layout's own name: `apiserver`, `admin.conf`, `ca`.
    Named(String),
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' names no certificate: {why}")]
pub struct TargetError {
    pub text: String,
    pub why: String,
}

/// `exists` tells whether a path is there; everything else is decided by the text alone.
pub fn parse(text: &str, exists: impl Fn(&str) -> bool) -> Result<Target, TargetError> {
    let wrong = |why: &str| TargetError { text: text.to_owned(), why: why.to_owned() };
    if let Some(path) = text.strip_prefix("file:")
        && path.is_empty()
    {
        return Err(wrong("a path is missing after 'file:'"));
    }
    match text.parse::<Location>() {
        Ok(location) => return Ok(whole_place(location)),
        Err(error) if text.starts_with("tls://") || text.starts_with("node/") => return Err(wrong(error.why)),
        Err(_) => {}
    }
    if let Some(path) = text.strip_prefix("kubeconfig:") {
        return Ok(Target::Kubeconfig(path.to_owned()));
    }
    if is_layout_name(text) {
        return Ok(Target::Named(text.to_owned()));
    }
    if exists(text) {
        return Ok(Target::Path(text.to_owned()));
    }
    if let Some(rest) = text.strip_prefix("secret/").or_else(|| text.strip_prefix("secrets/")) {
        return match rest.split('/').collect::<Vec<_>>().as_slice() {
            [name] if !name.is_empty() => Ok(Target::Secret { namespace: None, name: (*name).to_owned() }),
            [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
                Ok(Target::Secret { namespace: Some((*namespace).to_owned()), name: (*name).to_owned() })
            }
            _ => Err(wrong("'secret/NAME', 'secret/NAMESPACE/NAME' or 'secret/NAMESPACE/NAME/KEY' is wanted")),
        };
    }
    if let Some(rest) = text.strip_prefix("webhook/") {
        let kind = match rest.split('/').next() {
            Some("validating") => BundleKind::ValidatingWebhook,
            Some("mutating") => BundleKind::MutatingWebhook,
            _ => return Err(wrong("'webhook/validating/NAME' or 'webhook/mutating/NAME' is wanted")),
        };
        return match rest.split('/').nth(1) {
            Some(name) if !name.is_empty() => Ok(Target::Webhook { kind, name: name.to_owned() }),
            _ => Err(wrong("the name of the webhook configuration is missing")),
        };
    }
    if !text.contains('/')
        && let Some((host, port)) = crate::model::host_and_port(text)
    {
        return Ok(Target::At(Location::from(Place::Endpoint { host, port })));
    }
    Err(wrong("no such file, no name of a layout, no 'KIND/NAME', no 'HOST:PORT'"))
}

/// A plain `file:` may be a folder; only a number makes it one certificate.
fn whole_place(location: Location) -> Target {
    match (&location.place, location.number) {
        (Place::File { node: None, path }, None) => Target::Path(path.clone()),
        _ => Target::At(location),
    }
}

fn is_layout_name(text: &str) -> bool {
    layouts::ALL.iter().any(|layout| layout.leaf(text).is_some() || layout.authority(text).is_some())
}

impl core::fmt::Display for Target {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::At(location) => location.fmt(f),
            Self::Path(path) => f.write_str(path),
            Self::Kubeconfig(path) => write!(f, "kubeconfig:{path}"),
            Self::Secret { namespace: Some(namespace), name } => write!(f, "secret/{namespace}/{name}"),
            Self::Secret { namespace: None, name } => write!(f, "secret/{name}"),
            Self::Webhook { kind: BundleKind::MutatingWebhook, name } => write!(f, "webhook/mutating/{name}"),
            Self::Webhook { kind: BundleKind::ValidatingWebhook, name } => write!(f, "webhook/validating/{name}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Target {
    pub fn matches(&self, row: &Row<'_>, namespace: &str) -> bool {
        let at = &row.entry.at;
        match self {
            Self::At(location) => {
                at.place == location.place && location.number.is_none_or(|number| number == row.index + 1)
            }
            Self::Path(path) => at.path().is_some_and(|own| is_below(own, path)),
            Self::Kubeconfig(path) => {
                matches!(&at.place, Place::Kubeconfig { path: own, .. } if is_below(own, path))
            }
            Self::Secret { namespace: wanted, name } => matches!(
                &at.place,
                Place::Secret { namespace: own, name: own_name, .. }
                    if own_name == name && own == wanted.as_deref().unwrap_or(namespace)
            ),
            Self::Webhook { kind, name } => {
                matches!(&at.place, Place::CaBundle { kind: own, name: own_name, .. } if own == kind && own_name == name)
            }
            Self::Named(name) => row.entry.origin.name.as_ref() == Some(name),
        }
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(['/', '\\']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_people_type() {
        let nothing = |_: &str| false;
        let all = |_: &str| true;
        let parsed = |text: &str| parse(text, nothing).expect(text);
        assert_eq!(parsed("apiserver"), Target::Named("apiserver".to_owned()));
        assert_eq!(parsed("admin.conf"), Target::Named("admin.conf".to_owned()));
        assert_eq!(parsed("file:/a b"), Target::Path("/a b".to_owned()));
        assert_eq!(parsed("kubeconfig:/k"), Target::Kubeconfig("/k".to_owned()));
        assert!(matches!(parsed("kubeconfig:/k#user/a"), Target::At(_)));
        assert!(matches!(parsed("secret/tls"), Target::Secret { namespace: None, .. }));
        assert!(matches!(parsed("secret/ns/tls/tls.crt#2"), Target::At(_)));
        assert!(matches!(parsed("webhook/validating/w"), Target::Webhook { .. }));
        assert!(matches!(parsed("example.com:443"), Target::At(_)));
        assert!(matches!(parsed("[::1]:6443"), Target::At(_)));
        assert_eq!(parse("secret/x", all), Ok(Target::Path("secret/x".to_owned())));
        for text in ["", "nonsense", "tls://x", "file:", "secret/", "webhook/other/x", "a/b:c"] {
            assert!(parse(text, nothing).is_err(), "{text}");
        }
    }
}
