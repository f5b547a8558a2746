//! Real Kubernetes and etcd programs: found where the user has them, else built once with Go.
//!
//! Never downloads a program: what is built comes from the public Go modules whose sums are in
//! `go/*/go.sum`, so every machine runs the same code.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

pub const KUBERNETES_VERSION: &str = "v1.36.3";
pub const ETCD_VERSION: &str = "v3.6.8";

/// A program that tests run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Program {
    Etcd,
    KubeApiserver,
    Kubeadm,
    Kubectl,
}

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
    let cache = cache()?;
    let path = cache.join(program.name());
    if path.is_file() {
        return Ok(path);
    }
    build_once(program, &cache).map_err(|reason| {
        format!("failed to build {} {} into {}: {reason}", program.name(), program.version(), cache.display())
    })?;
    Ok(path)
}

/// The per-user folder of built programs: below `$KUBECTL_CERTS_TEST_CACHE`, else
/// `$XDG_CACHE_HOME/kubectl-certs`, else `~/.cache/kubectl-certs`.
///
/// Its name carries the versions, so that raising one leaves no stale program in use.
pub fn cache() -> Result<PathBuf, String> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let base = set("KUBECTL_CERTS_TEST_CACHE")
        .map(PathBuf::from)
        .or_else(|| set("XDG_CACHE_HOME").map(|xdg| Path::new(&xdg).join("kubectl-certs")))
        .or_else(|| set("HOME").map(|home| Path::new(&home).join(".cache/kubectl-certs")))
        .ok_or("neither KUBECTL_CERTS_TEST_CACHE nor XDG_CACHE_HOME nor HOME is set")?;
    Ok(base.join(format!("kubernetes-{KUBERNETES_VERSION}-etcd-{ETCD_VERSION}")))
}

impl Program {
    pub const ALL: [Self; 4] = [Self::Etcd, Self::Kubeadm, Self::Kubectl, Self::KubeApiserver];

    pub fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::Kubeadm => "kubeadm",
            Self::Kubectl => "kubectl",
        }
    }

    pub fn version(self) -> &'static str {
        match self {
            Self::Etcd => ETCD_VERSION,
            Self::KubeApiserver | Self::Kubeadm | Self::Kubectl => KUBERNETES_VERSION,
        }
    }

    fn module(self) -> &'static Module {
        match self {
            Self::Etcd => &ETCD,
            Self::KubeApiserver | Self::Kubeadm | Self::Kubectl => &KUBERNETES,
        }
    }

    fn package(self) -> String {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3".to_owned(),
            Self::KubeApiserver | Self::Kubeadm | Self::Kubectl => {
                format!("k8s.io/kubernetes/cmd/{}", self.name())
            }
        }
    }

    /// Seen on two busy cores with empty caches; only to tell the waiting user.
    fn usual_build(self) -> &'static str {
        match self {
            Self::Etcd => "half a minute",
            Self::KubeApiserver => "three to four minutes",
            Self::Kubeadm | Self::Kubectl => "one to two minutes",
        }
    }
}

/// What Go needs to build a program without choosing any version by itself.
struct Module {
    name: &'static str,
    go_mod: &'static str,
    go_sum: &'static str,
}

// etcd has a module of its own: Kubernetes requires parts of etcd newer than this server.
const ETCD: Module =
    Module { name: "etcd", go_mod: include_str!("../go/etcd/go.mod"), go_sum: include_str!("../go/etcd/go.sum") };

// k8s.io/kubernetes replaces its staging repositories by folders that the published module does
// not contain; the go.mod here names their published versions instead.
const KUBERNETES: Module = Module {
    name: "kubernetes",
    go_mod: include_str!("../go/kubernetes/go.mod"),
    go_sum: include_str!("../go/kubernetes/go.sum"),
};

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
    let module = program.module();
    let folder = cache.join("modules").join(module.name);
    let written = fs::create_dir_all(&folder)
        .and_then(|()| fs::write(folder.join("go.mod"), module.go_mod))
        .and_then(|()| fs::write(folder.join("go.sum"), module.go_sum));
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
        .args(["-ldflags", &ldflags(program)])
        .arg("-o")
        .arg(&unfinished)
        .arg(program.package())
        .current_dir(&folder)
        .env("CGO_ENABLED", "0")
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

/// A program built outside the upstream build system takes itself for v0.0.0-master, and kubeadm
/// then refuses to work for v1.36.3.
fn ldflags(program: Program) -> String {
    let version = program.version();
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    match program {
        Program::Etcd => "-s -w".to_owned(),
        Program::KubeApiserver | Program::Kubeadm | Program::Kubectl => {
            [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
                .iter()
                .fold("-s -w".to_owned(), |flags, (name, value)| {
                    format!("{flags} -X k8s.io/component-base/version.{name}={value}")
                })
        }
    }
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
