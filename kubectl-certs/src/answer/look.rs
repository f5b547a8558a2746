//! Reading requests: list, show, check.

use std::collections::BTreeMap;

use super::missing::{gaps, keys_of, unanswered};
use super::sieve::{Sieve, sort};
use crate::access::Access;
use crate::error::Error;
use crate::findings::{self, Finding, Severity, View};
use crate::model::{Inventory, Location, Place, Row, Time};
use crate::report::{Checked, Listed, Listing, Report, RowAt, Showing, Shown, SignatureState};
use crate::request::{Check, FailOn, Look, Scope};
use crate::sources::target::Target;
use crate::sources::{self, Wanted};
use crate::trust::{Signed, TrustGraph};

pub(super) async fn list(look: &Look, access: &Access) -> Result<Report, Error> {
    let mut wanted = sources::resolve(&look.scope, access).await?;
    // Nothing is verified here, and fifty thousand certificates are fifty megabytes of DER.
    wanted.without_der = true;
    let inventory = sources::collect(access, &wanted).await?;
    let now = at(&look.scope, &inventory);
    let named = are_names_targets(&look.scope, &wanted);
    let (rows, unanswered) = {
        let entries = inventory.entries.iter().enumerate();
        let all = entries.flat_map(|(number, entry)| inventory.rows_of(entry).map(move |row| (number, row)));
        let (numbers, rows): (Vec<usize>, Vec<Row<'_>>) = all.filter(|(_, row)| wanted.keeps(row)).unzip();
        let unanswered = unanswered(&wanted, &inventory, &rows)?;
        let sieve = Sieve::of(&look.filter, &inventory, now);
        let mut kept: Vec<(usize, Row<'_>)> =
            numbers.into_iter().zip(rows).filter(|(_, row)| sieve.keeps(row)).collect();
        if let Some(key) = look.sort {
            sort(&mut kept, key, |(_, row)| row, named, now);
        }
        (kept.iter().map(|(entry, row)| RowAt { entry: *entry, index: row.index }).collect(), unanswered)
    };
    let gaps = gaps(&wanted, &inventory, unanswered);
    let shared_names = Listing::shared_names(&inventory);
    Ok(Report::List(Listing { inventory, rows, named, namespace: wanted.namespace, gaps, now, shared_names }))
}

pub(super) async fn show(look: &Look, access: &Access) -> Result<Report, Error> {
    if look.scope.targets.is_empty() {
        return Err(Error::usage("show needs to know which certificate")
            .hint("kubectl certs list -o name prints what it takes"));
    }
    let (inventory, wanted) = read(&look.scope, access).await?;
    let now = at(&look.scope, &inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    let unanswered = unanswered(&wanted, &inventory, &rows)?;
    let trust = TrustGraph::build(&inventory);
    let scope = on_its_disk(&look.scope, &wanted);
    let findings = findings::run(&View { inventory: &inventory, trust: &trust, scope: &scope, now });
    let sieve = Sieve::of(&look.filter, &inventory, now);
    let shown = rows.iter().filter(|row| sieve.keeps(row)).collect::<Vec<_>>();
    let shown = shown.iter().map(|row| details(row, &inventory, &trust, &findings, now)).collect();
    let mut gaps = gaps(&wanted, &inventory, unanswered);
    gaps.extend(keys_of(&rows, &inventory, &gaps));
    let named = are_names_targets(&look.scope, &wanted);
    Ok(Report::Show(Showing { rows: shown, named, gaps, now }))
}

pub(super) async fn check(check: &Check, access: &Access) -> Result<Report, Error> {
    let ignored = ignored(check, access).await?;
    let (inventory, wanted) = read(&check.scope, access).await?;
    Ok(Report::Check(judge(check, &inventory, &wanted, &ignored)?))
}

pub(super) fn judge(
    check: &Check,
    inventory: &Inventory,
    wanted: &Wanted,
    ignored: &[Ignored],
) -> Result<Checked, Error> {
    let now = at(&check.scope, inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    let unanswered = unanswered(wanted, inventory, &rows)?;
    let sieve = Sieve::of(&check.filter, inventory, now);
    let rows: Vec<Row<'_>> = rows.into_iter().filter(|row| sieve.keeps(row)).collect();
    let trust = TrustGraph::build(inventory);
    let scope = on_its_disk(&check.scope, wanted);
    let all = findings::run(&View { inventory, trust: &trust, scope: &scope, now });
    let any = wanted.filter.is_empty() && check.filter.is_default();
    let mut by_place: BTreeMap<&Place, Vec<&Row<'_>>> = BTreeMap::new();
    rows.iter().for_each(|row| by_place.entry(&row.entry.at.place).or_default().push(row));
    let is_about_one = |finding: &Finding| {
        let places = core::iter::once(&finding.at).chain(&finding.related);
        places.filter_map(|at| by_place.get(&at.place)).flatten().any(|row| is_about(finding, row))
    };
    let findings = all
        .into_iter()
        .filter(|finding| any || is_about_one(finding))
        .filter(|finding| !ignored.iter().any(|ignored| ignored.means(finding)))
        .collect();
    let certificates = rows.len();
    let mut gaps = gaps(wanted, inventory, unanswered);
    gaps.extend(keys_of(&rows, inventory, &gaps));
    Ok(Checked {
        findings,
        certificates,
        root: scope.root,
        named: are_names_targets(&check.scope, wanted),
        namespace: wanted.namespace.clone(),
        gaps,
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
pub(super) fn at(scope: &Scope, inventory: &Inventory) -> Time {
    scope.at.unwrap_or(inventory.read_at)
}

/// What is offered to be done about a finding must be done on the disk that was looked at.
fn on_its_disk(scope: &Scope, wanted: &Wanted) -> Scope {
    Scope { root: scope.root.clone().or_else(|| wanted.other_disk().map(str::to_owned)), ..scope.clone() }
}

/// Does a layout's own name, given with the same --root, mean what it means here?
pub(super) fn are_names_targets(scope: &Scope, wanted: &Wanted) -> bool {
    matches!(wanted.members.as_slice(), [member] if scope.root.as_ref().map_or("/", String::as_str) == member.root)
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
        Some(Signed::Undecided { .. }) => SignatureState::Undecided,
        Some(Signed::IssuerMissing) | None => SignatureState::IssuerMissing,
    };
    let holds = |entry: &crate::model::Entry| matches!(entry.holds, crate::model::Holds::Bundle(_));
    Shown {
        listed: Listed::of(row, now),
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

/// What is not to be reported: a code, everywhere or at one target.
pub(super) struct Ignored {
    code: String,
    target: Option<Target>,
}

impl Ignored {
    fn means(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self.target.as_ref().is_none_or(|target| target.means(&finding.at, finding.name.as_deref()))
    }
}

async fn ignored(check: &Check, access: &Access) -> Result<Vec<Ignored>, Error> {
    let mut ignored = Vec::new();
    for word in &check.ignore {
        let (code, target) = match word.split_once('=') {
            Some((code, target)) => (code, Some(target.to_owned())),
            None => (word.as_str(), None),
        };
        if findings::check(code).is_none() {
            return Err(Error::usage(format!("--ignore: there is no finding '{code}'"))
                .hint("kubectl certs explain lists all of them"));
        }
        let target = match target {
            Some(text) => sources::targets(&check.scope, &[text], access).await?.0.pop(),
            None => None,
        };
        ignored.push(Ignored { code: code.to_owned(), target });
    }
    Ok(ignored)
}
