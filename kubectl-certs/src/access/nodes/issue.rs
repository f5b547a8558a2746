//! Keys are made here and signatures are given here, on the node that has the key; only requests and certificates travel.

#![expect(clippy::disallowed_methods, reason = "this is the port to the files of a node")]

use std::io::Write;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::local::LocalNode;
use super::{NodeError, Sign, Staged, files};
use crate::formats::{kubeconfig, pem};
use crate::model::{IdentityStore, KeyChoice, ServerName};
use crate::pki::alternative_names::Name;
use crate::pki::key_algorithm::KeyAlgorithm;
use crate::pki::private_key::PrivateKey;
use crate::pki::raw_certificate::RawCertificate;
use crate::pki::reissue::Reissue;
use crate::pki::request::{self, Request};
use crate::pki::serial::Serial;

/// Makes the key for a step, once, and a request that says what the old certificate says and names what is added.
pub(super) fn make_request(
    node: &LocalNode,
    run: &str,
    step: &str,
    store: &IdentityStore,
    choice: KeyChoice,
    added: &[ServerName],
) -> Result<Vec<u8>, NodeError> {
    let old = identity_in(node, store)?;
    let path = staged_folder(node, run, step)?.join("key.pem");
    let key = if path.exists() {
        read_key(&path, &files::read(&path)?)?
    } else {
        let (key, text) = chosen_key(store, &old, choice)?;
        write_new(&path, &text)?;
        key
    };
    ask_for(&old.certificate, added, &key)
}

/// The key and its text, not on the disk yet.
pub(super) fn chosen_key(
    store: &IdentityStore,
    old: &Identity,
    choice: KeyChoice,
) -> Result<(PrivateKey, Zeroizing<Vec<u8>>), NodeError> {
    let like = read_key(Path::new(store.key_path()), &old.key)?;
    let algorithm = match choice {
        // Its own text and no other: who reads it may accept that form only.
        KeyChoice::Old => return Ok((like, key_text(&old.key)?)),
        KeyChoice::LikeOld => like.algorithm(),
        KeyChoice::Of(kind) => kind.name().parse().map_err(|error| NodeError::refused(format!("{error}")))?,
    };
    let key = generate(algorithm)?;
    let text = key.to_pem(like.encoding());
    Ok((key, text))
}

/// The block of the key alone, where it stands among others.
fn key_text(text: &[u8]) -> Result<Zeroizing<Vec<u8>>, NodeError> {
    let text = pem::decode_text(text);
    let block = pem::blocks(&text).into_iter().find(pem::Block::is_private_key);
    let block = block.ok_or_else(|| NodeError::refused("the old key is not in a PEM block"))?;
    Ok(Zeroizing::new(text.as_bytes()[block.range].to_vec()))
}

pub(super) fn ask_for(old: &[u8], added: &[ServerName], key: &PrivateKey) -> Result<Vec<u8>, NodeError> {
    let old = RawCertificate::parse(old).map_err(|error| NodeError::refused(error.to_string()))?;
    request::request(old.subject, &old, &names(added), key)
        .map_err(|error| NodeError::failed(format!("failed to make a request: {error}")))
}

fn names(added: &[ServerName]) -> Vec<Name> {
    let name = |name: &ServerName| match name {
        ServerName::Dns(name) => Name::Dns(name.clone()),
        ServerName::Ip(address) => Name::Ip(*address),
    };
    added.iter().map(name).collect()
}

pub(super) fn sign(node: &LocalNode, sign: &Sign) -> Result<Vec<u8>, NodeError> {
    let refused = |why: String| NodeError::refused(format!("{}: {why}", sign.authority_key));
    let read = |path: &str| files::read(&files::resolve(&node.root, Path::new(path))?);
    let key = read_key(Path::new(&sign.authority_key), &read(&sign.authority_key)?)?;
    let text = read(&sign.authority_certificate)?;
    // kubeadm's own rule: the first certificate of the file is the authority.
    let issuer = first_certificate(&text)
        .ok_or_else(|| NodeError::refused(format!("{} holds no certificate", sign.authority_certificate)))?;
    let parsed = crate::formats::certificate::parse(&issuer).map_err(|error| refused(error.to_string()))?;
    if parsed.public_key != crate::formats::certificate::key_id(key.spki_der()) {
        return Err(refused(format!(
            "this key does not belong to the first certificate of {}",
            sign.authority_certificate
        )));
    }
    let request = Request::parse(&sign.request).map_err(|error| refused(error.to_string()))?;
    request
        .verify_possession()
        .map_err(|error| refused(format!("the request is not signed by its own key: {error:?}")))?;
    let wanted = Reissue {
        old: &sign.old,
        spki: request.spki,
        issuer: &issuer,
        added_names: &names(&sign.added_names),
        serial: Serial::random().map_err(|error| NodeError::failed(error.to_string()))?,
        not_before: sign.not_before.unix(),
        not_after: sign.not_after.unix(),
    };
    wanted.sign(&key).map_err(|error| NodeError::failed(format!("failed to sign: {error}")))
}

/// A certificate is staged only beside the key it was made for.
pub(super) fn stage(node: &LocalNode, run: &str, step: &str, certificate: &[u8]) -> Result<(), NodeError> {
    let folder = staged_folder(node, run, step)?;
    let key = folder.join("key.pem");
    check_pair(certificate, &read_key(&key, &files::read(&key)?)?)?;
    let path = folder.join("certificate.pem");
    files::remove_if_there(&path)?;
    write_new(&path, pem::certificate_pem(certificate).as_bytes())
}

pub(super) fn staged(node: &LocalNode, run: &str, step: &str) -> Result<Option<Staged>, NodeError> {
    let folder = node.run_folder(run)?.join("staged").join(file_name(step));
    let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
    if !key.exists() {
        return Ok(None);
    }
    let certificate = if certificate.exists() { first_certificate(&files::read(&certificate)?) } else { None };
    Ok(Some(Staged { public_key: read_key(&key, &files::read(&key)?)?.spki_der().to_vec(), certificate }))
}

pub(super) struct Identity {
    /// DER.
    pub(super) certificate: Vec<u8>,
    /// PEM.
    pub(super) key: Zeroizing<Vec<u8>>,
}

/// Key and certificate of a step, known to belong together.
pub(super) fn staged_identity(node: &LocalNode, run: &str, step: &str) -> Result<Identity, NodeError> {
    let folder = staged_folder(node, run, step)?;
    let key_path = folder.join("key.pem");
    let key = files::read(&key_path)?;
    let certificate = first_certificate(&files::read(&folder.join("certificate.pem"))?)
        .ok_or_else(|| NodeError::failed(format!("the staged certificate of {step} is not readable")))?;
    check_pair(&certificate, &read_key(&key_path, &key)?)?;
    Ok(Identity { certificate, key })
}

fn check_pair(certificate: &[u8], key: &PrivateKey) -> Result<(), NodeError> {
    let parsed =
        crate::formats::certificate::parse(certificate).map_err(|error| NodeError::refused(error.to_string()))?;
    if parsed.public_key == crate::formats::certificate::key_id(key.spki_der()) {
        Ok(())
    } else {
        Err(NodeError::refused(format!("the certificate of {} does not belong to the staged key", parsed.subject)))
    }
}

/// The identity that is in place now.
pub(super) fn identity_in(node: &LocalNode, store: &IdentityStore) -> Result<Identity, NodeError> {
    let read = |path: &str| files::read(&files::resolve(&node.root, Path::new(path))?);
    let nothing = |path: &str| NodeError::refused(format!("{path} holds no certificate to renew"));
    match store {
        IdentityStore::Pair { certificate, key } => Ok(Identity {
            certificate: first_certificate(&read(certificate)?).ok_or_else(|| nothing(certificate))?,
            key: read(key)?,
        }),
        IdentityStore::Combined { path } => {
            let text = read(path)?;
            Ok(Identity { certificate: first_certificate(&text).ok_or_else(|| nothing(path))?, key: text })
        }
        IdentityStore::Kubeconfig { path, user } => {
            let bytes = read(path)?;
            let text = pem::decode_text(&bytes);
            let parsed = kubeconfig::parse(&text).map_err(|error| NodeError::refused(format!("{path}: {error}")))?;
            let found = parsed.users.iter().find(|named| named.name == *user).map(|named| &named.user);
            let data =
                found.and_then(|user| Some((user.client_certificate_data.as_ref()?, user.client_key_data.as_ref()?)));
            let (certificate, key) = data.ok_or_else(|| nothing(path))?;
            let decoded = |data: &str| pem::decode_base64(data).ok_or_else(|| nothing(path));
            Ok(Identity {
                certificate: first_certificate(&decoded(certificate)?).ok_or_else(|| nothing(path))?,
                key: decoded(key)?,
            })
        }
    }
}

pub(super) fn first_certificate(bytes: &[u8]) -> Option<Vec<u8>> {
    pem::blocks(&pem::decode_text(bytes)).into_iter().find(pem::Block::is_certificate)?.der.map(|der| der.to_vec())
}

pub(super) fn read_key(path: &Path, bytes: &[u8]) -> Result<PrivateKey, NodeError> {
    PrivateKey::from_pem(bytes)
        .map_err(|error| NodeError::refused(format!("the key in {} cannot be used: {error}", path.display())))
}

fn generate(algorithm: KeyAlgorithm) -> Result<PrivateKey, NodeError> {
    PrivateKey::generate(algorithm).map_err(|error| NodeError::failed(format!("failed to make a key: {error}")))
}

pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), NodeError> {
    // Through a draft and a rename: a key that is there is whole.
    let draft = path.with_extension("draft");
    files::remove_if_there(&draft)?;
    let attempt = || {
        let mut file = files::create_private(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&draft, path)?;
        files::sync_folder(path)
    };
    attempt().map_err(|error| NodeError::io("write", path, &error))
}

pub(super) fn staged_folder(node: &LocalNode, run: &str, step: &str) -> Result<PathBuf, NodeError> {
    let folder = node.run_folder(run)?.join("staged").join(file_name(step));
    files::create_private_folder(&folder)?;
    Ok(folder)
}

/// Steps are named by us, but the name passes through stored plans.
fn file_name(step: &str) -> String {
    step.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '.') { c } else { '_' })
        .collect::<String>()
        .replace("..", "_")
}
