//! Who uses the files of a layout, told by the options of running processes, and what those have loaded.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Detected, FileRecord, Process, place, unanswered};
use crate::access::nodes::{Member, Node, NodeError, NodeOp, NodeReply};
use crate::formats::certificate::fingerprint;
use crate::layouts::{Layout, Listen, PurposeRow, Store, UseRow};
use crate::model::{CertId, Evidence, Inventory, Loaded, Location, TakesEffect, Use, host_and_port};

pub(super) async fn add(
    inventory: &mut Inventory,
    found: &Detected,
    member: &Member,
    files: &BTreeMap<String, FileRecord>,
    processes: &[Process],
) {
    let mut seen = Vec::new();
    for row in found.layout.uses {
        let Some(path) = path_of(found.layout, row.leaf).map(|path| place(&member.root, found.base, path)) else {
            continue;
        };
        let Some(file) = files.get(&path) else { continue };
        let Some((at, stored)) = entry_of(inventory, &path) else { continue };
        let process =
            processes.iter().find(|process| process.program == row.component && has_loaded(process, row, file, member));
        let address = match row.purpose {
            PurposeRow::Serve(listen) => process.and_then(|process| address(listen, process)),
            _ => None,
        };
        seen.push(Seen { row, file, at, stored, process, address });
    }
    let addresses = seen.iter().filter_map(|seen| seen.address.clone()).collect();
    let presented = presented(&*member.node, addresses).await.unwrap_or_else(|error| {
        inventory.gaps.push(unanswered(member, &error));
        BTreeMap::new()
    });
    for seen in seen {
        let loaded = seen.loaded(&presented);
        let Seen { row, at, stored, address, .. } = seen;
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

/// Without an option that names the file there is one configuration on a machine, which reads nothing of other disks.
fn has_loaded(process: &Process, row: &UseRow, file: &FileRecord, member: &Member) -> bool {
    if row.flag.is_empty() {
        member.is_running_machine() && process.on_our_root.unwrap_or(true)
    } else {
        process.names(row.flag, &file.path, file.id)
    }
}

/// A row of the layout's table whose file is here, and the process that has it.
struct Seen<'a> {
    row: &'static UseRow,
    file: &'a FileRecord,
    at: Location,
    stored: Option<CertId>,
    process: Option<&'a Process>,
    address: Option<String>,
}

/// The leaf that each of these addresses presents, as seen from that node.
pub async fn presented(node: &dyn Node, addresses: Vec<String>) -> Result<BTreeMap<String, CertId>, NodeError> {
    if addresses.is_empty() {
        return Ok(BTreeMap::new());
    }
    let NodeReply::Presented(chains) = node.run(NodeOp::Presented { addresses }).await? else {
        return Ok(BTreeMap::new());
    };
    Ok(chains.into_iter().filter_map(|(address, chain)| Some((address, fingerprint(chain?.first()?)))).collect())
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
fn entry_of(inventory: &Inventory, path: &str) -> Option<(Location, Option<CertId>)> {
    let entry = inventory.entries.iter().find(|entry| entry.at.path() == Some(path) && entry.origin.name.is_some())?;
    Some((entry.at.clone(), entry.certificates().first().cloned()))
}

impl Seen<'_> {
    fn loaded(&self, presented: &BTreeMap<String, CertId>) -> Loaded {
        let written = Some(self.file.modified);
        let Some(process) = self.process else {
            return Loaded { certificate: None, evidence: Evidence::NotRunning, started: None, written };
        };
        let started = Some(process.started);
        if let Some(leaf) = self.address.as_ref().and_then(|address| presented.get(address)) {
            return Loaded { certificate: Some(leaf.clone()), evidence: Evidence::Handshake, started, written };
        }
        let stored = self.stored.clone();
        let (certificate, evidence) = match (process.started.cmp(&self.file.modified), self.row.takes_effect) {
            // It can only have read this.
            (Ordering::Greater, _) => (stored, Evidence::ProcessYounger),
            (_, TakesEffect::EachHandshake) => (stored, Evidence::ReadOnEachUse),
            // What it read at its start is gone from the disk.
            (Ordering::Less, TakesEffect::Restart) => (None, Evidence::ProcessOlder),
            // Of a start within the same second nobody can tell.
            (_, TakesEffect::Watch | TakesEffect::Timer { .. } | TakesEffect::Restart) => (stored, Evidence::Assumed),
        };
        Loaded { certificate, evidence, started, written }
    }
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
