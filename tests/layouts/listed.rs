//! What `list` says of a disk, one line for each place.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The program on a disk, in a world of its own.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a folder");
    Command::new(env!("CARGO_BIN_EXE_kubectl-certs"))
        .args(arguments)
        .arg("--root")
        .arg(root)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .current_dir(home.path())
        .output()
        .expect("the program runs")
}

pub(crate) fn json(root: &Path, arguments: &[&str]) -> Value {
    let output = run(root, &[arguments, &["-o", "json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// `NAME < SIGNER  HOLDS KEY  PLACE`, with paths below the disk; `(backup)` behind what was put aside.
pub(crate) fn lines_of(document: &Value, root: &Path) -> Vec<String> {
    let items = document["items"].as_array().expect("items");
    items.iter().map(|item| line(item, root)).collect()
}

fn line(item: &Value, root: &Path) -> String {
    let text = |name: &str| item[name].as_str().unwrap_or("-");
    let place = text("target").replace(&format!("{}/", root.display()), "");
    match text("kind") {
        "Certificate" => {
            let backup = if item["backup"] == true { " (backup)" } else { "" };
            let (name, signer, holds, key) = (text("name"), text("signer"), text("holds"), text("key"));
            format!("{name} < {signer}  {holds} {key}  {place}{backup}")
        }
        kind => format!("{} {kind}  {place}", text("name")),
    }
}

/// Each place once, and nothing that could not be read.
#[track_caller]
pub(crate) fn assert_whole(document: &Value) {
    let items = document["items"].as_array().expect("items");
    let mut targets: Vec<&str> = items.iter().filter_map(|item| item["target"].as_str()).collect();
    targets.sort_unstable();
    let whole = targets.len();
    targets.dedup();
    assert_eq!(targets.len(), whole, "something is listed twice");
    assert_eq!(document["gaps"], Value::Array(Vec::new()));
}
