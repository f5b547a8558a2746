//! The kubeconfig files that count, read in kubectl's order.

#![expect(clippy::disallowed_methods, reason = "this is the port to kubectl's configuration")]

use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind};
use crate::formats::kubeconfig::{self, Kubeconfig};
use crate::formats::pem;
use crate::request::Connection;

/// The files that kubectl would read, whether or not they exist.
pub fn kubeconfig_paths(connection: &Connection) -> Vec<PathBuf> {
    // What is printed of them must mean the same in another folder.
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    if let Some(path) = &connection.kubeconfig {
        return vec![absolute(PathBuf::from(path))];
    }
    if let Some(list) = std::env::var_os("KUBECONFIG").filter(|list| !list.is_empty()) {
        let named = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).map(absolute);
        return named.fold(Vec::new(), |mut paths, path| {
            if !paths.contains(&path) {
                paths.push(path);
            }
            paths
        });
    }
    std::env::home_dir().map(|home| home.join(".kube").join("config")).into_iter().collect()
}

/// Those that are there, each with what it says. kubectl passes over missing files of a list, but not over one that was
/// named with --kubeconfig.
pub(super) fn read(connection: &Connection) -> Result<Vec<(PathBuf, Kubeconfig)>, Error> {
    let mut files = Vec::new();
    for path in kubeconfig_paths(connection) {
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && connection.kubeconfig.is_none() => continue,
            Err(error) => {
                return Err(Error::unreadable(format!("failed to read the kubeconfig {}: {error}", path.display())));
            }
        };
        let parsed = parse(&path, &bytes)?;
        files.push((path, parsed));
    }
    Ok(files)
}

/// Its messages never quote the text, which may be a key. Paths are relative to the file that names them.
fn parse(path: &Path, bytes: &[u8]) -> Result<Kubeconfig, Error> {
    let text = pem::decode_text(bytes);
    let mut parsed = match text.trim() {
        "" => Kubeconfig::default(),
        _ => kubeconfig::parse(&text).map_err(|error| {
            Error::new(ErrorKind::Usage, format!("the kubeconfig {} cannot be used: {error}", path.display()))
                .about(format!("kubeconfig:{}", path.display()))
        })?,
    };
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let absolute = |path: &mut Option<String>| {
        if let Some(path) = path {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    };
    for named in &mut parsed.clusters {
        absolute(&mut named.cluster.certificate_authority);
    }
    for named in &mut parsed.users {
        absolute(&mut named.user.client_certificate);
        absolute(&mut named.user.client_key);
        absolute(&mut named.user.token_file);
        // A bare name is looked for in PATH (client-go: `GetAuthInfoFileReferences`).
        if let Some(exec) = named.user.exec.as_mut().filter(|exec| exec.command.contains(MAIN_SEPARATOR)) {
            exec.command = folder.join(&exec.command).to_string_lossy().into_owned();
        }
    }
    Ok(parsed)
}
