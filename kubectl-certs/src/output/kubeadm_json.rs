//! `list -o kubeadm-json`: what `kubeadm certs check-expiration -o json` prints, for those who already watch that
//! (`CertificateExpirationInfo` of output.kubeadm.k8s.io/v1alpha3, kubernetes/kubernetes `cmd/kubeadm/app/apis/output`).

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use super::for_programs::Fault;
use crate::model::{Certificate, Entry, KeyState, Time};
use crate::report::Listing;

/// The names that kubeadm has, in its order, and who signs them. What it does not know is left out.
const LEAVES: [(&str, &str); 11] = [
    ("admin.conf", "ca"),
    ("apiserver", "ca"),
    ("apiserver-etcd-client", ETCD_CA),
    ("apiserver-kubelet-client", "ca"),
    ("controller-manager.conf", "ca"),
    ("etcd-healthcheck-client", ETCD_CA),
    ("etcd-peer", ETCD_CA),
    ("etcd-server", ETCD_CA),
    ("front-proxy-client", "front-proxy-ca"),
    ("scheduler.conf", "ca"),
    ("super-admin.conf", "ca"),
];
const AUTHORITIES: [&str; 3] = ["ca", ETCD_CA, "front-proxy-ca"];
const ETCD_CA: &str = "etcd-ca";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info {
    kind: &'static str,
    api_version: &'static str,
    certificates: Vec<Line>,
    certificate_authorities: Vec<Line>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    expiration_date: Option<String>,
    residual_time: i64,
    externally_managed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_name: Option<String>,
    missing: bool,
}

pub(super) fn write(listing: &Listing, out: &mut dyn Write) -> Result<(), Fault> {
    let found = Found::of(listing)?;
    // With an etcd of its own the cluster has no certificates that kubeadm would renew for it.
    let etcd_is_elsewhere = found.entry("etcd-server").is_none() && found.entry("etcd-peer").is_none();
    let is_known = |signer: &str| !(signer == ETCD_CA && etcd_is_elsewhere);
    let info = Info {
        kind: "CertificateExpirationInfo",
        api_version: "output.kubeadm.k8s.io/v1alpha3",
        certificates: LEAVES
            .iter()
            .filter(|(_, signer)| is_known(signer))
            .map(|(name, signer)| found.line(name, Some(signer)))
            .collect(),
        certificate_authorities: AUTHORITIES
            .iter()
            .filter(|name| is_known(name))
            .map(|name| found.line(name, None))
            .collect(),
    };
    let mut json =
        serde_json::Serializer::with_formatter(&mut *out, serde_json::ser::PrettyFormatter::with_indent(b"    "));
    info.serialize(&mut json).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// What kubeadm's table names on one node.
struct Found<'a> {
    listing: &'a Listing,
    entries: Vec<&'a Entry>,
    now: Time,
}

impl<'a> Found<'a> {
    fn of(listing: &'a Listing) -> Result<Self, Fault> {
        let entries: Vec<&Entry> = listing
            .inventory
            .entries
            .iter()
            .filter(|entry| entry.origin.layout.as_deref() == Some("kubeadm") && entry.origin.name.is_some())
            .collect();
        let nodes: BTreeSet<Option<&str>> = entries.iter().map(|entry| entry.at.node()).collect();
        match nodes.len() {
            0 => Err(Fault::Template("-o kubeadm-json: no certificate of kubeadm's was read".to_owned())),
            1 => Ok(Self { listing, entries, now: listing.now }),
            many => Err(Fault::Template(format!(
                "-o kubeadm-json tells of one node, and {many} were read; ask for one after the other (--ssh HOST, --root DIR)"
            ))),
        }
    }

    fn entry(&self, name: &str) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.origin.name.as_deref() == Some(name)).copied()
    }

    fn certificate(&self, name: &str) -> Option<&'a Certificate> {
        self.listing.inventory.certificates.get(self.entry(name)?.certificates().first()?)
    }

    /// The authority's certificate is there without its key: somebody else signs.
    fn is_external(&self, authority: &str) -> bool {
        self.entry(authority).is_some_and(|entry| entry.key == KeyState::Absent)
    }

    fn line(&self, name: &str, signer: Option<&str>) -> Line {
        let Some(certificate) = self.certificate(name) else {
            return Line { name: name.to_owned(), missing: true, ..Line::default() };
        };
        Line {
            name: name.to_owned(),
            expiration_date: Some(certificate.not_after.to_string()),
            residual_time: certificate.not_after.since(self.now).0,
            externally_managed: self.is_external(signer.unwrap_or(name)),
            ca_name: signer.map(str::to_owned),
            missing: false,
        }
    }
}
