//! Which program a node is given: a build of this one for Linux on the node's kind of processor.

#![expect(clippy::disallowed_methods, reason = "this is the port to the helper's files and the environment")]

use std::fs;
use std::path::{Path, PathBuf};

use super::super::NodeError;
use crate::formats::certificate::sha256_hex;

const VARIABLE: &str = "KUBECTL_CERTS_NODE_HELPER";

const HOW_TO_BUILD: &str = "RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target";

/// Where to look first: the folder of `--node-helper`.
#[derive(Clone, Debug, Default)]
pub struct HelperSource {
    pub folder: Option<PathBuf>,
}

pub(super) struct Program {
    pub(super) bytes: Vec<u8>,
    pub(super) sha256: String,
    /// It needs the C library of the machine that it was built on, or a newer one.
    pub(super) needs_libraries: bool,
}

/// `machine` is what `uname -m` says.
pub(super) fn for_machine(source: &HelperSource, machine: &str) -> Result<Program, NodeError> {
    let Some((name, rust)) = names(machine) else {
        return Err(NodeError::refused(format!(
            "its processor is '{machine}'; there are helpers for x86_64 and aarch64 only"
        )));
    };
    let file = format!("kubectl-certs-linux-{name}");
    let variable = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    // A folder that a person named is meant: what is not in it is not looked for elsewhere.
    if let Some(folder) = source.folder.as_ref().or(variable.as_ref()) {
        return read(&folder.join(&file)).map_err(|error| error.hint(build(rust)));
    }
    let own = std::env::current_exe().ok();
    if let Some(beside) = own.as_ref().and_then(|own| Some(own.parent()?.join(&file))).filter(|path| path.exists()) {
        return read(&beside);
    }
    match own.filter(|_| cfg!(target_os = "linux") && std::env::consts::ARCH == rust) {
        Some(own) => Ok(Program { needs_libraries: !cfg!(target_feature = "crt-static"), ..read(&own)? }),
        None => Err(NodeError::refused(format!(
            "there is no helper for Linux on {machine}: no {file} beside this program, and this program itself is for {} on {}",
            std::env::consts::OS,
            std::env::consts::ARCH
        ))
        .hint(format!("put {file} of the release into a folder and name that with --node-helper DIR or {VARIABLE}"))
        .hint(build(rust))),
    }
}

/// Its name in our files and in Rust.
fn names(machine: &str) -> Option<(&'static str, &'static str)> {
    match machine {
        "x86_64" | "amd64" => Some(("amd64", "x86_64")),
        "aarch64" | "arm64" => Some(("arm64", "aarch64")),
        _ => None,
    }
}

fn build(rust: &str) -> String {
    format!("it is built with: {HOW_TO_BUILD} {rust}-unknown-linux-gnu")
}

fn read(path: &Path) -> Result<Program, NodeError> {
    let bytes = fs::read(path).map_err(|error| NodeError::io("read the helper", path, &error))?;
    if !bytes.starts_with(b"\x7fELF") {
        return Err(NodeError::refused(format!("{} is no program for Linux", path.display())));
    }
    Ok(Program { sha256: sha256_hex(&bytes), bytes, needs_libraries: false })
}
