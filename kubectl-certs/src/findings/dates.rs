//! What the dates say: over, nearly over, not begun, longer than the authority's.

use super::{Check, Finding, Severity, View, by_certificate, told_once};
use crate::model::{Certificate, Entry, Span, Time};

pub(super) const EXPIRED: Check = Check {
    code: "expired",
    title: "the certificate has expired",
    what: "The certificate's notAfter lies in the past.",
    why: "Every peer refuses it: a server with it cannot be reached, a client with it is turned away. The API server's own \
          expired certificate stops kubectl and every controller.",
    repair: "kubectl certs renew. It works with the API server down.",
    source: "RFC 5280 section 4.1.2.5",
    renewable: true,
    run: expired,
};

pub(super) const EXPIRING: Check = Check {
    code: "expiring",
    title: "the certificate expires soon",
    what: "Little of the lifetime is left: a warning below 30 days or 20 % of the lifetime, an error below 7 days or 10 %, \
           whichever is shorter, so that a certificate of four days is not flagged all its life. Where something renews it \
           by itself, not before that should have happened.",
    why: "After that it is expired, usually at an hour that nobody has chosen.",
    repair: "kubectl certs renew.",
    source: "the thresholds are this program's own",
    renewable: true,
    run: expiring,
};

pub(super) const NOT_YET_VALID: Check = Check {
    code: "not-yet-valid",
    title: "the certificate is not valid yet",
    what: "The certificate's notBefore lies in the future.",
    why: "Peers refuse it as they refuse an expired one. Mostly the clock of the machine that issued it was ahead, or the \
          clock of this one is behind: compare them first.",
    repair: "Set the clocks right, then kubectl certs renew, or wait.",
    source: "RFC 5280 section 4.1.2.5",
    renewable: true,
    run: not_yet_valid,
};

pub(super) const OUTLIVES_ISSUER: Check = Check {
    code: "outlives-issuer",
    title: "the certificate outlives the authority that signed it",
    what: "The certificate's notAfter is later than that of its authority.",
    why: "It stops being trusted when the authority expires, earlier than its own date promises: a monitor that only looks \
          at its date is silent.",
    repair: "kubectl certs renew gives it the authority's end as its own, so that its date is true again. Rotate the \
             authority before that.",
    source: "RFC 5280 section 6.1 (every certificate of the path must be valid)",
    renewable: true,
    run: outlives_issuer,
};

fn expired(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    let over = groups.iter().filter(|rows| rows[0].certificate.is_expired(view.now));
    over.filter_map(|rows| {
        let certificate = rows[0].certificate;
        // One dead authority among living ones in a bundle harms nobody.
        let only_clutter = rows.iter().all(|row| {
            let ids = row.entry.certificates();
            row.entry.leaf().is_none()
                && ids
                    .iter()
                    .any(|id| view.inventory.certificates.get(id).is_some_and(|other| !other.is_expired(view.now)))
        });
        let severity = if only_clutter { Severity::Warning } else { Severity::Error };
        let ago = view.now.since(certificate.not_after);
        told_once(
            &EXPIRED,
            severity,
            rows,
            format!("{} expired {ago} ago, on {}", certificate.short_name(), certificate.not_after.minute()),
        )
    })
    .collect()
}

fn expiring(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    let elsewhere = super::authorities::end_is_told(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            if elsewhere.contains(&certificate.fingerprint) {
                return None;
            }
            let severity = expiring_severity(certificate, rows[0].entry, view.now)?;
            let left = certificate.not_after.since(view.now);
            let lifetime = certificate.not_after.since(certificate.not_before);
            told_once(
                &EXPIRING,
                severity,
                rows,
                format!(
                    "{} expires in {left}, on {} (of a lifetime of {lifetime})",
                    certificate.short_name(),
                    certificate.not_after.minute()
                ),
            )
        })
        .collect()
}

/// None while enough is left, and for what is expired already.
pub(crate) fn expiring_severity(certificate: &Certificate, entry: &Entry, now: Time) -> Option<Severity> {
    let left = certificate.not_after.since(now).0;
    let lifetime = certificate.not_after.since(certificate.not_before).0;
    if left < 0 {
        return None;
    }
    if entry.origin.owner.as_ref().and_then(|owner| owner.renewal).is_some_and(|renewal| now < renewal) {
        return None;
    }
    if let Some(percent) = entry.origin.renewed_at_percent
        && now < certificate.not_before.plus(Span(lifetime / 100 * i64::from(percent)))
    {
        return None;
    }
    if left < Span::days(7).0.min(lifetime / 10) {
        Some(Severity::Error)
    } else if left < Span::days(30).0.min(lifetime / 5) {
        Some(Severity::Warning)
    } else {
        None
    }
}

fn not_yet_valid(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    let early = groups.iter().filter(|rows| rows[0].certificate.not_before > view.now);
    early
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            let wait = certificate.not_before.since(view.now);
            let message = format!(
                "{} is valid only from {}, in {wait}",
                certificate.short_name(),
                certificate.not_before.minute()
            );
            told_once(&NOT_YET_VALID, Severity::Error, rows, message)
        })
        .collect()
}

fn outlives_issuer(view: &View<'_>) -> Vec<Finding> {
    let groups = by_certificate(view);
    groups
        .iter()
        .filter_map(|rows| {
            let certificate = rows[0].certificate;
            let issuers = view.trust.issuers(&certificate.fingerprint).iter();
            // An authority that was extended with its key lives in several certificates: the longest counts.
            let end =
                issuers.filter_map(|id| view.inventory.certificates.get(id)).max_by_key(|issuer| issuer.not_after)?;
            (certificate.not_after > end.not_after).then_some(())?;
            let (own, its) = match (certificate.not_after.minute(), end.not_after.minute()) {
                (own, its) if own == its => (certificate.not_after.to_string(), end.not_after.to_string()),
                minutes => minutes,
            };
            let message = format!(
                "{} is valid until {own}, its authority {} only until {its}",
                certificate.short_name(),
                end.short_name()
            );
            told_once(&OUTLIVES_ISSUER, Severity::Warning, rows, message)
        })
        .collect()
}
