//! The real program, as cargo builds it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::helper;

/// Builds it once, and says where it is.
pub fn path() -> &'static Path {
    helper::built()
}

/// Runs it with arguments, as at a prompt, without the cluster and the state of whoever runs the tests.
pub fn run(arguments: &[&OsStr]) -> Output {
    let home = tempfile::tempdir().expect("a home folder");
    Command::new(path())
        .args(arguments)
        .env("HOME", home.path())
        .env_remove("KUBECONFIG")
        .env_remove("XDG_STATE_HOME")
        .output()
        .expect("the program runs")
}

/// The items that it prints for a node's disk.
pub fn items(arguments: &[&str], root: &Path) -> Vec<Value> {
    let arguments = arguments.iter().map(OsStr::new);
    items_of(&arguments.chain(["--root".as_ref(), root.as_os_str()]).collect::<Vec<_>>())
}

/// The items that it prints with `-o json`, whatever its exit code.
pub fn items_of(arguments: &[&OsStr]) -> Vec<Value> {
    let output = run(&[arguments, &["-o".as_ref(), "json".as_ref()]].concat());
    let mut document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!("{arguments:?}: {e}\n{}", String::from_utf8_lossy(&output.stderr));
    });
    match document["items"].take() {
        Value::Array(items) => items,
        _ => panic!("{arguments:?}: no items in {document}"),
    }
}

/// The disk of an invented control-plane node with a dozen troubles, in `folder`.
pub fn demo(folder: &Path) {
    let output = run(&["demo".as_ref(), folder.as_os_str()]);
    assert!(folder.join("etc/kubernetes/pki/ca.crt").exists(), "{}", String::from_utf8_lossy(&output.stderr));
}
