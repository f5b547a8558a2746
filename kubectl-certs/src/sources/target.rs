//! What people may write to name certificates, and which rows each means. Every printed `Location` is one of them.

use crate::layouts::{self, Layout};
use crate::model::{BundleKind, Endpoint, Entry, FoundLayout, Location, Place, Row};

/// Prefixes win; then come names of kubeadm's, existing paths, names of other layouts, `kind/…`, `HOST:PORT`.
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
    ConfigMap {
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
        Err(error) if Endpoint::is_meant_by(text) || text.starts_with("node/") => return Err(wrong(error.why)),
        Err(_) => {}
    }
    if let Some(path) = text.strip_prefix("kubeconfig:") {
        return Ok(Target::Kubeconfig(unescaped(path)));
    }
    let named = |layout: &&&Layout| layout.knows(text);
    if layouts::ALL.iter().filter(|layout| layout.renewed_by.is_none()).any(|layout| named(&layout)) {
        return Ok(Target::Named(text.to_owned()));
    }
    if exists(text) {
        return Ok(Target::Path(text.to_owned()));
    }
    // Some layouts have names such as `client` and `server`, as folders of people do.
    if layouts::ALL.iter().any(|layout| named(&layout)) {
        return Ok(Target::Named(text.to_owned()));
    }
    if let Some((path, number)) = numbered_path(text).filter(|(path, _)| exists(path)) {
        return Ok(Target::At(Location::file(path).numbered(number)));
    }
    if let Some(rest) = text.strip_prefix("secret/").or_else(|| text.strip_prefix("secrets/")) {
        let (namespace, name) = namespaced(rest)
            .ok_or_else(|| wrong("'secret/NAME', 'secret/NAMESPACE/NAME' or 'secret/NAMESPACE/NAME/KEY' is wanted"))?;
        return Ok(Target::Secret { namespace, name });
    }
    if let Some(rest) = ["configmap/", "configmaps/", "cm/"].into_iter().find_map(|kind| text.strip_prefix(kind)) {
        let (namespace, name) = namespaced(rest).ok_or_else(|| {
            wrong("'configmap/NAME', 'configmap/NAMESPACE/NAME' or 'configmap/NAMESPACE/NAME/KEY' is wanted")
        })?;
        return Ok(Target::ConfigMap { namespace, name });
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
        return Ok(Target::At(Location::from(Place::Endpoint(Endpoint::tls(host, port)))));
    }
    Err(wrong("no such file, no name of a layout, no 'KIND/NAME', no 'HOST:PORT'"))
}

/// `NAME` or `NAMESPACE/NAME`.
fn namespaced(text: &str) -> Option<(Option<String>, String)> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [name] if !name.is_empty() => Some((None, (*name).to_owned())),
        [namespace, name] if !namespace.is_empty() && !name.is_empty() => {
            Some((Some((*namespace).to_owned()), (*name).to_owned()))
        }
        _ => None,
    }
}

/// `PATH#N`: the Nth certificate of a file.
pub(super) fn numbered_path(text: &str) -> Option<(&str, usize)> {
    let (path, number) = text.rsplit_once('#')?;
    Some((path, number.parse().ok().filter(|number| *number > 0)?))
}

/// Names are written as in URLs where they are printed.
fn unescaped(path: &str) -> String {
    match format!("file:{path}").parse() {
        Ok(Location { place: Place::File { path, .. }, number: None }) => path,
        _ => path.to_owned(),
    }
}

/// A plain `file:` may be a folder; only a number makes it one certificate.
fn whole_place(location: Location) -> Target {
    match (&location.place, location.number) {
        (Place::File { node: None, path }, None) => Target::Path(path.clone()),
        _ => Target::At(location),
    }
}

impl core::fmt::Display for Target {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::At(location) => location.fmt(f),
            Self::Path(path) => f.write_str(path),
            Self::Kubeconfig(path) => write!(f, "kubeconfig:{path}"),
            Self::Secret { namespace: Some(namespace), name } => write!(f, "secret/{namespace}/{name}"),
            Self::Secret { namespace: None, name } => write!(f, "secret/{name}"),
            Self::ConfigMap { namespace: Some(namespace), name } => write!(f, "configmap/{namespace}/{name}"),
            Self::ConfigMap { namespace: None, name } => write!(f, "configmap/{name}"),
            Self::Webhook { kind, name } => write!(f, "{}/{name}", kind.prefix()),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Target {
    /// It lies behind the API server.
    pub fn is_of_the_cluster(&self) -> bool {
        match self {
            Self::Secret { .. } | Self::ConfigMap { .. } | Self::Webhook { .. } => true,
            Self::At(location) => matches!(
                location.place.whole(),
                Place::Secret { .. }
                    | Place::ConfigMap { .. }
                    | Place::CaBundle { .. }
                    | Place::SigningRequest { .. }
                    | Place::Managed { .. }
            ),
            Self::Path(_) | Self::Kubeconfig(_) | Self::Named(_) => false,
        }
    }

    /// Does it mean this certificate?
    pub fn matches(&self, row: &Row<'_>) -> bool {
        // The layout's name is that of the first certificate; what stands behind it has a number.
        let name = row.entry.origin.name.as_deref().filter(|_| row.index == 0);
        let copies = || row.entry.also_in.iter().any(|at| self.means(&at.clone().numbered(row.index + 1), None));
        self.means(&row.entry.at.clone().numbered(row.index + 1), name)
            || (row.index == 0 && self.is_key_of(row.entry))
            || copies()
    }

    /// Does it mean an entry that is no certificate?
    pub fn means_entry(&self, entry: &Entry) -> bool {
        self.means(&entry.at, entry.origin.name.as_deref())
    }

    /// Findings name the key beside a certificate too: it stands for the pair.
    fn is_key_of(&self, entry: &Entry) -> bool {
        let Some(key) = &entry.key_at else { return false };
        match self {
            Self::At(location) => *location == **key,
            Self::Path(path) => key.path() == Some(path),
            _ => false,
        }
    }

    /// Does it mean this place? `name` is the layout's name for it. A place without a number is about its first
    /// certificate.
    pub fn means(&self, at: &Location, name: Option<&str>) -> bool {
        match self {
            // A whole document stands for the values inside of it.
            Self::At(location) if at.place != location.place => {
                location.number.is_none() && *at.place.whole() == location.place
            }
            Self::At(location) => location.number.is_none_or(|number| number == at.number.unwrap_or(1)),
            Self::Path(path) => at.path().is_some_and(|own| is_below(own, path)),
            Self::Kubeconfig(path) => {
                matches!(&at.place, Place::Kubeconfig { path: own, .. } if is_below(own, path))
            }
            Self::Secret { namespace, name } => matches!(
                at.place.whole(),
                Place::Secret { namespace: own, name: own_name, .. }
                    if **own_name == **name && namespace.as_deref().is_none_or(|namespace| *namespace == **own)
            ),
            Self::ConfigMap { namespace, name } => matches!(
                at.place.whole(),
                Place::ConfigMap { namespace: own, name: own_name, .. }
                    if own_name == name && namespace.as_ref().is_none_or(|namespace| namespace == own)
            ),
            Self::Webhook { kind, name } => {
                matches!(&at.place, Place::CaBundle { kind: own, name: own_name, .. } if own == kind && own_name == name)
            }
            Self::Named(wanted) => name == Some(wanted),
        }
    }

    /// The files that a layout's own name stands for on these disks.
    pub fn files(&self, found: &[FoundLayout]) -> Vec<Location> {
        let Self::Named(name) = self else { return Vec::new() };
        let files = |found: &FoundLayout| {
            let paths = Layout::named(&found.name).map(|layout| layout.files(name)).unwrap_or_default();
            paths.into_iter().map(|path| found.place(&path)).collect::<Vec<_>>()
        };
        found.iter().flat_map(files).collect()
    }

    /// Where it would be, for what is said when nothing is there.
    pub fn location(&self) -> Option<Location> {
        let any = || "*".to_owned();
        Some(match self {
            Self::At(location) => location.clone(),
            Self::Path(path) | Self::Kubeconfig(path) => Location::file(path.clone()),
            Self::Secret { namespace, name } => Location::from(Place::Secret {
                namespace: namespace.as_deref().unwrap_or("*").into(),
                name: name.as_str().into(),
                key: "*".into(),
            }),
            Self::ConfigMap { namespace, name } => Location::from(Place::ConfigMap {
                namespace: namespace.clone().unwrap_or_else(any),
                name: name.clone(),
                key: any(),
            }),
            Self::Webhook { kind, name } => {
                Location::from(Place::CaBundle { kind: *kind, name: name.clone(), field: any() })
            }
            Self::Named(_) => return None,
        })
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
        assert_eq!(parsed("kubeconfig:/a%20b"), Target::Kubeconfig("/a b".to_owned()));
        assert!(matches!(parsed("kubeconfig:/k#user/a"), Target::At(_)));
        assert!(matches!(parsed("secret/tls"), Target::Secret { namespace: None, .. }));
        assert!(matches!(parsed("secret/ns/tls/tls.crt#2"), Target::At(_)));
        assert!(matches!(parsed("secret/ns/conf/value#user/admin"), Target::At(_)));
        assert!(matches!(parsed("cm/kube-root-ca.crt"), Target::ConfigMap { namespace: None, .. }));
        assert!(matches!(parsed("csr/node-csr-1"), Target::At(_)));
        assert!(matches!(parsed("certificate/shop/web"), Target::At(_)));
        assert!(matches!(parsed("clusterissuer/own"), Target::At(_)));
        assert!(matches!(parsed("apiservice/v1beta1.metrics.k8s.io"), Target::At(_)));
        assert!(matches!(parsed("file:/a.rkestate#/desiredState/x"), Target::At(_)));
        assert!(matches!(parsed("webhook/validating/w"), Target::Webhook { .. }));
        assert!(matches!(parsed("example.com:443"), Target::At(_)));
        assert!(matches!(parsed("[::1]:6443"), Target::At(_)));
        assert!(matches!(parsed("smtp://mail"), Target::At(_)));
        assert!(matches!(parsed("node/cp1:tls://127.0.0.1:10257"), Target::At(_)));
        assert_eq!(parse("secret/x", all), Ok(Target::Path("secret/x".to_owned())));
        assert_eq!(parse("a#2", |path| path == "a"), Ok(Target::At(Location::file("a").numbered(2))));
        for text in ["", "nonsense", "tls://x", "tls://x:1?y", "file:", "secret/", "webhook/other/x", "a/b:c"] {
            assert!(parse(text, nothing).is_err(), "{text}");
        }
    }
}
