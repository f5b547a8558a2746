//! The program under test as cargo builds it. It is also the helper that nodes are given.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The file name that a Linux node of this machine's kind is given.
pub fn name() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => panic!("there is no helper for {other}"),
    };
    format!("kubectl-certs-linux-{arch}")
}

/// As it is; made once.
pub fn built() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| build(&[], &[]))
}

/// A folder with the helper in it, and with the same program under its own name; made once. Without what debuggers need:
/// it is a tenth of the size then.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| collect(built()))
}

/// The same as it is released: optimised, and with all libraries inside.
pub fn released_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // Without a target, what runs during the build would be linked so too, and that fails.
        let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
        let release = ["--release", "--target", &target];
        collect(&build(&release, &[("RUSTFLAGS", "-C target-feature=+crt-static")]))
    })
}

fn collect(built: &Path) -> PathBuf {
    let folder = built.with_file_name("node-helper");
    fs::create_dir_all(&folder).expect("a folder");
    for name in ["kubectl-certs", &name()] {
        // Beside it and renamed: it may be running.
        let draft = folder.join(format!(".{name}.{}", std::process::id()));
        let strip = Command::new("strip").arg("-o").arg(&draft).arg(built).status();
        assert!(strip.expect("strip, which comes with the linker (binutils)").success());
        fs::rename(&draft, folder.join(name)).expect("a file");
    }
    folder
}

fn build(arguments: &[&str], environment: &[(&str, &str)]) -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--package", "kubectl-certs", "--bin", "kubectl-certs"])
        .args(["--message-format", "json-render-diagnostics"])
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the program is not built:\n{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next_back().unwrap_or_else(|| panic!("cargo names no executable:\n{messages}"))
}
