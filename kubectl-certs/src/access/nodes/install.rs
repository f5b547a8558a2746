//! Backing up, putting in place, putting back. The identity that is installed was staged and checked before.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::local::LocalNode;
use super::replacement::{self, Replacement, Times, put_in_place};
use super::{NodeError, files, issue, marks};
use crate::formats::certificate::sha256_hex;
use crate::formats::{kubeconfig, pem};
use crate::model::IdentityStore;

const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

pub(super) fn back_up(node: &LocalNode, run: &str, paths: &[String]) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?.join("backup");
    files::create_private_folder(&folder)?;
    for path in paths {
        let real = files::resolve(&node.root, Path::new(path))?;
        let copy = copy_of(&folder, path);
        if copy.exists() {
            continue;
        }
        // Through a sibling and a rename like any other file: a backup is whole or it is not there.
        replacement::copy(&real, &copy, run)?;
    }
    Ok(())
}

/// Digest of the copy, if there is one.
pub(super) fn backed_up(node: &LocalNode, run: &str, path: &str) -> Result<Option<String>, NodeError> {
    let copy = copy_of(&node.run_folder(run)?.join("backup"), path);
    if !copy.exists() {
        return Ok(None);
    }
    Ok(Some(sha256_hex(&files::read(&copy)?)))
}

pub(super) fn restore(node: &LocalNode, run: &str, paths: &[String]) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?.join("backup");
    // All or nothing: a missing copy is noticed before anything is put back.
    if let Some(path) = paths.iter().find(|path| !copy_of(&folder, path).exists()) {
        return Err(NodeError::refused(format!("there is no backup of {path} in {}", folder.display())));
    }
    let ready = paths.iter().map(|path| {
        let real = files::resolve(&node.root, Path::new(path))?;
        Replacement::copy(&copy_of(&folder, path), &real, run)
    });
    put_in_place(ready.collect::<Result<_, _>>()?)
}

/// What is taken away can be put back.
pub(super) fn remove(node: &LocalNode, run: &str, paths: &[String]) -> Result<(), NodeError> {
    let folder = node.run_folder(run)?.join("backup");
    if let Some(path) = paths.iter().find(|path| !copy_of(&folder, path).exists()) {
        return Err(NodeError::refused(format!("{path} is not removed: there is no backup of it")));
    }
    replaceable_files(node, paths)?;
    for path in paths {
        let real = files::resolve(&node.root, Path::new(path))?;
        files::remove_if_there(&real)?;
        files::sync_folder(&real).map_err(|error| NodeError::io("remove", &real, &error))?;
    }
    Ok(())
}

/// A killed run leaves drafts beside the files, and a draft may be a key.
pub(super) fn clear_drafts(node: &LocalNode, run: &str, paths: &[String]) -> Result<(), NodeError> {
    // The name becomes part of a file's name.
    node.run_folder(run)?;
    for path in paths {
        replacement::clear_drafts(&files::resolve(&node.root, Path::new(path))?, run)?;
    }
    Ok(())
}

pub(super) fn install(node: &LocalNode, run: &str, step: &str, store: &IdentityStore) -> Result<(), NodeError> {
    let real = |path: &str| files::resolve(&node.root, Path::new(path));
    // All new files lie ready before one is put in place: a key without its certificate stops the component's next start.
    let mut ready = Vec::new();
    for NewFile { path, text } in compose(node, run, step, store, |path| files::read(&real(path)?))? {
        let path = real(&path)?;
        ready.push(Replacement::prepare(&path, &text, &path, Times::Now, run)?);
    }
    put_in_place(ready)
}

/// Digests of what `install` makes of the backed-up files: by them our own work is told from anybody else's.
pub(super) fn installed(
    node: &LocalNode,
    run: &str,
    step: &str,
    store: &IdentityStore,
) -> Result<Vec<(String, String)>, NodeError> {
    let folder = node.run_folder(run)?.join("backup");
    let new = compose(node, run, step, store, |path| files::read(&copy_of(&folder, path)))?;
    Ok(new.into_iter().map(|file| (file.path, sha256_hex(&file.text))).collect())
}

struct NewFile {
    path: String,
    text: Zeroizing<Vec<u8>>,
}

/// The new files of an identity, in the order of writing: the key goes first.
fn compose(
    node: &LocalNode,
    run: &str,
    step: &str,
    store: &IdentityStore,
    read: impl Fn(&str) -> Result<Zeroizing<Vec<u8>>, NodeError>,
) -> Result<Vec<NewFile>, NodeError> {
    with_identity(store, &issue::staged_identity(node, run, step)?, read)
}

/// Could an identity be put in place? The one that is there is put into the texts in its own stead, and nothing written.
pub(super) fn replaceable(node: &LocalNode, store: &IdentityStore) -> Result<(), NodeError> {
    let read = |path: &str| files::read(&files::resolve(&node.root, Path::new(path))?);
    let identity = issue::identity_in(node, store)?;
    let new = with_identity(store, &identity, read)?;
    new.iter().try_for_each(|file| refuse_marked(node, &file.path))
}

/// The same of files that are put back or taken away, whatever is in them.
pub(super) fn replaceable_files(node: &LocalNode, paths: &[String]) -> Result<(), NodeError> {
    paths.iter().try_for_each(|path| refuse_marked(node, path))
}

fn refuse_marked(node: &LocalNode, path: &str) -> Result<(), NodeError> {
    marks::refuse_marked(&files::resolve(&node.root, Path::new(path))?)
}

fn with_identity(
    store: &IdentityStore,
    identity: &issue::Identity,
    read: impl Fn(&str) -> Result<Zeroizing<Vec<u8>>, NodeError>,
) -> Result<Vec<NewFile>, NodeError> {
    let certificate = pem::certificate_pem(&identity.certificate);
    let certificate = certificate.as_bytes();
    let file = |path: &String, text| NewFile { path: path.clone(), text };
    Ok(match store {
        IdentityStore::Pair { certificate: place, key } => {
            let new_key = replace_block(key, &read(key)?, pem::Block::is_private_key, &identity.key)?;
            let new_certificate = replace_block(place, &read(place)?, pem::Block::is_certificate, certificate)?;
            vec![file(key, new_key), file(place, new_certificate)]
        }
        IdentityStore::Combined { path } => {
            let text = replace_block(path, &read(path)?, pem::Block::is_certificate, certificate)?;
            vec![file(path, replace_block(path, &text, pem::Block::is_private_key, &identity.key)?)]
        }
        IdentityStore::Kubeconfig { path, user } => {
            vec![file(path, new_kubeconfig(path, &read(path)?, user, identity)?)]
        }
    })
}

fn new_kubeconfig(
    path: &str,
    old: &[u8],
    user: &str,
    identity: &issue::Identity,
) -> Result<Zeroizing<Vec<u8>>, NodeError> {
    let refused = |why: &str| NodeError::refused(format!("{path}: {why}"));
    // A byte order mark is no part of the YAML and belongs to the owner like every other byte.
    let (mark, text) = match old.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (BYTE_ORDER_MARK, text),
        None => (&[][..], old),
    };
    let chain = chain_in_kubeconfig(path, text, user, &identity.certificate)?;
    let text = str::from_utf8(text).map_err(|_| refused("it is not UTF-8 text: convert it first"))?;
    let new =
        kubeconfig::replace_identity(text, user, &chain, &identity.key).map_err(|error| refused(&error.to_string()))?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(mark.len() + new.len()));
    bytes.extend_from_slice(mark);
    bytes.extend_from_slice(new.as_bytes());
    Ok(bytes)
}

/// The file's text with its first block of that kind replaced; everything around it stays.
fn replace_block(
    path: &str,
    bytes: &[u8],
    kind: fn(&pem::Block) -> bool,
    new: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NodeError> {
    let refused = |why: &str| NodeError::refused(format!("{path} {why}"));
    let text = str::from_utf8(bytes).map_err(|_| refused("is not UTF-8 text: convert it first"))?;
    let block = pem::blocks(text).into_iter().find(kind).ok_or_else(|| refused("has no PEM block to replace"))?;
    let mut out = Zeroizing::new(Vec::with_capacity(bytes.len() + new.len()));
    out.extend_from_slice(&bytes[..block.range.start]);
    out.extend_from_slice(new);
    out.extend_from_slice(&bytes[block.range.end..]);
    Ok(out)
}

/// The new leaf and whatever followed the old one (K3s embeds its authority there).
fn chain_in_kubeconfig(path: &str, bytes: &[u8], user: &str, leaf: &[u8]) -> Result<Vec<u8>, NodeError> {
    let refused = |why: String| NodeError::refused(format!("{path}: {why}"));
    let parsed = kubeconfig::parse(&pem::decode_text(bytes)).map_err(|error| refused(error.to_string()))?;
    let data = parsed
        .users
        .iter()
        .find(|named| named.name == user)
        .and_then(|named| named.user.client_certificate_data.clone());
    let data = data.ok_or_else(|| refused(format!("user '{user}' has no embedded certificate")))?;
    let old =
        pem::decode_base64(&data).ok_or_else(|| refused(format!("the certificate of user '{user}' is not base64")))?;
    Ok(replace_block(path, &old, pem::Block::is_certificate, pem::certificate_pem(leaf).as_bytes())?.to_vec())
}

fn copy_of(folder: &Path, path: &str) -> PathBuf {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    folder.join(format!("{}-{name}", &sha256_hex(path.as_bytes())[..12]))
}
