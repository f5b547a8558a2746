//! What should be the same in several places: on the nodes, and between the disk and what a process works with.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, Severity, View};
use crate::model::{CertId, Entry, Evidence, Holds, Place};

pub(super) const STORED_NOT_LOADED: Check = Check {
    code: "stored-not-loaded",
    title: "a process works with another certificate than is stored",
    what: "What a server was seen to present in a handshake is not what lies in its file.",
    why: "Everything looks renewed, and on the day on which the old certificate ends, the component stops. This is how clusters fail a \
          year after a renewal.",
    repair: "Restart the component, or wait where it takes notice by itself: kubectl certs show NAME says when.",
    source: "kubernetes/kubeadm 2308; kubernetes/apiserver pkg/server/dynamiccertificates",
    renewable: false,
    run: stored_not_loaded,
};

pub(super) const NODES_DIFFER: Check = Check {
    code: "nodes-differ",
    title: "nodes of one cluster have different authorities",
    what: "The file that holds an authority must be the same on all control-plane nodes, and it is not.",
    why: "What one node signs is refused on the other: kubelets join on one API server and are turned away by the next. Usual cause: an \
          authority was replaced on one node only.",
    repair: "Find out which one the kubeconfigs and kubelets trust, and copy it to the other nodes.",
    source: "kubeadm, manual certificate distribution (kubernetes.io, Creating highly available clusters)",
    renewable: false,
    run: nodes_differ,
};

fn stored_not_loaded(view: &View<'_>) -> Vec<Finding> {
    let uses = view.inventory.uses.iter().filter(|use_| use_.loaded.evidence == Evidence::Handshake);
    uses.filter_map(|use_| {
        let (stored, loaded) = (use_.stored.as_ref()?, use_.loaded.certificate.as_ref()?);
        if stored == loaded {
            return None;
        }
        let end = view
            .inventory
            .certificates
            .get(loaded)
            .map_or_else(String::new, |certificate| format!(", which ends on {}", certificate.not_after.minute()));
        let message = format!("{} presents another certificate than the one that is stored{end}", use_.component);
        Some(Finding::new(&STORED_NOT_LOADED, Severity::Warning, use_.place.clone(), message))
    })
    .collect()
}

fn nodes_differ(view: &View<'_>) -> Vec<Finding> {
    let mut named: BTreeMap<(&str, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in view.inventory.entries.iter().filter(|entry| !entry.origin.backup) {
        let origin = &entry.origin;
        if let (Some(layout), Some(name), Holds::Bundle(_), Place::File { .. }) =
            (&origin.layout, &origin.name, &entry.holds, &entry.at.place)
            && origin.signer.as_ref() == Some(name)
        {
            named.entry((layout, name)).or_default().push(entry);
        }
    }
    named
        .into_iter()
        .filter_map(|((_, name), entries)| {
            let (first, others) = entries.split_first()?;
            let set = |entry: &Entry| entry.certificates().iter().cloned().collect::<BTreeSet<CertId>>();
            let elsewhere = others.iter().filter(|other| other.at.node() != first.at.node());
            let different: Vec<&Entry> = elsewhere.filter(|other| set(other) != set(first)).copied().collect();
            let other = different.first()?;
            // In the middle of a rotation they overlap.
            let overlap =
                different.iter().all(|entry| entry.certificates().iter().any(|id| first.certificates().contains(id)));
            let severity = if overlap { Severity::Warning } else { Severity::Error };
            let message = format!("{name} here is not the same as in {}", other.at);
            Some(Finding {
                related: different.iter().map(|entry| entry.at.clone()).collect(),
                ..Finding::new(&NODES_DIFFER, severity, first.at.clone(), message)
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::findings::run;
    use crate::model::{Inventory, Time, Use};
    use crate::request::Scope;
    use crate::trust::TrustGraph;

    const ONE: &str = "1111111111111111111111111111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222222222222222222222222222";

    fn codes(inventory: &Inventory) -> Vec<(String, Severity, String)> {
        let trust = TrustGraph::default();
        let scope = Scope::default();
        let view = View::new(inventory, &trust, &scope, Time::from_unix(1_000_000));
        run(&view).into_iter().map(|finding| (finding.code, finding.severity, finding.at.to_string())).collect()
    }

    fn inventory(entries: &[Value]) -> Inventory {
        let mut inventory = Inventory::default();
        for name in [ONE, TWO] {
            let id: CertId = name.parse().expect("a digest");
            let certificate = json!({
                "fingerprint": id, "subject": format!("CN={name}"), "issuer": "CN=ca", "serial": "01",
                "notBefore": "1970-01-01T00:00:00Z", "notAfter": "2000-01-01T00:00:00Z", "isAuthority": true,
                "version": 3, "keyAlgorithm": "ECDSA-P256", "signatureAlgorithm": "ECDSA-SHA256", "publicKey": id, "subjectKeyId": name,
            });
            let certificate = serde_json::from_value(certificate).expect("a certificate");
            inventory.certificates.insert(id, certificate);
        }
        let entry = |entry: &Value| serde_json::from_value(entry.clone()).expect("an entry");
        inventory.entries = entries.iter().map(entry).collect();
        inventory
    }

    fn authority(node: &str, ids: &[&str]) -> Value {
        json!({
            "at": format!("node/{node}:/etc/kubernetes/pki/ca.crt"), "holds": { "bundle": ids }, "key": "matches",
            "origin": { "layout": "kubeadm", "name": "ca", "signer": "ca" },
        })
    }

    #[test]
    fn nodes_with_other_authorities_are_told_of() {
        let same = [authority("cp1", &[ONE]), authority("cp2", &[ONE])];
        assert_eq!(codes(&inventory(&same)), []);
        let found =
            |severity| [("nodes-differ".to_owned(), severity, "node/cp1:/etc/kubernetes/pki/ca.crt".to_owned())];
        let other = [authority("cp1", &[ONE]), authority("cp2", &[TWO])];
        assert_eq!(codes(&inventory(&other)), found(Severity::Error));
        let rotating = [authority("cp1", &[ONE, TWO]), authority("cp2", &[TWO])];
        assert_eq!(codes(&inventory(&rotating)), found(Severity::Warning));
    }

    #[test]
    fn a_server_that_presents_another_certificate_than_is_stored_is_told_of() {
        let at = "node/cp1:/etc/kubernetes/pki/apiserver.crt";
        let stored = json!({ "at": at, "holds": { "chain": [TWO] }, "key": "matches", "origin": {} });
        let mut inventory = inventory(&[stored]);
        let serves = |loaded: &str, evidence: &str| -> Use {
            let use_ = json!({
                "component": "kube-apiserver", "purpose": { "serve": { "address": "127.0.0.1:6443" } }, "place": at,
                "stored": TWO, "loaded": { "certificate": loaded, "evidence": evidence }, "takesEffect": "watch",
            });
            serde_json::from_value(use_).expect("a use")
        };
        for (loaded, evidence, is_told) in
            [(ONE, "handshake", true), (TWO, "handshake", false), (ONE, "assumed", false)]
        {
            inventory.uses = vec![serves(loaded, evidence)];
            let found = codes(&inventory);
            let told = found.iter().any(|(code, _, place)| code == "stored-not-loaded" && place == at);
            assert_eq!(told, is_told, "{loaded} {evidence}: {found:?}");
        }
    }
}
