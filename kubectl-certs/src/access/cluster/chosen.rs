//! Which cluster is meant: kubectl's files and options, before any connection.

#![expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kube::config::{AuthInfo, Cluster as KubeCluster, Context, KubeConfigOptions, Kubeconfig};
use kube::config::{NamedAuthInfo, NamedCluster, NamedContext};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::formats::{self, kubeconfig};
use crate::model::{Endpoint, KubeconfigField, Location, Place};
use crate::request::Connection;

/// Which kubeconfig files count, and what they say, without a connection.
pub struct Chosen {
    pub paths: Vec<PathBuf>,
    pub cluster: String,
    pub user: String,
    /// The files of the list that these two stand in: the first that names them.
    pub cluster_file: Option<PathBuf>,
    pub user_file: Option<PathBuf>,
    pub(super) kubeconfig: Kubeconfig,
    pub(super) options: KubeConfigOptions,
    /// kubectl's options name another authority than the kubeconfig.
    other_authority: bool,
}

impl Chosen {
    /// The namespace of the context, where it names one.
    pub fn namespace(&self) -> Option<String> {
        let context = self.options.context.as_ref()?;
        let named = self.kubeconfig.contexts.iter().find(|named| named.name == *context)?;
        named.context.as_ref()?.namespace.clone()
    }

    /// Where the cluster's entry stands, if in a file.
    pub fn location(&self) -> Option<Location> {
        let file = self.cluster_file.as_ref()?.to_string_lossy().into_owned();
        Some(Location::kubeconfig_on(None, file, KubeconfigField::Cluster(self.cluster.clone())))
    }

    /// What the API server is verified with, where a kubeconfig says that.
    pub fn authorities(&self) -> Option<Location> {
        self.location().filter(|_| !self.other_authority)
    }

    /// The API server's host and port.
    pub fn server(&self) -> Option<(String, u16)> {
        let named = self.kubeconfig.clusters.iter().find(|named| named.name == self.cluster)?;
        let url: http::Uri = named.cluster.as_ref()?.server.as_ref()?.parse().ok()?;
        let host = url.host()?.trim_matches(['[', ']']).to_owned();
        let usual = if url.scheme_str() == Some("http") { 80 } else { 443 };
        Some((host, url.port_u16().unwrap_or(usual)))
    }

    /// The same as a place; that of the kubeconfig where it names no server.
    pub fn endpoint(&self) -> Location {
        match self.server() {
            Some((host, port)) => Location::from(Place::Endpoint(Endpoint::tls(host, port))),
            None => self.location().unwrap_or_else(|| Location::file("/")),
        }
    }
}

/// The files that kubectl would read, whether or not they exist.
pub fn kubeconfig_paths(connection: &Connection) -> Vec<PathBuf> {
    // What is printed of them must mean the same in another folder.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    if let Some(path) = &connection.kubeconfig {
        return vec![absolute(PathBuf::from(path))];
    }
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        return std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).map(absolute).collect();
    }
    std::env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
}

/// None when there is no kubeconfig at all and no option names a server; an error when there is one that cannot be used.
pub fn choose(connection: &Connection) -> Result<Option<Chosen>, Error> {
    let paths = kubeconfig_paths(connection);
    let mut merged: Option<Kubeconfig> = None;
    let mut found = Vec::new();
    let mut clusters: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut users: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in paths {
        let text = match std::fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            // kubectl skips missing files of KUBECONFIG, but not one that was named.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && connection.kubeconfig.is_none() => continue,
            Err(error) => {
                return Err(Error::unreadable(format!("failed to read the kubeconfig {}: {error}", path.display())));
            }
        };
        let next = read_kubeconfig(&path, &text)?;
        for named in &next.clusters {
            clusters.entry(named.name.clone()).or_insert_with(|| path.clone());
        }
        for named in &next.auth_infos {
            users.entry(named.name.clone()).or_insert_with(|| path.clone());
        }
        merged = Some(match merged {
            None => next,
            Some(before) => before
                .merge(next)
                .map_err(|error| Error::usage(format!("failed to merge the kubeconfig {}: {error}", path.display())))?,
        });
        found.push(path);
    }
    let mut kubeconfig = match merged {
        Some(kubeconfig) => kubeconfig,
        None if connection.server.is_some() => Kubeconfig::default(),
        None => return Ok(None),
    };
    let context = context(&mut kubeconfig, connection, &found)?;
    let named = kubeconfig.contexts.iter().find(|named| named.name == context).and_then(|named| named.context.clone());
    let named = named.ok_or_else(|| {
        Error::usage(format!("context '{context}' does not exist in {}", described(&found)))
            .hint("kubectl config get-contexts lists those that exist")
    })?;
    let cluster = connection.cluster.clone().unwrap_or(named.cluster);
    let user = connection.user.clone().or(named.user).unwrap_or_default();
    let lacks = |what: &str, name: &str| {
        Error::usage(format!("{what} '{name}' of context '{context}' does not exist in {}", described(&found)))
            .hint("kubectl config view shows what does")
    };
    if !kubeconfig.clusters.iter().any(|named| named.name == cluster) {
        return Err(lacks("cluster", &cluster));
    }
    if !user.is_empty() && !kubeconfig.auth_infos.iter().any(|named| named.name == user) {
        return Err(lacks("user", &user));
    }
    apply_overrides(&mut kubeconfig, connection);
    Ok(Some(Chosen {
        paths: found,
        cluster_file: clusters.remove(&cluster),
        user_file: users.remove(&user),
        options: KubeConfigOptions {
            context: Some(context),
            cluster: Some(cluster.clone()),
            user: Some(user.clone()).filter(|user| !user.is_empty()),
        },
        cluster,
        user,
        kubeconfig,
        other_authority: connection.certificate_authority.is_some(),
    }))
}

fn described(paths: &[PathBuf]) -> String {
    match paths {
        [] => "the options (there is no kubeconfig)".to_owned(),
        paths => {
            let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            format!("the kubeconfig {}", paths.join(", "))
        }
    }
}

/// The name of the context; one is made up where kubectl's options say all that there is to say.
fn context(kubeconfig: &mut Kubeconfig, connection: &Connection, found: &[PathBuf]) -> Result<String, Error> {
    const MADE_UP: &str = "options";
    let current = connection.context.clone().or_else(|| kubeconfig.current_context.clone());
    if let Some(context) = current.filter(|name| !name.is_empty()) {
        return Ok(context);
    }
    if connection.server.is_none() && connection.cluster.is_none() {
        return Err(Error::usage(format!("no context is current in {}", described(found)))
            .hint("name one with --context, or set it with: kubectl config use-context NAME"));
    }
    if connection.cluster.is_none() {
        let cluster = Some(KubeCluster::default());
        kubeconfig.clusters.push(NamedCluster { name: MADE_UP.to_owned(), cluster, other: BTreeMap::default() });
    }
    if connection.user.is_none() {
        let auth_info = Some(AuthInfo::default());
        kubeconfig.auth_infos.push(NamedAuthInfo { name: MADE_UP.to_owned(), auth_info, other: BTreeMap::default() });
    }
    let context = Context {
        cluster: connection.cluster.clone().unwrap_or_else(|| MADE_UP.to_owned()),
        user: Some(connection.user.clone().unwrap_or_else(|| MADE_UP.to_owned())),
        ..Context::default()
    };
    kubeconfig.contexts.push(NamedContext {
        name: MADE_UP.to_owned(),
        context: Some(context),
        other: BTreeMap::default(),
    });
    Ok(MADE_UP.to_owned())
}

/// Our own reader goes first: its messages never quote the text, which may be a key.
fn read_kubeconfig(path: &Path, bytes: &[u8]) -> Result<Kubeconfig, Error> {
    let text = formats::pem::decode_text(bytes);
    let broken = |why: String| {
        Error::new(ErrorKind::Usage, format!("the kubeconfig {} cannot be used: {why}", path.display()))
            .about(format!("kubeconfig:{}", path.display()))
    };
    kubeconfig::parse(&text).map_err(|error| broken(error.to_string()))?;
    let mut parsed = Kubeconfig::from_yaml(&text).map_err(|_| broken("it has a field of the wrong kind".to_owned()))?;
    // Paths are relative to the file that names them.
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let absolute = |path: &mut Option<String>| {
        if let Some(path) = path {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for cluster in parsed.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        absolute(&mut cluster.certificate_authority);
    }
    for user in parsed.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        absolute(&mut user.client_certificate);
        absolute(&mut user.client_key);
        absolute(&mut user.token_file);
    }
    Ok(parsed)
}

/// kubectl's options beat what the kubeconfig says.
fn apply_overrides(kubeconfig: &mut Kubeconfig, connection: &Connection) {
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        if connection.server.is_some() {
            cluster.server.clone_from(&connection.server);
        }
        if connection.tls_server_name.is_some() {
            cluster.tls_server_name.clone_from(&connection.tls_server_name);
        }
        if connection.insecure_skip_tls_verify {
            cluster.insecure_skip_tls_verify = Some(true);
        }
        if connection.certificate_authority.is_some() {
            cluster.certificate_authority_data = None;
            cluster.certificate_authority.clone_from(&connection.certificate_authority);
        }
    }
    for user in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        if connection.client_certificate.is_some() {
            user.client_certificate_data = None;
            user.client_certificate.clone_from(&connection.client_certificate);
        }
        if connection.client_key.is_some() {
            user.client_key_data = None;
            user.client_key.clone_from(&connection.client_key);
        }
        if let Some(token) = &connection.token {
            user.token = Some(secrecy::SecretString::from(token.clone()));
            user.token_file = None;
        }
        if connection.impersonate.is_some() {
            user.impersonate.clone_from(&connection.impersonate);
        }
        if !connection.impersonate_groups.is_empty() {
            user.impersonate_groups = Some(connection.impersonate_groups.clone());
        }
    }
}
