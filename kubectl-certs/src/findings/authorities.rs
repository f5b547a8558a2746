//! What authorities may do, and how long they will.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Finding, Severity, View, by_certificate, told_once};
use crate::model::{CertId, Certificate, Entry, Holds, NameKey, Purpose, Row, Span, Time};
use crate::trust::{Asked, Reason, Usage};

pub(super) const AUTHORITY_EXPIRING: Check = Check {
    code: "authority-expiring",
    title: "the authority expires before long",
    what: "Less than a year or 20 % of the authority's lifetime is left (a warning), or less than 90 days or 10 % (an error), \
           whichever is shorter.",
    why: "What it signs ends with it: certificates that are renewed now get shorter and shorter lives, and on its last day all \
          of them end at once. Replacing an authority touches every node and every kubeconfig, and wants weeks and not hours.",
    repair: "Rotate the authority.",
    source: "RFC 5280 section 6.1; the thresholds are this program's own",
    renewable: false,
    run: authority_expiring,
};

pub(super) const NOT_AN_AUTHORITY: Check = Check {
    code: "not-an-authority",
    title: "a certificate was signed with a key that may not sign",
    what: "The certificate whose key signed others does not say that it is an authority (basicConstraints with CA), or its key \
           usages lack keyCertSign.",
    why: "The signature is right, and every verifier refuses the chain all the same. Usual cause: a leaf's key was taken for \
          an authority's in a script.",
    repair: "Sign what hangs below it with a real authority: kubectl certs renew does so for the cluster's own certificates.",
    source: "RFC 5280 sections 4.2.1.3, 4.2.1.9 and 6.1.4 (k) and (n)",
    renewable: false,
    run: not_an_authority,
};

pub(super) const PATH_LENGTH: Check = Check {
    code: "path-length",
    title: "more authorities stand below this one than it allows",
    what: "The authority has a pathLenConstraint, and a chain that leads to it has more authorities in between.",
    why: "Verifiers refuse every certificate at the end of such a chain.",
    repair: "Sign the lower authority with one that allows it, or the leaf with the upper one.",
    source: "RFC 5280 sections 4.2.1.9 and 6.1.4 (m)",
    renewable: false,
    run: path_length,
};

pub(super) const AUTHORITY_AMBIGUOUS: Check = Check {
    code: "authority-ambiguous",
    title: "several authorities of a bundle have one name, and no key ids tell them apart",
    what: "Two authorities with different keys in one bundle have the same subject, and one of them has no subject key id.",
    why: "A verifier that looks an issuer up by its name may try the wrong key and give up. It works with one program and fails \
          with the next, and depends on the order in a file.",
    repair: "Give a new authority a name of its own when you rotate; afterwards take the old one out of every bundle.",
    source: "RFC 5280 sections 4.2.1.1 and 4.2.1.2; RFC 4158 section 3.5",
    renewable: false,
    run: authority_ambiguous,
};

pub(super) const SIGNER_FILE_BUNDLE: Check = Check {
    code: "signer-file-bundle",
    title: "a file that must hold one certificate holds several",
    what: "The file is the one with which the controller manager signs (--cluster-signing-cert-file), and it holds more than \
           one certificate.",
    why: "The signer refuses it ('expected 1 certificate, found 2'): requests are approved and never issued, so kubelets lose \
          their certificates one after the other, and a controller manager that becomes the leader exits.",
    repair: "Give the signer a file of its own with the issuing certificate alone; leave the bundle to those who verify.",
    source: "kubernetes pkg/controller/certificates/signer/ca_provider.go; seen on Kubernetes 1.36",
    renewable: false,
    run: signer_file_bundle,
};

/// An authority at work: something that was read is signed by it, or a layout says that it signs.
fn is_at_work(view: &View<'_>, id: &CertId, rows: &[Row<'_>], signers: &BTreeSet<&CertId>) -> bool {
    let is_layouts = |row: &Row<'_>| {
        let origin = &row.entry.origin;
        origin.name.is_some() && origin.name == origin.signer && matches!(row.entry.holds, Holds::Bundle(_))
    };
    let certificate = view.inventory.certificates.get(id);
    certificate.is_some_and(|certificate| certificate.is_authority)
        && (signers.contains(id) || rows.iter().any(is_layouts))
        // What a server made for itself alone has no life of its own.
        && rows.iter().any(|row| matches!(row.entry.holds, Holds::Bundle(_)))
}

/// Somebody keeps it, and its day has not come yet.
fn is_renewed_in_time(rows: &[Row<'_>], now: Time) -> bool {
    let renewal = |row: &Row<'_>| row.entry.origin.owner.as_ref().and_then(|owner| owner.renewal);
    rows.iter().filter_map(renewal).any(|renewal| now < renewal)
}

fn signers<'a>(view: &'a View<'_>) -> BTreeSet<&'a CertId> {
    view.inventory.certificates.keys().flat_map(|id| view.trust.issuers(id)).collect()
}

/// Told here rather than as a certificate that expires.
pub(super) fn end_is_told(view: &View<'_>) -> BTreeSet<CertId> {
    let groups = by_certificate(view);
    let signers = signers(view);
    let at_work = groups.iter().filter(|rows| is_at_work(view, &rows[0].certificate.fingerprint, rows, &signers));
    at_work.map(|rows| rows[0].certificate.fingerprint.clone()).collect()
}

fn authority_expiring(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    let signers = signers(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            let left = certificate.not_after.since(view.now);
            let lifetime = certificate.not_after.since(certificate.not_before);
            let severity = match left.0 {
                ..0 => return None,
                left if left < Span::days(90).0.min(lifetime.0 / 10) => Severity::Error,
                left if left < Span::days(365).0.min(lifetime.0 / 5) => Severity::Warning,
                _ => return None,
            };
            if !is_at_work(view, &certificate.fingerprint, rows, &signers) || is_renewed_in_time(rows, view.now) {
                return None;
            }
            let message = format!(
                "the authority {} expires in {left}, on {} (of a lifetime of {lifetime}), and all that it signed with it",
                certificate.short_name(),
                certificate.not_after.minute()
            );
            told_once(&AUTHORITY_EXPIRING, severity, rows, message)
        })
        .collect()
}

fn not_an_authority(view: &View<'_>) -> Vec<Finding> {
    let mut below: BTreeMap<&CertId, Vec<&Certificate>> = BTreeMap::new();
    for certificate in view.inventory.certificates.values() {
        let issuers = view.trust.issuers(&certificate.fingerprint);
        // Where one of several with the same key may sign, all is well.
        if !issuers.iter().filter_map(|id| view.inventory.certificates.get(id)).any(|issuer| why_not(issuer).is_none())
        {
            for id in issuers {
                below.entry(id).or_default().push(certificate);
            }
        }
    }
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            let signed = below.get(&certificate.fingerprint)?;
            let why = why_not(certificate)?;
            let message = format!(
                "{} signed {} and {why}; whoever verifies the chain refuses it",
                certificate.short_name(),
                counted(signed)
            );
            told_once(&NOT_AN_AUTHORITY, Severity::Error, rows, message)
        })
        .collect()
}

/// Version 1 has no way to say so, and Go lets it pass.
fn why_not(certificate: &Certificate) -> Option<&'static str> {
    let usages = &certificate.key_usages;
    if certificate.version == 3 && !certificate.is_authority {
        Some("is no authority by its basicConstraints")
    } else if !usages.is_empty() && !usages.iter().any(|usage| usage == "keyCertSign") {
        Some("lacks keyCertSign among its key usages")
    } else {
        None
    }
}

fn counted(signed: &[&Certificate]) -> String {
    match signed {
        [one] => one.short_name().to_owned(),
        [first, rest @ ..] => format!("{} and {} more", first.short_name(), rest.len()),
        [] => "nothing".to_owned(),
    }
}

fn path_length(view: &View<'_>) -> Vec<Finding> {
    // Authority, and the longest run of authorities below it.
    let mut deepest: BTreeMap<CertId, (usize, &Certificate)> = BTreeMap::new();
    for certificate in view.inventory.certificates.values().filter(|certificate| !certificate.is_authority) {
        let chain = view.trust.chain(&certificate.fingerprint);
        let above: Vec<&Certificate> = chain.iter().filter_map(|id| view.inventory.certificates.get(id)).collect();
        for (at, authority) in above.iter().enumerate().skip(1) {
            // Self-issued ones do not count (RFC 5280 section 6.1.4 (l)).
            let between = above[1..at].iter().filter(|between| !between.names_itself_as_issuer()).count();
            let limit = authority.path_length.map(|limit| limit as usize);
            let known = deepest.get(&authority.fingerprint).is_none_or(|(depth, _)| *depth < between);
            if limit.is_some_and(|limit| limit < between) && known && is_refused_for_it(view, certificate, &chain) {
                deepest.insert(authority.fingerprint.clone(), (between, certificate));
            }
        }
    }
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let authority = rows[0].certificate;
            let (depth, leaf) = deepest.get(&authority.fingerprint)?;
            let message = format!(
                "{} allows {} authorities below it, and {depth} stand between it and {}",
                authority.short_name(),
                authority.path_length.unwrap_or_default(),
                leaf.short_name()
            );
            told_once(&PATH_LENGTH, Severity::Error, rows, message)
        })
        .collect()
}

/// Another way up may be open: by a cross-signed authority, or one in between that is trusted by itself.
fn is_refused_for_it(view: &View<'_>, leaf: &Certificate, chain: &[CertId]) -> bool {
    let trusted = |entry: &&Entry| matches!(entry.holds, Holds::Bundle(_)) && !entry.origin.backup;
    let bundles = view.inventory.entries.iter().filter(trusted);
    let roots = bundles.flat_map(Entry::certificates).filter(|id| view.trust.issuers(id).is_empty());
    let anchors: Vec<CertId> = roots.cloned().collect();
    let asked = Asked { leaf: &leaf.fingerprint, anchors: &anchors, sent: chain, usage: Usage::Any };
    matches!(view.trust.verify(view.inventory, &asked, view.now), Err(fault) if matches!(fault.why, Reason::PathTooLong { .. }))
}

/// Within one bundle: authorities of one name that never meet confuse nobody.
fn authority_ambiguous(view: &View<'_>) -> Vec<Finding> {
    let inventory = view.inventory;
    let bundles = inventory.entries.iter().filter(|entry| !entry.origin.backup && entry.certificates().len() > 1);
    bundles
        .filter_map(|entry| {
            let mut named: BTreeMap<&NameKey, Vec<&Certificate>> = BTreeMap::new();
            let held = entry.certificates().iter().filter_map(|id| inventory.certificates.get(id));
            for authority in held.filter(|certificate| certificate.is_authority) {
                named.entry(&authority.subject_key).or_default().push(authority);
            }
            let (keys, authority) = named.values().find_map(|same| {
                let keys: BTreeSet<_> = same.iter().map(|authority| &authority.public_key).collect();
                let told_apart = same.iter().all(|authority| authority.subject_key_id.is_some());
                (keys.len() > 1 && !told_apart).then(|| Some((keys.len(), same.first()?)))?
            })?;
            let message = format!(
                "authorities with {keys} different keys are called {} here, and not all of them have a key id",
                authority.subject
            );
            Some(Finding::new(&AUTHORITY_AMBIGUOUS, Severity::Warning, entry.at.clone(), message))
        })
        .collect()
}

fn signer_file_bundle(view: &View<'_>) -> Vec<Finding> {
    let mut told = BTreeSet::new();
    let signing = view.inventory.uses.iter().filter(|use_| matches!(use_.purpose, Purpose::Sign { .. }));
    signing
        .filter(|use_| told.insert(&use_.place))
        .filter_map(|use_| {
            let count = view.inventory.entry(&use_.place)?.certificates().len();
            let message =
                format!("{} signs with this file, which must hold one certificate and holds {count}", use_.component);
            (count > 1).then(|| Finding::new(&SIGNER_FILE_BUNDLE, Severity::Error, use_.place.clone(), message))
        })
        .collect()
}
