//! What is allowed, or nearly, and surprises some program sooner or later.

use super::{Check, Finding, Severity, View, by_certificate, told_once};
use crate::model::Holds;

pub(super) const VERSION_1: Check = Check {
    code: "version-1-certificate",
    title: "the certificate is of X.509 version 1",
    what: "It has no extensions: no names, no usages, and no word on whether it is an authority.",
    why: "Programs written in Go take it. Programs that use rustls refuse it as a client's certificate, and others as a server's. \
          MicroK8s writes its clients' certificates so.",
    repair: "Have it signed again with extensions; an empty extension file is enough for openssl to write version 3.",
    source: "RFC 5280 section 4.1.2.1; rustls 0.23.23",
    renewable: false,
    run: version_1,
};

pub(super) const SERIAL_ODD: Check = Check {
    code: "serial-odd",
    title: "the serial number is not one that an authority may give",
    what: "It is zero, negative, or longer than 20 octets.",
    why: "Everybody reads such a certificate today; strict verifiers and audits refuse it. Authorities that K3s and RKE made \
          themselves have the serial number 0.",
    repair: "Nothing that is urgent. The next certificate gets a random one.",
    source: "RFC 5280 section 4.1.2.2",
    renewable: false,
    run: serial_odd,
};

pub(super) const CHAIN_ORDER: Check = Check {
    code: "chain-order",
    title: "the certificates of a chain are not in their order",
    what: "A leaf stands first in the file, and what follows is not each the issuer of the one before it.",
    why: "A server sends the chain as the file has it. Programs written in Go put it in order themselves; others (older TLS \
          libraries, some load balancers) stop at the first one that does not fit.",
    repair: "Put the leaf first, then its issuer, then the issuer's; leave out the root.",
    source: "RFC 5246 section 7.4.2; RFC 8446 section 4.4.2 is more patient",
    renewable: false,
    run: chain_order,
};

fn version_1(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    let old = groups.iter().filter(|rows| rows[0].certificate.version < 3);
    old.filter_map(|rows| {
        let certificate = rows[0].certificate;
        let message = format!("{} is of version {}", certificate.short_name(), certificate.version);
        told_once(&VERSION_1, Severity::Info, rows, message)
    })
    .collect()
}

fn serial_odd(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            let serial = &certificate.serial;
            let why = if serial.starts_with('-') {
                "negative"
            } else if serial.bytes().all(|digit| digit == b'0') {
                "zero"
            } else if serial.len() > 40 {
                "longer than 20 octets"
            } else {
                return None;
            };
            let message = format!("the serial number of {} is {why}: {serial}", certificate.short_name());
            told_once(&SERIAL_ODD, Severity::Info, rows, message)
        })
        .collect()
}

fn chain_order(view: &View<'_>) -> Vec<Finding> {
    let chains =
        view.inventory.entries.iter().filter(|entry| matches!(entry.holds, Holds::Chain(_)) && !entry.origin.backup);
    chains
        .filter_map(|entry| {
            let ids = entry.certificates();
            // Several leaves in one file are no chain.
            let is_authority = |id| view.inventory.certificates.get(id).is_some_and(|it| it.is_authority);
            if !ids.iter().skip(1).all(is_authority) {
                return None;
            }
            // From the leaf up as far as each is followed by its issuer: the next one's stands elsewhere.
            let follows = |at: &usize| ids.get(at + 1).is_some_and(|next| view.trust.issuers(&ids[*at]).contains(next));
            let at = (0..ids.len()).find(|at| !follows(at))?;
            view.trust.issuers(&ids[at]).iter().any(|issuer| ids.contains(issuer)).then_some(())?;
            let name = |id| view.inventory.certificates.get(id).map_or("?", |certificate| certificate.short_name());
            let issuer = view.trust.issuers(&ids[at]).iter().find(|issuer| ids.contains(issuer))?;
            let message = format!(
                "certificate {} of {}, {}, is not followed by its issuer {}",
                at + 1,
                ids.len(),
                name(&ids[at]),
                name(issuer)
            );
            Some(Finding::new(&CHAIN_ORDER, Severity::Warning, entry.at.clone(), message))
        })
        .collect()
}
