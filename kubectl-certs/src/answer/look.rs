//! Reading requests: list, show, check.

use crate::access::Access;
use crate::error::{Error, ErrorKind};
use crate::findings::{self, Finding, Severity, View};
use crate::model::{Inventory, Location, Row, Time};
use crate::report::{Checked, Listed, Listing, Report, Showing, Shown, SignatureState, State};
use crate::request::{Check, FailOn, Look, Scope};
use crate::sources::{self, Wanted};
use crate::trust::{Signed, TrustGraph};

pub(super) async fn list(look: &Look, access: &Access) -> Result<Report, Error> {
    let (inventory, wanted) = read(&look.scope, access).await?;
    let now = at(&look.scope, &inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    require_answers(&wanted, &inventory, &rows)?;
    let rows = rows.iter().map(|row| listed(row, now)).collect();
    Ok(Report::List(Listing { rows, layouts: inventory.layouts, gaps: inventory.gaps, now }))
}

pub(super) async fn show(look: &Look, access: &Access) -> Result<Report, Error> {
    if look.scope.targets.is_empty() {
        return Err(Error::usage("show needs to know which certificate")
            .hint("kubectl certs list -o name prints what it takes"));
    }
    let (inventory, wanted) = read(&look.scope, access).await?;
    let now = at(&look.scope, &inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    require_answers(&wanted, &inventory, &rows)?;
    let trust = TrustGraph::build(&inventory);
    let findings = findings::run(&View { inventory: &inventory, trust: &trust, scope: &look.scope, now });
    let shown = rows.iter().map(|row| details(row, &inventory, &trust, &findings, now)).collect();
    Ok(Report::Show(Showing { rows: shown, gaps: inventory.gaps, now }))
}

pub(super) async fn check(check: &Check, access: &Access) -> Result<Report, Error> {
    let (inventory, wanted) = read(&check.scope, access).await?;
    Ok(Report::Check(judge(check, inventory, &wanted)?))
}

pub(super) fn judge(check: &Check, inventory: Inventory, wanted: &Wanted) -> Result<Checked, Error> {
    let now = at(&check.scope, &inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    require_answers(wanted, &inventory, &rows)?;
    let ignored = ignored(&check.ignore)?;
    let trust = TrustGraph::build(&inventory);
    let all = findings::run(&View { inventory: &inventory, trust: &trust, scope: &check.scope, now });
    let findings = all
        .into_iter()
        .filter(|finding| wanted.filter.is_empty() || rows.iter().any(|row| is_about(finding, row)))
        .filter(|finding| !ignored.iter().any(|(code, target)| ignores(code, target.as_ref(), finding)))
        .collect();
    let certificates = rows.len();
    Ok(Checked {
        findings,
        certificates,
        root: check.scope.root.clone(),
        gaps: inventory.gaps,
        fail_on: match check.fail_on {
            FailOn::Info => Some(Severity::Info),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Error => Some(Severity::Error),
            FailOn::Never => None,
        },
    })
}

pub(super) async fn read(scope: &Scope, access: &Access) -> Result<(Inventory, Wanted), Error> {
    let wanted = sources::resolve(scope, access).await?;
    let inventory = sources::collect(access, &wanted).await?;
    Ok((inventory, wanted))
}

/// A plan's own time, where one is planned again.
fn at(scope: &Scope, inventory: &Inventory) -> Time {
    scope.at.unwrap_or(inventory.read_at)
}

/// A target that nothing answers to is an error, unless a gap says why already.
fn require_answers(wanted: &Wanted, inventory: &Inventory, rows: &[Row<'_>]) -> Result<(), Error> {
    let Some(target) = wanted.unanswered(rows).into_iter().next() else { return Ok(()) };
    let Some(gap) = inventory.gaps.first() else {
        return Err(Error::new(ErrorKind::NotFound, format!("no certificate was found at {target}"))
            .about(target)
            .hint("kubectl certs list -o name prints the names of what is there"));
    };
    Err(Error::new(ErrorKind::Unreadable, format!("no certificate could be read at {target}: {}", gap.message))
        .about(target))
}

pub(super) fn listed(row: &Row<'_>, now: Time) -> Listed {
    let certificate = row.certificate;
    let state = if certificate.is_expired(now) {
        State::Expired
    } else if certificate.not_before > now {
        State::NotYetValid
    } else if findings::expiring_severity(certificate, row.entry, now).is_some() {
        State::Expiring
    } else {
        State::Valid
    };
    Listed { target: row.target(), entry: row.entry.clone(), certificate: certificate.clone(), state }
}

fn details(row: &Row<'_>, inventory: &Inventory, trust: &TrustGraph, findings: &[Finding], now: Time) -> Shown {
    let id = &row.certificate.fingerprint;
    let chain = trust.chain(id);
    let signature = match trust.signed(id) {
        Some(Signed::By(issuers)) => match issuers.first() {
            Some(by) => SignatureState::Verified { by: by.clone() },
            None => SignatureState::IssuerMissing,
        },
        Some(Signed::Itself) => SignatureState::SelfSigned,
        Some(Signed::Bad { .. }) => SignatureState::Bad,
        Some(Signed::Unsupported { algorithm }) => SignatureState::Unsupported { algorithm: algorithm.clone() },
        Some(Signed::IssuerMissing) | None => SignatureState::IssuerMissing,
    };
    let holds = |entry: &crate::model::Entry| matches!(entry.holds, crate::model::Holds::Bundle(_));
    Shown {
        listed: listed(row, now),
        chain: chain.iter().skip(1).filter_map(|id| inventory.certificates.get(id).cloned()).collect(),
        signature,
        places: inventory
            .rows()
            .filter(|other| other.certificate.fingerprint == *id)
            .map(|other| other.target())
            .collect(),
        uses: inventory.uses.iter().filter(|use_| use_.place == row.entry.at).cloned().collect(),
        trusted_by: inventory
            .entries
            .iter()
            .filter(|entry| holds(entry) && entry.at != row.entry.at && trust.leads_to(inventory, id, entry))
            .map(|entry| entry.at.clone())
            .collect(),
        findings: findings.iter().filter(|finding| is_about(finding, row)).cloned().collect(),
    }
}

fn is_about(finding: &Finding, row: &Row<'_>) -> bool {
    let same = |at: &Location| at.place == row.entry.at.place && at.number.is_none_or(|number| number == row.index + 1);
    same(&finding.at) || finding.related.iter().any(same)
}

fn ignored(words: &[String]) -> Result<Vec<(String, Option<Location>)>, Error> {
    words
        .iter()
        .map(|word| {
            let (code, target) = match word.split_once('=') {
                Some((code, target)) => (code, Some(target)),
                None => (word.as_str(), None),
            };
            if findings::check(code).is_none() {
                return Err(Error::usage(format!("--ignore: there is no finding '{code}'"))
                    .hint("kubectl certs explain lists all of them"));
            }
            let target = target.map(str::parse).transpose();
            let target = target
                .map_err(|error: crate::model::LocationError| Error::usage(format!("--ignore {word}: {error}")))?;
            Ok((code.to_owned(), target))
        })
        .collect()
}

fn ignores(code: &str, target: Option<&Location>, finding: &Finding) -> bool {
    finding.code == code
        && target.is_none_or(|target| {
            target.place == finding.at.place && (target.number.is_none() || target.number == finding.at.number)
        })
}
