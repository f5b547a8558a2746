//! Names that servers are called by, and whether their certificates have them.

use core::net::IpAddr;
use std::collections::BTreeMap;

use super::{Check, Finding, Severity, View, first_of};
use crate::model::{Certificate, Location, Place};

pub(super) const NAMES_MISSING: Check = Check {
    code: "names-missing",
    title: "a server's certificate lacks a name by which the server is called",
    what: "Clients are told a name or an address of this server (the API server: by kubeconfigs, by its own options, in pods; a webhook or \
           aggregated API: NAME.NAMESPACE.svc; another one: the name that it was asked for), and the certificate is not for it.",
    why: "They refuse the connection ('certificate is valid for …, not …'), although dates and signature are right. Usual causes: \
          a new load balancer or address, a renamed Service, certificates of another node.",
    repair: "kubectl certs renew NAME --add-san WHAT, for the API server; otherwise have it signed again with the name.",
    source: "RFC 9525 section 6; kubernetes.io, PKI certificates and requirements",
    renewable: false,
    run: names_missing,
};

/// A name, who calls the server by it, and how bad it is that it is missing.
struct Wanted<'a> {
    name: &'a str,
    by: String,
    severity: Severity,
}

fn names_missing(view: &View<'_>) -> Vec<Finding> {
    let inventory = view.inventory;
    wanted(view)
        .into_iter()
        .filter_map(|(at, names)| {
            let entry = inventory.entry(at)?;
            let leaf = inventory.certificates.get(entry.leaf()?)?;
            // That it has no names at all is told by itself.
            if leaf.dns_names.is_empty() && leaf.ip_addresses.is_empty() {
                return None;
            }
            let mut missing: Vec<_> = names.into_iter().filter(|wanted| !is_for(leaf, wanted.name)).collect();
            missing.sort_by(|a, b| a.name.cmp(b.name).then_with(|| a.by.cmp(&b.by)));
            missing.dedup_by(|a, b| a.name == b.name);
            let severity = missing.iter().map(|wanted| wanted.severity).max()?;
            let told: Vec<String> = missing.iter().map(|wanted| format!("{} ({})", wanted.name, wanted.by)).collect();
            let message = format!("{} is not for {}", leaf.short_name(), told.join(", "));
            Some(Finding::new(&NAMES_MISSING, severity, first_of(entry), message))
        })
        .collect()
}

/// By the place that the certificate is presented from.
fn wanted<'a>(view: &'a View<'_>) -> BTreeMap<&'a Location, Vec<Wanted<'a>>> {
    let inventory = view.inventory;
    let mut wanted: BTreeMap<&Location, Vec<Wanted<'_>>> = BTreeMap::new();
    for asked in &inventory.asked_names {
        let severity = if asked.is_needed { Severity::Error } else { Severity::Warning };
        let name = Wanted { name: &asked.name, by: asked.by.clone(), severity };
        wanted.entry(&asked.presented).or_default().push(name);
    }
    // Without a caBundle nothing may be verified at all (`insecureSkipTLSVerify`, as usual for metrics-server).
    for called in inventory.calls.iter().filter(|called| called.has_bundle) {
        let Place::Endpoint(endpoint) = &called.endpoint.place else { continue };
        let met = inventory.edges.iter().filter(|edge| edge.bundle == called.bundle);
        for edge in met.filter(|edge| matches!(edge.presented.place, Place::Endpoint(_))) {
            let name = Wanted { name: &endpoint.host, by: called.by.to_string(), severity: Severity::Error };
            wanted.entry(&edge.presented).or_default().push(name);
        }
    }
    for entry in &inventory.entries {
        let Place::Endpoint(endpoint) = &entry.at.place else { continue };
        // Who was not asked for a name may have another certificate for those who do.
        if let Some(name) = &endpoint.asked_name {
            let by = "what it was asked for".to_owned();
            wanted.entry(&entry.at).or_default().push(Wanted { name, by, severity: Severity::Warning });
        }
    }
    wanted
}

/// As Go compares (crypto/x509, `VerifyHostname`): a `*` stands for the whole first label.
fn is_for(leaf: &Certificate, name: &str) -> bool {
    if let Ok(address) = name.parse::<IpAddr>() {
        return leaf.ip_addresses.iter().any(|own| own.parse() == Ok(address));
    }
    let name = name.trim_end_matches('.');
    leaf.dns_names.iter().any(|own| {
        let own = own.trim_end_matches('.');
        let beyond = |wild: &str| name.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(wild));
        own.eq_ignore_ascii_case(name) || own.strip_prefix("*.").is_some_and(beyond)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_go_compares_them() {
        let text = serde_json::json!({
            "fingerprint": "00".repeat(32), "subject": "CN=x", "issuer": "CN=x", "serial": "01",
            "notBefore": "1970-01-01T00:00:00Z", "notAfter": "2000-01-01T00:00:00Z", "isAuthority": false, "version": 3,
            "keyAlgorithm": "ECDSA-P256", "signatureAlgorithm": "ECDSA-SHA256", "publicKey": "00".repeat(32),
            "dnsNames": ["*.shop.example.com", "web.shop.svc"], "ipAddresses": ["10.0.0.1", "fd00::1"],
        });
        let leaf: Certificate = serde_json::from_value(text).expect("a certificate");
        for name in ["WEB.shop.svc", "web.shop.svc.", "a.shop.example.com", "10.0.0.1", "fd00:0::1"] {
            assert!(is_for(&leaf, name), "{name}");
        }
        for name in ["shop.example.com", "a.b.shop.example.com", "web.shop.svc.cluster.local", "10.0.0.2", "web"] {
            assert!(!is_for(&leaf, name), "{name}");
        }
    }
}
