//! Who may import whom. Rooms are the folders and files directly below `src`; an arrow that is not listed is a fault.

#![expect(clippy::disallowed_methods, reason = "it reads the source of the crate")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Room, and the rooms that it may use. Below it in this list never means above it in the house.
const MAY_USE: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("model", &[]),
    ("pki", &[]),
    ("demo", &[]),
    ("layouts", &["model"]),
    ("formats", &["model", "pki"]),
    ("request", &["model"]),
    ("event", &["error", "model"]),
    ("trust", &["model", "pki"]),
    ("access", &["demo", "error", "formats", "model", "pki", "request"]),
    ("sources", &["access", "error", "formats", "layouts", "model", "request"]),
    ("findings", &["model", "request", "trust"]),
    ("plan", &["error", "findings", "formats", "layouts", "model", "request", "trust"]),
    ("report", &["event", "findings", "model", "plan"]),
    ("execute", &["access", "error", "event", "model", "pki", "plan", "report"]),
    ("output", &["error", "event", "findings", "model", "plan", "report", "request"]),
    (
        "answer",
        &[
            "access", "demo", "error", "event", "execute", "findings", "formats", "layouts", "model", "plan", "report",
            "request", "sources", "trust",
        ],
    ),
    ("commands", &["model", "output", "request"]),
    ("session", &["access", "answer", "commands", "error", "formats", "output", "report", "request"]),
];

#[test]
fn every_arrow_goes_down() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let faults = faults(&source);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The test itself must notice: an import that nobody allows is put beside the real ones.
#[test]
fn a_forbidden_import_is_found() {
    let folder = tempfile::tempdir().expect("folder");
    fs::create_dir(folder.path().join("model")).expect("folder");
    let write = |text: &str| fs::write(folder.path().join("model/mod.rs"), text).expect("written");
    for bad in [
        "use crate::access::Access;",
        "fn f() { crate::output::render(); }",
        "use super::access::Access;",
        "use crate::{model::Time, access};",
        "use crate::strange::Room;",
    ] {
        write(bad);
        assert_eq!(faults(folder.path()).len(), 1, "{bad}");
    }
    write("mod entry; // crate::access is only spoken of");
    fs::write(folder.path().join("model/entry.rs"), "use super::time::Time; use super::super::model;")
        .expect("written");
    assert_eq!(faults(folder.path()), Vec::<String>::new());
}

fn faults(source: &Path) -> Vec<String> {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        MAY_USE.iter().map(|(room, uses)| (*room, uses.iter().copied().collect())).collect();
    let mut faults = Vec::new();
    for file in rust_files(source) {
        let relative = file.strip_prefix(source).expect("below the source").to_path_buf();
        let Some(room) = room_of(&relative) else { continue };
        let Some(uses) = allowed.get(room.as_str()) else {
            faults.push(format!("{}: the room '{room}' is not in the list of this test", relative.display()));
            continue;
        };
        let text = fs::read_to_string(&file).expect("source");
        for used in rooms_used(&text, depth_in_room(&relative)) {
            if used != room && !uses.contains(used.as_str()) {
                faults.push(format!("{}: '{room}' may not use '{used}'", relative.display()));
            }
        }
    }
    faults
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("folder") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// None for `main.rs` and `lib.rs`, which stand above all rooms.
fn room_of(relative: &Path) -> Option<String> {
    let first = relative.components().next()?.as_os_str().to_str()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(room, "main" | "lib")).then(|| room.to_owned())
}

/// How many `super::` it takes from this file to the crate's root.
fn depth_in_room(relative: &Path) -> usize {
    let parts = relative.components().count();
    if relative.file_name().is_some_and(|name| name == "mod.rs") { parts - 1 } else { parts }
}

fn rooms_used(text: &str, depth: usize) -> BTreeSet<String> {
    // Tests below the code may build what they need from anywhere.
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code = code.split("#[cfg(all(test, unix))]\nmod tests {").next().unwrap_or_default();
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut used = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        used.extend(names_at(&code[at + "crate::".len()..]));
    }
    let up = "super::".repeat(depth);
    for (at, _) in code.match_indices(&up) {
        let alone = !code[..at].ends_with("super::") && !code[at + up.len()..].starts_with("super::");
        if alone && depth > 0 {
            used.extend(names_at(&code[at + up.len()..]));
        }
    }
    used
}

/// The name after a path, or the first names in its braces.
fn names_at(rest: &str) -> Vec<String> {
    let name = |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    match rest.strip_prefix('{') {
        None => vec![name(rest)],
        Some(inner) => {
            let mut depth = 0;
            let mut names = vec![String::new()];
            for c in inner.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(String::new()),
                    _ => {}
                }
                if depth == 0
                    && c != ','
                    && let Some(last) = names.last_mut()
                {
                    last.push(c);
                }
            }
            names.iter().map(|text| name(text)).filter(|name| !name.is_empty()).collect()
        }
    }
}
