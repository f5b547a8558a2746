//! Which cluster is meant, and who asks: kubectl's files and options, before any connection.

use std::path::{Path, PathBuf};

use super::{Contexts, files, in_cluster, overrides};
use crate::error::Error;
use crate::formats::kubeconfig::{self, Cluster, Kubeconfig, NamedCluster, NamedContext, NamedUser, User};
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
    pub(super) server_entry: Cluster,
    pub(super) user_entry: User,
    pub(super) namespace: Option<String>,
    /// kubectl's options name another authority than the kubeconfig.
    pub(super) other_authority: bool,
}

impl Chosen {
    /// The namespace of the context, where it names one.
    pub fn namespace(&self) -> Option<String> {
        self.namespace.clone()
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
        host_and_port(self.server_entry.server.as_ref()?)
    }

    /// The same as a place; that of the kubeconfig where it names no server.
    pub fn endpoint(&self) -> Location {
        match self.server() {
            Some((host, port)) => Location::from(Place::Endpoint(Endpoint::tls(host, port))),
            None => self.location().unwrap_or_else(|| Location::file("/")),
        }
    }

    /// Is it the entry that the current context names?
    pub fn is_chosen(&self, path: &Path, field: &KubeconfigField) -> bool {
        let is = |file: &Option<PathBuf>| file.as_ref().is_some_and(|file| file == path);
        match field {
            KubeconfigField::Cluster(name) => *name == self.cluster && is(&self.cluster_file),
            KubeconfigField::User(name) => *name == self.user && is(&self.user_file),
        }
    }
}

/// kubectl takes an address without a scheme too.
pub(super) fn host_and_port(server: &str) -> Option<(String, u16)> {
    let url: http::Uri = with_scheme(server).parse().ok()?;
    let host = url.host()?.trim_matches(['[', ']']).to_owned();
    let usual = if url.scheme_str() == Some("http") { 80 } else { 443 };
    Some((host, url.port_u16().unwrap_or(usual)))
}

/// client-go's `DefaultServerURL` would speak plain HTTP where no TLS is configured; nothing secret is sent that way here.
pub(super) fn with_scheme(server: &str) -> String {
    if server.contains("://") { server.to_owned() } else { format!("https://{server}") }
}

/// None when there is no kubeconfig at all and no option names a server; an error when there is one that cannot be used.
pub fn choose(connection: &Connection) -> Result<Option<Chosen>, Error> {
    let files = files::read(connection)?;
    let says_nothing =
        |file: &Kubeconfig| file.clusters.is_empty() && file.users.is_empty() && file.contexts.is_empty();
    if connection.server.is_none() && files.iter().all(|(_, file)| says_nothing(file)) {
        let inside = if asks_for_names(connection) { None } else { in_cluster::chosen() };
        if let Some(mut chosen) = inside {
            overrides::apply(&mut chosen, connection)?;
            return Ok(Some(chosen));
        }
        if files.is_empty() {
            return Ok(None);
        }
    }
    let all = Contexts::of(&files);
    let found = all.paths.clone();
    let mut merged = kubeconfig::merge(files.into_iter().map(|(_, file)| file));
    let context = context(&mut merged, connection, &found)?;
    let named = merged.contexts.iter().find(|named| named.name == context).map(|named| named.context.clone());
    let named = named.ok_or_else(|| {
        Error::usage(format!("context '{context}' does not exist in {}", described(&found)))
            .hint("kubectl config get-contexts lists those that exist")
    })?;
    let cluster = connection.cluster.clone().unwrap_or(named.cluster);
    let user = connection.user.clone().unwrap_or(named.user);
    let lacks = |what: &str, name: &str| {
        Error::usage(format!("{what} '{name}' of context '{context}' does not exist in {}", described(&found)))
            .hint("kubectl config view shows what does")
    };
    let server_entry = merged.clusters.into_iter().find(|named| named.name == cluster).map(|named| named.cluster);
    let server_entry = server_entry.ok_or_else(|| lacks("cluster", &cluster))?;
    let user_entry = merged.users.into_iter().find(|named| named.name == user).map(|named| named.user);
    let user_entry = match user_entry {
        None if !user.is_empty() => return Err(lacks("user", &user)),
        entry => entry.unwrap_or_default(),
    };
    let file_of = |field: &KubeconfigField| all.file_of(field).map(Path::to_path_buf);
    let mut chosen = Chosen {
        cluster_file: file_of(&KubeconfigField::Cluster(cluster.clone())),
        user_file: file_of(&KubeconfigField::User(user.clone())),
        paths: found,
        cluster,
        user,
        server_entry,
        user_entry,
        namespace: named.namespace,
        other_authority: connection.certificate_authority.is_some(),
    };
    overrides::apply(&mut chosen, connection)?;
    Ok(Some(chosen))
}

impl Chosen {
    /// That which a pod finds in itself.
    pub(super) fn without_files(server_entry: Cluster, user_entry: User, namespace: Option<String>) -> Self {
        Self {
            paths: Vec::new(),
            cluster: "in-cluster".to_owned(),
            user: "in-cluster".to_owned(),
            cluster_file: None,
            user_file: None,
            server_entry,
            user_entry,
            namespace,
            other_authority: false,
        }
    }
}

fn asks_for_names(connection: &Connection) -> bool {
    connection.context.is_some() || connection.cluster.is_some() || connection.user.is_some()
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
fn context(merged: &mut Kubeconfig, connection: &Connection, found: &[PathBuf]) -> Result<String, Error> {
    const MADE_UP: &str = "options";
    let current = connection.context.clone().unwrap_or_else(|| merged.current_context.clone());
    if !current.is_empty() {
        return Ok(current);
    }
    if connection.server.is_none() && connection.cluster.is_none() {
        return Err(Error::usage(format!("no context is current in {}", described(found)))
            .hint("name one with --context, or set it with: kubectl config use-context NAME"));
    }
    let name = || MADE_UP.to_owned();
    if connection.cluster.is_none() {
        merged.clusters.push(NamedCluster { name: name(), cluster: Cluster::default() });
    }
    if connection.user.is_none() {
        merged.users.push(NamedUser { name: name(), user: User::default() });
    }
    let context = kubeconfig::Context {
        cluster: connection.cluster.clone().unwrap_or_else(name),
        user: connection.user.clone().unwrap_or_else(name),
        namespace: None,
    };
    merged.contexts.push(NamedContext { name: name(), context });
    Ok(name())
}
