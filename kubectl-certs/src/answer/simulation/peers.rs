//! The invariant: every pair of peers that is there can finish a mutual handshake, with what each has loaded at this
//! moment, and nobody is there without an identity.

use std::collections::BTreeMap;
use std::time::Duration;

use super::process::{Material, Process};
use crate::layouts::{Layout, PurposeRow, UseRow};
use crate::model::TakesEffect;

/// Behind the name under which clients know a server: who answers, with which leaf, and whom it lets in.
struct Door {
    role: &'static str,
    component: &'static str,
    /// None where clients do not verify it, as API servers do not verify kubelets.
    serves: Option<&'static str>,
    lets_in: &'static str,
}

const DOORS: [Door; 5] = [
    Door { role: "kube-apiserver", component: "kube-apiserver", serves: Some("apiserver"), lets_in: "clients" },
    Door { role: "etcd", component: "etcd", serves: Some("etcd-server"), lets_in: "clients" },
    Door { role: "etcd peers", component: "etcd", serves: Some("etcd-peer"), lets_in: "peers" },
    Door { role: "kubelets", component: "kubelet", serves: None, lets_in: "API servers" },
    // They are not on the nodes, and trust what the API servers trust.
    Door { role: "aggregated API servers", component: "kube-apiserver", serves: None, lets_in: "front proxies" },
];

/// Handshakes that were tried: the same certificates come to the same end.
#[derive(Debug, Default)]
pub(super) struct Tried(BTreeMap<Handshake, Result<(), String>>);

/// What is presented, and whom the other side trusts.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Handshake(Vec<u8>, Vec<Vec<u8>>);

impl Tried {
    /// The first two who cannot talk; nodes by their names, with what runs there.
    pub(super) fn parted(&mut self, layout: &Layout, nodes: &[(String, Vec<&Process>)], now: i64) -> Option<String> {
        let uses = |role: &'static str| {
            nodes.iter().flat_map(move |(node, processes)| {
                processes.iter().flat_map(move |process| {
                    let rows = process.held.iter().map(|(number, held)| (&layout.uses[*number], &*held.material));
                    let rows =
                        rows.filter(move |(row, _)| matches!(row.purpose, PurposeRow::ClientOf(of) if of == role));
                    rows.map(move |(row, material)| (node, *process, row, material))
                })
            })
        };
        if let Some(torn) = torn(layout, nodes) {
            return Some(torn);
        }
        for door in &DOORS {
            for (at, client, row, shown) in uses(door.role) {
                for (there, server) in nodes.iter().flat_map(|(there, all)| all.iter().map(move |one| (there, *one))) {
                    if server.component != door.component {
                        continue;
                    }
                    let who =
                        || format!("{} ({}) on {at} and {} on {there}", client.component, row.leaf, door.component);
                    let asked = trust(
                        layout,
                        server,
                        |trust| matches!(trust.purpose, PurposeRow::Trust(of) if of == door.lets_in),
                    );
                    if let (Some(asked), Some(leaf)) = (asked, &shown.leaf)
                        && let Err(why) = self.accepted(leaf, &asked.trusts, now)
                    {
                        return Some(format!("{}: the client is not let in: {why}", who()));
                    }
                    let Some((served, signer)) = door.serves.and_then(|leaf| served(layout, server, leaf)) else {
                        continue;
                    };
                    let own = trust(layout, client, |trust| trust.leaf == signer);
                    let trusts = if shown.trusts.is_empty() { own.map(|own| &own.trusts) } else { Some(&shown.trusts) };
                    if let (Some(trusts), Some(leaf)) = (trusts, &served.leaf)
                        && let Err(why) = self.accepted(leaf, trusts, now)
                    {
                        return Some(format!("{}: the server is not trusted: {why}", who()));
                    }
                }
            }
        }
        None
    }

    fn accepted(&mut self, leaf: &[u8], trusts: &[Vec<u8>], now: i64) -> Result<(), String> {
        let key = Handshake(leaf.to_vec(), trusts.to_vec());
        self.0.entry(key).or_insert_with(|| verify(leaf, trusts, now)).clone()
    }
}

/// Somebody's key and certificate do not belong together, whoever it would talk to.
fn torn(layout: &Layout, nodes: &[(String, Vec<&Process>)]) -> Option<String> {
    nodes.iter().find_map(|(node, processes)| {
        processes.iter().find_map(|process| {
            let torn = process.held.iter().find(|(_, held)| !held.material.whole)?;
            let row = &layout.uses[*torn.0];
            let how = if row.takes_effect == TakesEffect::Restart { "started with" } else { "works with" };
            Some(format!("{} on {node} {how} halves of two identities ({})", process.component, row.leaf))
        })
    })
}

fn trust<'a>(layout: &Layout, process: &'a Process, fits: impl Fn(&UseRow) -> bool) -> Option<&'a Material> {
    let rows = process.held.iter().map(|(number, held)| (&layout.uses[*number], &*held.material));
    rows.filter(|(row, _)| super::shape::is_trust(row) && fits(row)).map(|(_, material)| material).next()
}

fn served<'a>(layout: &Layout, process: &'a Process, leaf: &str) -> Option<(&'a Material, &'static str)> {
    let signer = layout.leaf(leaf)?.signer;
    let rows = process.held.iter().map(|(number, held)| (&layout.uses[*number], &*held.material));
    let served = rows.filter(|(row, _)| row.leaf == leaf && matches!(row.purpose, PurposeRow::Serve(_)));
    served.map(|(_, material)| (material, signer)).next()
}

/// By another implementation than the program's own.
fn verify(leaf: &[u8], trusts: &[Vec<u8>], now: i64) -> Result<(), String> {
    let of = |error: webpki::Error| error.to_string();
    let der = rustls::pki_types::CertificateDer::from(leaf);
    let leaf = webpki::EndEntityCert::try_from(&der).map_err(of)?;
    let trusts: Vec<_> = trusts.iter().map(|der| rustls::pki_types::CertificateDer::from(der.as_slice())).collect();
    let anchors = trusts.iter().map(webpki::anchor_from_trusted_cert).collect::<Result<Vec<_>, _>>().map_err(of)?;
    let now =
        rustls::pki_types::UnixTime::since_unix_epoch(Duration::from_millis(u64::try_from(now).unwrap_or_default()));
    let any = webpki::ALL_VERIFICATION_ALGS;
    let usages = [webpki::KeyUsage::client_auth(), webpki::KeyUsage::server_auth()];
    let mut outcomes =
        usages.map(|usage| leaf.verify_for_usage(any, &anchors, &[], now, usage, None, None).map(drop)).into_iter();
    outcomes.find(Result::is_ok).unwrap_or(Err(webpki::Error::UnknownIssuer)).map_err(of)
}
