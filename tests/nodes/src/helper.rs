//! The helper for this machine, as cargo builds it, without what debuggers need: it is a tenth of the size then.

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

/// A folder with the helper in it, made once.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let built = build();
        let folder = built.with_file_name("node-helper");
        std::fs::create_dir_all(&folder).expect("a folder");
        let strip = Command::new("strip").arg("-o").arg(folder.join(name())).arg(&built).status();
        assert!(strip.expect("strip, which comes with the linker (binutils)").success());
        folder
    })
}

fn build() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["build", "--package", "kubectl-certs", "--bin", "kubectl-certs"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the program is not built:\n{}", String::from_utf8_lossy(&output.stderr));
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let built = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut executables = built.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    executables.next_back().unwrap_or_else(|| panic!("cargo names no executable:\n{messages}"))
}
