//! Keys that wait for certificates of an authority elsewhere. They stay on the node that will use them, in a folder for
//! root only, until the certificate has come and is in use. Nothing live is touched here.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::io::Write;
use std::path::{Path, PathBuf};

use super::local::LocalNode;
use super::{Kept, NodeError, files, issue, journal};
use crate::formats::signing_request;
use crate::model::{IdentityStore, KeyChoice, ServerName};
use crate::pki::private_key::PrivateKey;

const KEY: &str = "key.pem";
const REQUEST: &str = "request.der";

/// Makes the key once; whoever asks again gets the request for the same key, and the same request where it still asks for
/// the same.
pub(super) fn keep(
    node: &LocalNode,
    name: &str,
    store: &IdentityStore,
    choice: KeyChoice,
    added: &[ServerName],
) -> Result<Vec<u8>, NodeError> {
    let folder = folder(node, name)?;
    let old = issue::identity_in(node, store)?;
    if !folder.join(KEY).exists() {
        files::create_private_folder(&folder)?;
        let (_, text) = issue::chosen_key(store, &old, choice)?;
        write_once(&folder, KEY, &text)?;
    }
    let key = key(&folder)?;
    refuse_another_choice(&folder, &key, store, &old, choice)?;
    let request = issue::ask_for(&old.certificate, added, &key)?;
    let before = files::read(&folder.join(REQUEST)).ok();
    if let Some(before) = before.filter(|before| same_question(before, &request)) {
        return Ok(before.to_vec());
    }
    issue::write_new(&folder.join(REQUEST), &request)?;
    Ok(request)
}

/// In the order of their names.
pub(super) fn all(node: &LocalNode) -> Result<Vec<Kept>, NodeError> {
    let parent = node.state()?.join("requests");
    let entries = match std::fs::read_dir(&parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(NodeError::io("read the folder", &parent, &error)),
    };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let mut all = Vec::new();
    for name in names {
        let folder = folder(node, &name)?;
        // Cut off before its request was made: nobody can have an answer to it.
        if !folder.join(KEY).exists() || !folder.join(REQUEST).exists() {
            continue;
        }
        let public_key = key(&folder)?.spki_der().to_vec();
        all.push(Kept { public_key, request: files::read(&folder.join(REQUEST))?.to_vec(), name });
    }
    Ok(all)
}

/// The kept key becomes the staged key of a step, and the certificate is put beside it.
pub(super) fn stage(node: &LocalNode, run: &str, step: &str, name: &str, certificate: &str) -> Result<(), NodeError> {
    let certificate = issue::first_certificate(certificate.as_bytes())
        .ok_or_else(|| NodeError::refused(format!("what was brought for {name} holds no certificate")))?;
    let staged = issue::staged_folder(node, run, step)?.join(KEY);
    if !staged.exists() {
        let folder = folder(node, name)?;
        key(&folder)?;
        issue::write_new(&staged, &files::read(&folder.join(KEY))?)?;
    }
    issue::stage(node, run, step, &certificate)
}

pub(super) fn forget(node: &LocalNode, name: &str) -> Result<(), NodeError> {
    journal::wipe_folder(&folder(node, name)?)
}

fn folder(node: &LocalNode, name: &str) -> Result<PathBuf, NodeError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(NodeError::refused(format!("'{name}' is not the name of a leaf")));
    }
    files::resolve(&node.root, &node.state()?.join("requests").join(name))
}

fn key(folder: &Path) -> Result<PrivateKey, NodeError> {
    let path = folder.join(KEY);
    issue::read_key(&path, &files::read(&path)?)
}

/// A key that was made for another wish is not taken for this one, nor replaced: its request may be on its way.
fn refuse_another_choice(
    folder: &Path,
    key: &PrivateKey,
    store: &IdentityStore,
    old: &issue::Identity,
    choice: KeyChoice,
) -> Result<(), NodeError> {
    let old = || issue::read_key(Path::new(store.key_path()), &old.key);
    let fault = match choice {
        KeyChoice::LikeOld => None,
        KeyChoice::Of(kind) if key.algorithm().to_string() == kind.name() => None,
        KeyChoice::Of(kind) => Some(format!("is of kind {}, wanted is {kind}", key.algorithm())),
        KeyChoice::Old if key.spki_der() == old()?.spki_der() => None,
        KeyChoice::Old => Some("is not the old key".to_owned()),
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(NodeError::refused(format!("the key that is kept in {} {fault}", folder.display()))
            .hint("remove that folder on the node to begin again; what an authority signs for its key is lost then")),
    }
}

/// Requests made twice differ in their signatures, and where the certificate was renewed meanwhile in nothing else.
fn same_question(one: &[u8], other: &[u8]) -> bool {
    let parsed = |der: &[u8]| signing_request::parse(der).ok();
    parsed(one).is_some_and(|one| Some(one) == parsed(other))
}

/// Of two that come at once, one makes the file and both use it.
fn write_once(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), NodeError> {
    let path = folder.join(name);
    let draft = folder.join(format!("{name}.draft-{}", std::process::id()));
    files::wipe_if_there(&draft)?;
    let attempt = || {
        let mut file = files::create_private(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        match std::fs::hard_link(&draft, &path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
            // The draft is the very file: only its second name goes.
            Ok(()) => std::fs::remove_file(&draft)?,
            Err(_) => {}
        }
        files::sync_folder(&path)
    };
    attempt().map_err(|error| NodeError::io("write", &path, &error))?;
    files::wipe_if_there(&draft)
}
