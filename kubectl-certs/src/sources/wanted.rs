//! From the scope of a request to what is to be read: which sources, which folders, which objects.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::refused_scopes::{require_files, require_sound};
use super::target::{self, Target};
use crate::access::cluster::{self, Chosen, Cluster, Contexts};
use crate::access::nodes::{self, Member, NodeError, NodeOp, NodeReply};
use crate::access::{Access, passwords};
use crate::error::{Error, ErrorKind};
use crate::formats::keystore::Password;
use crate::layouts;
use crate::model::{Endpoint, Entry, Gap, GapReason, Location, ManagedKind, Place, Row};
use crate::request::{Connection, Scope};

#[expect(clippy::struct_excessive_bools, reason = "each says of one thing by itself whether it is wanted")]
#[derive(Default)]
pub struct Wanted {
    /// Disks of nodes to be searched for layouts.
    pub members: Vec<Member>,
    /// Of those, what lies there; not who uses it.
    pub files_only: bool,
    /// Files and folders.
    pub paths: Vec<String>,
    /// Files and folders on the disks of `members`; their neighbours tell who signed them.
    pub within_roots: Vec<Location>,
    /// Kubeconfigs that were named: all of their entries.
    pub kubeconfigs: Vec<String>,
    /// The API objects, the kubeconfig in use and the endpoint of the current context.
    pub cluster: bool,
    pub namespace: Option<String>,
    pub selector: Option<String>,
    pub secrets: Vec<(Option<String>, String)>,
    pub config_maps: Vec<(Option<String>, String)>,
    pub webhooks: bool,
    /// Of the kubeconfigs in use, every context and not the current one alone.
    pub contexts: Option<Contexts>,
    /// Names of CertificateSigningRequests.
    pub signing_requests: Vec<String>,
    /// Objects of cert-manager: kind, namespace (empty where the kind has none), name.
    pub managed: Vec<(ManagedKind, String, String)>,
    /// Also who relies on the Secrets and ConfigMaps that are found.
    pub consumers: bool,
    pub endpoints: Vec<Endpoint>,
    /// Also those of the cluster's control plane and of the Services that its API server calls.
    pub probe: bool,
    /// Also the hosts of Ingresses and Gateways.
    pub probe_hosts: bool,
    pub input: Option<String>,
    /// Nodes that were named and cannot be reached.
    pub(super) gaps: Vec<Gap>,
    /// Only rows that one of these means; all where it is empty.
    pub filter: Vec<Target>,
    pub chosen: Option<Chosen>,
    /// Opens keystores where none lies beside them.
    pub keystore_password: Option<Password>,
    /// Nothing of it will be verified: certificates are told of and their bytes are not kept.
    pub summary: bool,
    connection: Connection,
}

impl Wanted {
    /// All of these disks, and nothing else.
    pub fn disks(members: &[Member]) -> Self {
        Self { members: members.to_vec(), ..Self::default() }
    }

    /// The files on these disks.
    pub fn files(members: &[Member]) -> Self {
        Self { files_only: true, ..Self::disks(members) }
    }

    pub fn keeps(&self, row: &Row<'_>) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|target| target.matches(row))
    }

    /// The same for what is no certificate.
    pub fn keeps_other(&self, entry: &Entry) -> bool {
        self.filter.is_empty() || self.filter.iter().any(|target| target.means_entry(entry))
    }

    /// Targets that neither a row of these nor another entry answers to.
    pub fn unanswered<'a>(&'a self, rows: &[Row<'_>], others: &[&Entry]) -> Vec<&'a Target> {
        let answers = |target: &Target| {
            rows.iter().any(|row| target.matches(row)) || others.iter().any(|entry| target.means_entry(entry))
        };
        self.filter.iter().filter(|target| !answers(target)).collect()
    }

    /// All of the cluster, and what leads to it. A question about one namespace or label is about nothing else.
    pub(super) fn whole_cluster(&self) -> bool {
        self.cluster && self.namespace.is_none() && self.selector.is_none()
    }

    /// The one disk that was looked at, where it is not this machine's own.
    pub fn other_disk(&self) -> Option<&str> {
        match self.members.as_slice() {
            [member] if !member.is_running_machine() => Some(&member.root),
            _ => None,
        }
    }

    /// How long somebody wants to wait for an answer.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.connection.patience()
    }

    fn needs_cluster(&self) -> bool {
        self.cluster
            || self.webhooks
            || !self.secrets.is_empty()
            || !self.config_maps.is_empty()
            || !self.signing_requests.is_empty()
            || !self.managed.is_empty()
            || ((self.probe || self.probe_hosts) && self.chosen.is_some())
    }
}

pub async fn resolve(scope: &Scope, access: &Access) -> Result<Wanted, Error> {
    require_sound(scope)?;
    let mut wanted = Wanted {
        namespace: scope.namespace.clone().filter(|_| !scope.all_namespaces),
        selector: scope.selector.clone(),
        contexts: if scope.all_contexts { Some(Contexts::read(&scope.connection)?) } else { None },
        probe: scope.probe,
        probe_hosts: scope.probe_hosts,
        connection: scope.connection.clone(),
        keystore_password: keystore_password(scope)?,
        consumers: scope.consumers,
        ..Wanted::default()
    };
    if let Some(root) = &scope.root {
        require_folder(root, access).await?;
        wanted.members.push(local(root, access));
    }
    for (host, reached) in named_nodes(scope, access).await {
        match reached {
            Ok(member) => wanted.members.push(member),
            Err(error) => wanted.gaps.push(Gap {
                at: Location::file_on(Some(&host), "/"),
                reason: GapReason::Unreachable,
                message: [error.message].into_iter().chain(error.hints).collect::<Vec<_>>().join("; "),
            }),
        }
    }
    let (targets, chosen) = targets(scope, &scope.targets, access).await?;
    require_files(scope, &targets)?;
    wanted.chosen = chosen;
    if scope.targets.iter().any(|target| is_input(target)) {
        wanted.input = Some(scope.input.clone().unwrap_or_default());
    }
    for target in targets {
        add_target(&mut wanted, target, access).await;
    }
    // Nodes that are reached by SSH tell of their own ports, also while the API server is down.
    let asks_cluster = (scope.probe || scope.probe_hosts) && scope.ssh.hosts.is_empty();
    if asks_cluster && wanted.chosen.is_none() {
        wanted.chosen = cluster::choose(&scope.connection)?;
    }
    if scope.targets.is_empty() && scope.root.is_none() && scope.ssh.hosts.is_empty() {
        everything(&mut wanted, access).await?;
    } else if wanted.needs_cluster() {
        require_cluster(&wanted)?;
    }
    Ok(wanted)
}

fn keystore_password(scope: &Scope) -> Result<Option<Password>, Error> {
    let Some(path) = &scope.keystore_password_file else { return Ok(None) };
    passwords::read(path)
        .map(Some)
        .map_err(|why| Error::usage(format!("--keystore-password-file: the file {path} cannot be used: {why}")))
}

async fn named_nodes(scope: &Scope, access: &Access) -> Vec<(String, Result<Member, NodeError>)> {
    if scope.ssh.hosts.is_empty() { Vec::new() } else { nodes::reach(scope, &*access.nodes).await }
}

/// What people have written, as targets that no longer depend on the folder or the context in which they did.
pub async fn targets(scope: &Scope, texts: &[String], access: &Access) -> Result<(Vec<Target>, Option<Chosen>), Error> {
    let texts = &below_root(scope.root.as_deref(), texts, access).await;
    let existing = existing_paths(texts, access).await;
    let is_there = |path: &str| existing.iter().any(|existing| existing == path);
    let parse = |text: &String| {
        target::parse(text, is_there).map(absolute).map_err(|error| {
            Error::usage(error.to_string()).about(text).hint(
                "targets look like: file:PATH, secret/NAMESPACE/NAME, kubeconfig:PATH, tls://HOST:PORT, apiserver, -",
            )
        })
    };
    let mut targets = texts.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let chosen = if targets.iter().any(Target::is_of_the_cluster) { cluster::choose(&scope.connection)? } else { None };
    let home =
        || scope.namespace.clone().or_else(|| chosen.as_ref()?.namespace()).unwrap_or_else(|| "default".to_owned());
    for target in &mut targets {
        if let Target::Secret { namespace: namespace @ None, .. }
        | Target::ConfigMap { namespace: namespace @ None, .. } = target
        {
            *namespace = Some(home());
        }
    }
    Ok((targets, chosen))
}

/// On a disk in a folder, `/etc/kubernetes/admin.conf` is what that node calls so, where it has it. What lies below the
/// folder is named by its whole path already.
async fn below_root(root: Option<&str>, texts: &[String], access: &Access) -> Vec<String> {
    let Some(root) = root.map(|root| root.trim_end_matches('/')).filter(|root| !root.is_empty()) else {
        return texts.to_vec();
    };
    let mut below = Vec::new();
    for text in texts {
        let (prefix, path) = ["file:", "kubeconfig:"]
            .into_iter()
            .find_map(|prefix| Some((prefix, text.strip_prefix(prefix)?)))
            .unwrap_or(("", text));
        let on_node = format!("{root}{path}");
        // What follows `#` is not of the path, unless there is a file of that name.
        let file = on_node.split_once('#').map_or(on_node.as_str(), |(file, _)| file).to_owned();
        let is_below = Path::new(path).starts_with(root) || !path.starts_with('/');
        let is_there = !is_below && !existing(vec![on_node.clone(), file], access).await.is_empty();
        below.push(if is_there { format!("{prefix}{on_node}") } else { text.clone() });
    }
    below
}

fn is_input(target: &str) -> bool {
    target.parse::<Location>().is_ok_and(|location| location.place == Place::StandardInput)
}

/// No target: the cluster of the current context, and the layout of this machine where there is one.
async fn everything(wanted: &mut Wanted, access: &Access) -> Result<(), Error> {
    let narrowed = wanted.namespace.is_some() || wanted.selector.is_some();
    let is_node = !narrowed && has_layout("/", access).await;
    if is_node {
        wanted.members.push(local("/", access));
    }
    // Who asks for all contexts need not have a current one.
    let has_current = wanted.contexts.as_ref().is_none_or(|contexts| contexts.has_current);
    wanted.chosen = if has_current { cluster::choose(&wanted.connection)? } else { None };
    wanted.cluster = wanted.chosen.is_some();
    let has_contexts = wanted.contexts.as_ref().is_some_and(|contexts| !contexts.paths.is_empty());
    if wanted.chosen.is_none() && !is_node && !has_contexts {
        return require_cluster(wanted);
    }
    Ok(())
}

fn require_cluster(wanted: &Wanted) -> Result<(), Error> {
    if wanted.chosen.is_some() {
        return Ok(());
    }
    let looked: Vec<String> =
        cluster::kubeconfig_paths(&wanted.connection).iter().map(|path| path.display().to_string()).collect();
    Err(Error::unreadable(format!(
        "there is no kubeconfig (looked for {}), so no cluster to look at",
        looked.join(", ")
    ))
    .hint("name one with --kubeconfig, read a node's disk with --root DIR, or try: kubectl certs demo"))
}

/// Relative paths are made absolute once, so that what is printed can be used from any folder.
fn absolute(target: Target) -> Target {
    let whole = |path: String| match std::path::absolute(&path) {
        Ok(absolute) => absolute.to_string_lossy().into_owned(),
        Err(_) => path,
    };
    match target {
        Target::Path(path) => Target::Path(whole(path)),
        Target::Kubeconfig(path) => Target::Kubeconfig(whole(path)),
        Target::At(mut location) => {
            if let Place::File { path, node: None } | Place::Kubeconfig { path, node: None, .. } = &mut location.place {
                *path = whole(core::mem::take(path));
            }
            Target::At(location)
        }
        other => other,
    }
}

async fn add_target(wanted: &mut Wanted, target: Target, access: &Access) {
    match &target {
        Target::Path(path) => add_path(wanted, path, access, |wanted| &mut wanted.paths).await,
        Target::Kubeconfig(path) => wanted.kubeconfigs.push(path.clone()),
        Target::Secret { namespace, name } => wanted.secrets.push((namespace.clone(), name.clone())),
        Target::ConfigMap { namespace, name } => wanted.config_maps.push((namespace.clone(), name.clone())),
        Target::Webhook { .. } => wanted.webhooks = true,
        Target::Named(_) if wanted.members.is_empty() && wanted.gaps.is_empty() => {
            wanted.members.push(local("/", access));
        }
        Target::Named(_) => {}
        Target::At(location) => match location.place.whole() {
            // Read with the node, where that is reached.
            Place::File { node: Some(_), .. } | Place::Kubeconfig { node: Some(_), .. } => {
                wanted.within_roots.extend(location.whole_file());
            }
            Place::File { path, .. } => add_path(wanted, path, access, |wanted| &mut wanted.paths).await,
            Place::Kubeconfig { path, .. } => add_path(wanted, path, access, |wanted| &mut wanted.kubeconfigs).await,
            Place::Secret { namespace, name, .. } => {
                wanted.secrets.push((Some(namespace.to_string()), name.to_string()));
            }
            Place::ConfigMap { namespace, name, .. } => {
                wanted.config_maps.push((Some(namespace.clone()), name.clone()));
            }
            Place::CaBundle { .. } => wanted.webhooks = true,
            Place::SigningRequest { name } => wanted.signing_requests.push(name.clone()),
            Place::Managed { kind, namespace, name } => {
                wanted.managed.push((*kind, namespace.clone(), name.clone()));
            }
            Place::Endpoint(endpoint) => wanted.endpoints.push(endpoint.clone()),
            // The whole of a value is no value.
            Place::StandardInput | Place::Field { .. } => {}
        },
    }
    wanted.filter.push(target);
}

/// With the disk that it lies on, where that is a node's; the filter keeps what was asked for.
async fn add_path(wanted: &mut Wanted, path: &str, access: &Access, alone: fn(&mut Wanted) -> &mut Vec<String>) {
    match root_around(path, access).await {
        Some(root) => {
            if !wanted.members.iter().any(|member| member.name.is_none() && member.root == root) {
                wanted.members.push(local(&root, access));
            }
            wanted.within_roots.push(Location::file(path));
        }
        None => alone(wanted).push(path.to_owned()),
    }
}

/// The root of the layout that a path lies in, if it lies in one.
async fn root_around(path: &str, access: &Access) -> Option<String> {
    // A copied folder could be any folder: only the usual places say enough.
    let bases = layouts::ALL.iter().flat_map(|layout| layout.bases).filter(|base| !base.folder.is_empty());
    let absolute =
        |base: &layouts::Base| base.read.iter().filter_map(|read| read.strip_prefix('/')).collect::<Vec<_>>();
    let folders: BTreeSet<&str> = bases.flat_map(|base| absolute(base).into_iter().chain([base.folder])).collect();
    for ancestor in Path::new(path).ancestors() {
        for folder in folders.iter().filter(|folder| !folder.contains('*') && ancestor.ends_with(folder)) {
            let depth = Path::new(folder).components().count();
            let root = ancestor.ancestors().nth(depth)?.to_string_lossy().into_owned();
            if has_layout(&root, access).await {
                return Some(root);
            }
        }
    }
    None
}

fn local(root: &str, access: &Access) -> Member {
    Member { name: None, root: root.to_owned(), node: access.nodes.at(root), own: None }
}

async fn has_layout(root: &str, access: &Access) -> bool {
    let marks =
        layouts::ALL.iter().flat_map(|layout| layout.bases).filter(|base| !base.folder.is_empty()).flat_map(|base| {
            base.marks.iter().map(|mark| {
                let below = match mark.strip_prefix('/') {
                    Some(absolute) => Path::new(root).join(absolute),
                    None => Path::new(root).join(base.folder).join(mark),
                };
                below.to_string_lossy().into_owned()
            })
        });
    !existing(marks.collect(), access).await.is_empty()
}

async fn existing_paths(texts: &[String], access: &Access) -> Vec<String> {
    let numbered = texts.iter().filter_map(|text| Some(target::numbered_path(text)?.0.to_owned()));
    existing(texts.iter().filter(|text| *text != "-").cloned().chain(numbered).collect(), access).await
}

async fn existing(paths: Vec<String>, access: &Access) -> Vec<String> {
    match access.nodes.at("/").run(NodeOp::Exist { paths }).await {
        Ok(NodeReply::Existing(paths)) => paths,
        _ => Vec::new(),
    }
}

/// A path of the wrong name or kind would otherwise look like a disk without certificates.
pub async fn require_folder(root: &str, access: &Access) -> Result<(), Error> {
    // Only a folder may have a slash behind its name.
    let as_folder = format!("{}/", root.trim_end_matches('/'));
    match existing(vec![root.to_owned(), as_folder.clone()], access).await {
        found if found.contains(&as_folder) => Ok(()),
        found if found.is_empty() => {
            Err(Error::new(ErrorKind::NotFound, format!("the folder '{root}' given with --root does not exist"))
                .about(root))
        }
        _ => Err(Error::usage(format!("'{root}' given with --root is a file; a folder is wanted"))
            .about(root)
            .hint("--root takes the folder in which etc/kubernetes lies; a single file is a target of its own")),
    }
}

/// What came of connecting.
#[derive(Default)]
pub(super) struct Connected {
    pub(super) cluster: Option<Cluster>,
    /// DER of what the API server showed meanwhile, whether or not it answered.
    pub(super) presented: Vec<Vec<u8>>,
}

/// Connects where something of the cluster is wanted. That it does not answer is a gap, unless nothing else is wanted.
pub(super) async fn connect(wanted: &Wanted, gaps: &mut Vec<Gap>) -> Result<Connected, Error> {
    let Some(chosen) = wanted.chosen.as_ref().filter(|_| wanted.needs_cluster()) else {
        return Ok(Connected::default());
    };
    let mut cluster = match Cluster::connect(chosen, &wanted.connection).await {
        Ok(cluster) => cluster,
        Err(error) if wanted.members.is_empty() && !wanted.whole_cluster() => return Err(error),
        Err(error) => {
            let at = chosen.location().unwrap_or_else(|| chosen.endpoint());
            let message = [error.message].into_iter().chain(error.hints).collect::<Vec<_>>().join("; ");
            gaps.push(Gap { at, reason: GapReason::Unreachable, message });
            return Ok(Connected::default());
        }
    };
    // Where the kubeconfig itself is read, that reader tells of them.
    if !wanted.whole_cluster() || chosen.authorities().is_none() {
        gaps.append(&mut cluster.left_out);
    }
    // Asked once, so that a dead server costs one wait and one gap and not one for each kind of object.
    let answer = cluster.get_text("/version").await;
    let presented = cluster.presented();
    let cluster = match answer {
        Ok(_) => Some(cluster),
        // Not even this may be asked by everybody.
        Err(error) if error.reason == GapReason::Forbidden && !error.message.contains("401") => Some(cluster),
        Err(error) => {
            gaps.push(error.gap(chosen.endpoint()));
            None
        }
    };
    Ok(Connected { cluster, presented })
}
