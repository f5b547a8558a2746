//! `openssl verify`, told to trust exactly what it is given, as Go does (`-partial_chain`).

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;

use crate::made::NOW;
use kubectl_certs::trust::Usage;

/// What openssl says of each of these leaves: the text of its first error, or nothing.
pub(crate) fn verify(
    folder: &Path,
    anchors: &[&[u8]],
    sent: &[&[u8]],
    leaves: &[&[u8]],
    usage: Usage,
) -> Vec<Result<(), String>> {
    let write = |name: &str, ders: &[&[u8]]| {
        std::fs::write(folder.join(name), ders.iter().map(|der| pem(der)).collect::<String>()).expect("written");
    };
    write("anchors", anchors);
    write("sent", sent);
    let names: Vec<String> = (0..leaves.len()).map(|number| format!("leaf{number}")).collect();
    for (name, leaf) in names.iter().zip(leaves) {
        write(name, &[leaf]);
    }
    let mut command = Command::new("openssl");
    command.current_dir(folder).stdin(Stdio::null());
    command.args(["verify", "-no-CApath", "-no-CAstore", "-partial_chain", "-attime", &NOW.to_string()]);
    match usage {
        Usage::Server => command.args(["-purpose", "sslserver"]),
        Usage::Client => command.args(["-purpose", "sslclient"]),
        Usage::Any => &mut command,
    };
    command.args(["-CAfile", "anchors"]);
    if !sent.is_empty() {
        command.args(["-untrusted", "sent"]);
    }
    let output = command.args(&names).output().expect("the openssl program is needed (package openssl)");
    let (good, bad) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let mut said: BTreeMap<&str, Result<(), String>> =
        good.lines().filter_map(|line| Some((line.strip_suffix(": OK")?, Ok(())))).collect();
    let mut first = None;
    for line in bad.lines() {
        if let Some(name) = line.strip_prefix("error ").and_then(|rest| rest.strip_suffix(": verification failed")) {
            said.insert(name, Err(first.take().unwrap_or_default()));
        } else if let Some((_, why)) = line.split_once(" lookup: ").filter(|_| first.is_none()) {
            first = Some(why.to_owned());
        }
    }
    let missing = || panic!("openssl says nothing of a leaf: {good}{bad}");
    names.iter().map(|name| said.remove(name.as_str()).unwrap_or_else(missing)).collect()
}

fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
