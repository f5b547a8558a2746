//! Who uses the files of a layout, told by the options of running processes, and what those have loaded.

use std::collections::BTreeMap;

use super::{Detected, FileRecord, Process, place};
use crate::access::tls;
use crate::formats::certificate::fingerprint;
use crate::layouts::{Layout, Listen, PurposeRow, Store, UseRow};
use crate::model::{Evidence, Inventory, Loaded, Location, TakesEffect, Use, host_and_port};

pub(super) async fn add(
    inventory: &mut Inventory,
    found: &Detected,
    root: &str,
    files: &BTreeMap<String, FileRecord>,
    processes: &[Process],
) {
    for row in found.layout.uses {
        let Some(path) = path_of(found.layout, row.leaf).map(|path| place(root, found.base, path)) else {
            continue;
        };
        let Some(file) = files.get(&path) else { continue };
        let process = processes
            .iter()
            .find(|process| process.program == row.component && process.option(row.flag) == Some(path.as_str()));
        let Some((at, stored)) = entry_of(inventory, &path) else {
            continue;
        };
        let address = match row.purpose {
            PurposeRow::Serve(listen) => process.and_then(|process| address(listen, process)),
            _ => None,
        };
        let loaded = loaded(row, process, file, stored.clone(), address.as_deref()).await;
        inventory.uses.push(Use {
            component: row.component.to_owned(),
            purpose: row.purpose.purpose(address),
            place: at,
            stored,
            loaded,
            takes_effect: row.takes_effect,
        });
    }
}

fn path_of(layout: &Layout, name: &str) -> Option<&'static str> {
    if let Some(leaf) = layout.leaf(name) {
        return Some(match leaf.store {
            Store::Pair { certificate, .. } => certificate,
            Store::Combined(path) | Store::Kubeconfig(path) => path,
        });
    }
    layout.authority(name).map(|authority| authority.certificate)
}

/// The entry of that file that has a name in the layout; in a kubeconfig that is the user's, not the cluster's.
fn entry_of(inventory: &Inventory, path: &str) -> Option<(Location, Option<crate::model::CertId>)> {
    let entry = inventory.entries.iter().find(|entry| entry.at.path() == Some(path) && entry.origin.name.is_some())?;
    Some((entry.at.clone(), entry.certificates().first().cloned()))
}

async fn loaded(
    row: &UseRow,
    process: Option<&Process>,
    file: &FileRecord,
    stored: Option<crate::model::CertId>,
    address: Option<&str>,
) -> Loaded {
    let written = Some(file.modified);
    let Some(process) = process else {
        return Loaded { certificate: None, evidence: Evidence::NotRunning, started: None, written };
    };
    if let Some((host, port)) = address.and_then(host_and_port)
        && let Ok(chain) = tls::presented(&host, port).await
        && let Some(leaf) = chain.first()
    {
        return Loaded {
            certificate: Some(fingerprint(leaf)),
            evidence: Evidence::Handshake,
            started: Some(process.started),
            written,
        };
    }
    let (certificate, evidence) = match row.takes_effect {
        // Started later than written, with a second for the clocks' coarseness: it can only have read this.
        _ if process.started.unix() > file.modified.unix() + 1 => (stored, Evidence::ProcessYounger),
        TakesEffect::EachHandshake => (stored, Evidence::ReadOnEachUse),
        TakesEffect::Watch | TakesEffect::Timer { .. } => (stored, Evidence::Assumed),
        // What it read at its start is gone from the disk.
        TakesEffect::Restart => (None, Evidence::ProcessYounger),
    };
    Loaded { certificate, evidence, started: Some(process.started), written }
}

/// `HOST:PORT` where this process can be reached from this machine.
fn address(listen: Listen, process: &Process) -> Option<String> {
    match listen {
        Listen::Port { port, address, default } => {
            let port = process.option(port).and_then(|port| port.parse().ok()).unwrap_or(default);
            let host = process.option(address).unwrap_or("0.0.0.0");
            Some(reachable(host, port))
        }
        Listen::Urls(option) => {
            let mut urls = process.option(option)?.split(',');
            let (host, port) = urls.find_map(|url| host_and_port(url.trim().strip_prefix("https://")?))?;
            Some(reachable(&host, port))
        }
    }
}

fn reachable(host: &str, port: u16) -> String {
    match host {
        "" | "0.0.0.0" => format!("127.0.0.1:{port}"),
        "::" => format!("[::1]:{port}"),
        v6 if v6.contains(':') => format!("[{v6}]:{port}"),
        other => format!("{other}:{port}"),
    }
}
