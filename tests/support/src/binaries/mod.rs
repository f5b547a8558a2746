//! Real Kubernetes and etcd programs: found where the user has them, else built once with Go.
//!
//! Never downloads a program: what is built comes from the public Go modules whose sums are in
//! `go/*/go.sum`, so every machine runs the same code.

mod recipes;

use std::env;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

pub use recipes::{COREDNS_VERSION, ETCD_VERSION, KUBERNETES_VERSION, Program};

/// The path of `program`, built first if this machine has it nowhere.
pub fn program(program: Program) -> PathBuf {
    find_or_build(program).unwrap_or_else(|message| panic!("{message}"))
}

/// As [`program`], with the reason if it can neither be found nor built.
///
/// Looks into `$KUBEBUILDER_ASSETS`, then into the [`cache`]; builds into the cache.
pub fn find_or_build(program: Program) -> Result<PathBuf, String> {
    if let Some(assets) = env::var_os("KUBEBUILDER_ASSETS") {
        let path = Path::new(&assets).join(program.name());
        if path.is_file() {
            return Ok(path);
        }
    }
    cached_or_build(program)
}

/// Of exactly the version that is pinned here: what runs together in a cluster must fit together.
pub fn cached_or_build(program: Program) -> Result<PathBuf, String> {
    let cache = cache()?.join(program.module().folder());
    let path = cache.join(program.name());
    if !path.is_file() {
        build_once(program, &cache).map_err(|reason| {
            format!("failed to build {} {} into {}: {reason}", program.name(), program.version(), cache.display())
        })?;
    }
    Ok(path)
}

/// Puts a symlink to every program that a cluster runs into `folder`; builds what is not there yet.
pub fn gather_for_lab(folder: &Path) -> Result<(), String> {
    let failed = |e: io::Error| format!("failed to fill {}: {e}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for program in Program::LAB {
        let path = cached_or_build(program)?;
        let link = folder.join(program.name());
        if fs::read_link(&link).is_ok_and(|there| there == path) {
            continue;
        }
        match fs::remove_file(&link) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(failed(e)),
            Ok(()) | Err(_) => symlink(&path, &link).map_err(failed)?,
        }
    }
    Ok(())
}

/// The per-user folder of built programs: `$KUBECTL_CERTS_TEST_CACHE`, else
/// `$XDG_CACHE_HOME/kubectl-certs`, else `~/.cache/kubectl-certs`.
///
/// The folders in it carry versions in their names, so that raising one leaves no stale program in
/// use.
pub fn cache() -> Result<PathBuf, String> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    set("KUBECTL_CERTS_TEST_CACHE")
        .map(PathBuf::from)
        .or_else(|| set("XDG_CACHE_HOME").map(|xdg| Path::new(&xdg).join("kubectl-certs")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache/kubectl-certs")))
        .ok_or("neither KUBECTL_CERTS_TEST_CACHE nor XDG_CACHE_HOME nor HOME is set".to_owned())
}

/// Builds unless another test run did it while this one waited for the lock.
fn build_once(program: Program, cache: &Path) -> Result<(), String> {
    fs::create_dir_all(cache).map_err(|e| format!("failed to create the folder: {e}"))?;
    let lock = cache.join("lock");
    let lock = File::create(&lock).map_err(|e| format!("failed to open {}: {e}", lock.display()))?;
    // Held until the file is dropped, also when this process dies.
    lock.lock().map_err(|e| format!("failed to lock: {e}"))?;
    if cache.join(program.name()).is_file() {
        return Ok(());
    }
    build(program, cache)
}

#[expect(clippy::print_stderr, reason = "a test that is silent for minutes looks stuck")]
fn build(program: Program, cache: &Path) -> Result<(), String> {
    let (go_mod, go_sum) = program.module().pins();
    let folder = cache.join("modules").join(program.module().name());
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("go.mod"), go_mod))
        .and_then(|()| fs::write(folder.join("go.sum"), go_sum));
    written.map_err(|e| format!("failed to write {}: {e}", folder.display()))?;

    eprintln!(
        "support: building {} {} with Go into {} (once; usually {})",
        program.name(),
        program.version(),
        cache.display(),
        program.usual_build()
    );
    let start = Instant::now();
    // A broken build must not look like a program: it gets its name only when complete.
    let unfinished = cache.join(format!("{}.unfinished", program.name()));
    let output = Command::new("go")
        .args(["build", "-trimpath", "-mod=readonly", "-buildvcs=false"])
        .args(["-ldflags", &program.linker_flags(), "-tags", program.tags()])
        .arg("-o")
        .arg(&unfinished)
        .arg(program.package())
        .current_dir(&folder)
        .env("CGO_ENABLED", if program.needs_c() { "1" } else { "0" })
        .env("GOWORK", "off")
        .stdin(Stdio::null())
        .output()
        .map_err(|e| explain_go(&e))?;
    if !output.status.success() {
        return Err(format!("go build: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    fs::rename(&unfinished, cache.join(program.name()))
        .map_err(|e| format!("failed to rename {}: {e}", unfinished.display()))?;
    eprintln!("support: built {} in {} s", program.name(), start.elapsed().as_secs());
    Ok(())
}

fn explain_go(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        "go is not in PATH; install Go 1.26 or newer (https://go.dev/dl, or your distribution's \
         package), or set KUBEBUILDER_ASSETS to a folder that has etcd, kube-apiserver, kubeadm \
         and kubectl"
            .to_owned()
    } else {
        format!("failed to run go: {error}")
    }
}
