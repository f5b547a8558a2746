//! Who uses the files of a layout, told by the options of running processes, and what those have loaded.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::detect::Detected;
use super::{FileRecord, Process, unanswered};
use crate::access::nodes::{Member, Node, NodeError, NodeOp, NodeReply};
use crate::formats::certificate::fingerprint;
use crate::layouts::{Listen, PurposeRow, UseRow, captured};
use crate::model::{CertId, Entry, Evidence, Inventory, Loaded, Location, TakesEffect, Use, host_and_port};

pub(super) async fn add(
    inventory: &mut Inventory,
    found: &[Detected],
    member: &Member,
    files: &BTreeMap<String, FileRecord>,
    processes: &[Process],
) {
    let mut seen = Vec::new();
    for (one, row) in found.iter().flat_map(|one| one.layout.uses.iter().map(move |row| (one, row))) {
        for entry in entries_of(inventory, one, row) {
            let Some(file) = entry.at.path().and_then(|path| files.get(path)) else { continue };
            let (at, stored) = (entry.at.clone(), entry.certificates().first().cloned());
            let process = processes
                .iter()
                .find(|process| process.program == row.component && has_loaded(process, row, file, member));
            let address = match row.purpose {
                PurposeRow::Serve(listen) => process.and_then(|process| address(listen, process)),
                _ => None,
            };
            seen.push(Seen { row, file, at, stored, process, address });
        }
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

/// What this row uses: the file that its option names, else what has the row's name. In a kubeconfig that is the user's
/// entry, not the cluster's.
fn entries_of<'a>(inventory: &'a Inventory, one: &Detected, row: &UseRow) -> Vec<&'a Entry> {
    let on_node = |entry: &&Entry| entry.at.node() == one.found.node.as_deref() && !entry.origin.backup;
    let told = one.told.get(&(row.component.to_owned(), row.flag.to_owned()));
    let at_told = |entry: &&Entry| {
        let is_user = entry.at.whole_file().as_ref() == Some(&entry.at) || entry.origin.name.is_some();
        told.is_some_and(|told| entry.at.path() == Some(told)) && is_user
    };
    let found: Vec<&Entry> = inventory.entries.iter().filter(on_node).filter(at_told).collect();
    if !found.is_empty() {
        return found;
    }
    let has_name = |entry: &&Entry| {
        let name = entry.origin.name.as_deref().unwrap_or_default();
        entry.origin.layout.as_deref() == Some(one.layout.name)
            && (name == row.leaf || captured(row.leaf, name).is_some())
            && told.is_none_or(|told| entry.at.path() == Some(told))
    };
    inventory.entries.iter().filter(on_node).filter(has_name).collect()
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
