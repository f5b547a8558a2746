//! Reading requests: list, show, check.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::missing::{gaps, keys_of, unanswered};
use super::sieve::{Sieve, sort};
use crate::access::Access;
use crate::error::Error;
use crate::findings::{self, Finding, Severity, View};
use crate::model::{Certificate, Consumer, Entry, Gap, Inventory, Location, Place, Row, Time};
use crate::report::{
    Checked, Listed, ListedAt, Listing, Presents, Report, Served, Showing, Shown, SignatureState, State, shared_names,
};
use crate::request::{Check, FailOn, Look, Scope};
use crate::sources::target::Target;
use crate::sources::{self, Wanted};
use crate::trust::{Signed, TrustGraph};

pub(super) async fn list(look: &Look, access: &Access) -> Result<Report, Error> {
    let mut wanted = sources::resolve(&look.scope, access).await?;
    wanted.summary = true;
    let mut inventory = sources::collect(access, &wanted).await?;
    let now = at(&look.scope, &inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    let others: Vec<&Entry> = inventory.others().filter(|entry| wanted.keeps_other(entry)).collect();
    let unanswered = unanswered(&wanted, &inventory, &rows, &others)?;
    let named = are_names_targets(&look.scope, &wanted);
    let sieve = Sieve::of(&look.filter, &inventory, now);
    let mut rows: Vec<Row<'_>> = rows.into_iter().filter(|row| sieve.keeps(row)).collect();
    if let Some(key) = look.sort {
        sort(&mut rows, key, named, now);
    }
    let chosen = rows.iter().filter_map(|row| chosen(row, &inventory, &wanted, now)).collect();
    let others = others.into_iter().filter(|entry| sieve.keeps_other(entry)).cloned().collect();
    let namespace = wanted.namespace.clone();
    let gaps = gaps(&wanted, &inventory, unanswered);
    let shared_names = shared_names(&inventory);
    let layouts = core::mem::take(&mut inventory.layouts);
    let listing = Listing { inventory, chosen, others, layouts, named, namespace, gaps, now, shared_names };
    Ok(Report::List(Box::new(listing)))
}

pub(super) async fn show(look: &Look, access: &Access) -> Result<Report, Error> {
    if look.scope.targets.is_empty() {
        return Err(Error::usage("show needs to know which certificate")
            .hint("kubectl certs list -o name prints what it takes"));
    }
    // Who looks at one Secret wants to know who relies on it; that is a few questions more.
    let with_consumers = Scope { consumers: true, ..look.scope.clone() };
    let (inventory, wanted) = read(&with_consumers, access).await?;
    let now = at(&look.scope, &inventory);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    let others: Vec<&Entry> = inventory.others().filter(|entry| wanted.keeps_other(entry)).collect();
    let unanswered = unanswered(&wanted, &inventory, &rows, &others)?;
    let trust = TrustGraph::build(&inventory);
    let scope = on_its_disk(&look.scope, &wanted);
    let findings = findings::run(&View::new(&inventory, &trust, &scope, now));
    let sieve = Sieve::of(&look.filter, &inventory, now);
    let shown = rows
        .iter()
        .filter(|row| sieve.keeps(row))
        .map(|row| details(row, &inventory, &trust, &findings, now))
        .collect();
    let mut gaps = gaps(&wanted, &inventory, unanswered);
    gaps.extend(keys_of(&rows, &inventory, &gaps));
    let named = are_names_targets(&look.scope, &wanted);
    let others = others.into_iter().cloned().collect();
    Ok(Report::Show(Showing { rows: shown, others, named, gaps, now }))
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
    let others: Vec<&Entry> = inventory.others().filter(|entry| wanted.keeps_other(entry)).collect();
    let unanswered = unanswered(wanted, inventory, &rows, &others)?;
    let sieve = Sieve::of(&check.filter, inventory, now);
    let rows: Vec<Row<'_>> = rows.into_iter().filter(|row| sieve.keeps(row)).collect();
    let trust = TrustGraph::build(inventory);
    let scope = on_its_disk(&check.scope, wanted);
    let all = findings::run(&View::new(inventory, &trust, &scope, now));
    let any = wanted.filter.is_empty() && check.filter.is_default();
    let mut by_place: BTreeMap<&Place, Vec<&Row<'_>>> = BTreeMap::new();
    for row in &rows {
        by_place.entry(&row.entry.at.place).or_default().push(row);
    }
    let is_about_one = |finding: &Finding| {
        let places = core::iter::once(&finding.at).chain(&finding.related);
        places.filter_map(|at| by_place.get(&at.place)).flatten().any(|row| is_about(finding, row))
    };
    let findings = all
        .into_iter()
        .filter(|finding| any || is_about_one(finding) || others.iter().any(|entry| entry.at == finding.at))
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

fn chosen(row: &Row<'_>, inventory: &Inventory, wanted: &Wanted, now: Time) -> Option<ListedAt> {
    let (entry, index) = (u32::try_from(row.number).ok()?, u32::try_from(row.index).ok()?);
    let used_by = used_by(row, inventory, wanted).map(|count| u32::try_from(count).unwrap_or(u32::MAX));
    Some(ListedAt { entry, index, state: state(row, now), used_by })
}

pub(super) fn state(row: &Row<'_>, now: Time) -> State {
    let certificate = row.certificate;
    if certificate.is_expired(now) {
        State::Expired
    } else if certificate.not_before > now {
        State::NotYetValid
    } else if findings::expiring_severity(certificate, row.entry, now).is_some() {
        State::Expiring
    } else {
        State::Valid
    }
}

/// Where it was asked who relies on what, and where that can be known.
fn used_by(row: &Row<'_>, inventory: &Inventory, wanted: &Wanted) -> Option<usize> {
    let known = matches!(row.entry.at.place.whole(), Place::Secret { .. } | Place::ConfigMap { .. });
    let users: BTreeSet<_> = consumers(row.entry, inventory).map(|consumer| &consumer.by).collect();
    (wanted.consumers && known).then_some(users.len())
}

/// Of the entry, and of the copies that it stands for.
fn consumers<'a>(entry: &'a Entry, inventory: &'a Inventory) -> impl Iterator<Item = &'a Consumer> {
    inventory
        .consumers
        .iter()
        .filter(|consumer| core::iter::once(&entry.at).chain(&entry.also_in).any(|at| consumer.is_of(&at.place)))
}

/// They are told of with what they are about: a Secret or ConfigMap.
fn unseen(entry: &Entry, inventory: &Inventory) -> Vec<Gap> {
    match entry.at.place.whole() {
        Place::Secret { .. } | Place::ConfigMap { .. } => inventory.unseen.clone(),
        _ => Vec::new(),
    }
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
    let holds = |entry: &Entry| matches!(entry.holds, crate::model::Holds::Bundle(_));
    Shown {
        listed: Listed::of(row, state(row, now)).into_owned(),
        chain: chain.iter().skip(1).filter_map(|id| inventory.certificates.get(id).cloned()).collect(),
        signature,
        places: inventory
            .rows()
            .filter(|other| other.certificate.fingerprint == *id)
            .map(|other| other.target())
            .collect(),
        uses: inventory.uses.iter().filter(|use_| use_.place == row.entry.at).cloned().collect(),
        consumers: consumers(row.entry, inventory).cloned().collect(),
        unseen: unseen(row.entry, inventory),
        served: served(row, inventory),
        handshake: inventory.handshakes.get(&row.entry.at).cloned(),
        trusted_by: inventory
            .entries
            .iter()
            .filter(|entry| holds(entry) && entry.at != row.entry.at && trust.leads_to(inventory, id, entry))
            .map(|entry| entry.at.clone())
            .collect(),
        findings: findings.iter().filter(|finding| is_about(finding, row)).cloned().collect(),
    }
}

/// The servers that present this leaf, or one that plainly stands for the same: of the same issuer, subject and names.
fn served(row: &Row<'_>, inventory: &Inventory) -> Vec<Served> {
    let (own, is_leaf) = (row.certificate, row.index == 0);
    let is_endpoint = |entry: &Entry| matches!(entry.at.place, Place::Endpoint(_));
    if is_endpoint(row.entry) || !is_leaf || matches!(row.entry.holds, crate::model::Holds::Bundle(_)) {
        return Vec::new();
    }
    let others = inventory.entries.iter().filter(|entry| is_endpoint(entry) && entry.at != row.entry.at);
    let presented = others.filter_map(|entry| Some((entry, inventory.certificates.get(entry.leaf()?)?)));
    presented
        .filter_map(|(entry, other)| {
            let presents = match other.not_before.cmp(&own.not_before) {
                _ if other.fingerprint == own.fingerprint => Presents::Same,
                _ if !is_same_party(own, other) => return None,
                Ordering::Less => Presents::Older,
                Ordering::Greater => Presents::Newer,
                Ordering::Equal => Presents::Another,
            };
            Some(Served { at: entry.at.clone(), presents })
        })
        .collect()
}

fn is_same_party(a: &Certificate, b: &Certificate) -> bool {
    let names = |certificate: &Certificate| {
        let all = certificate.dns_names.iter().chain(&certificate.ip_addresses).chain(&certificate.other_names);
        all.cloned().collect::<BTreeSet<String>>()
    };
    // Without any name, equal ones say nothing.
    !names(a).is_empty() && a.issuer_key == b.issuer_key && a.subject_key == b.subject_key && names(a) == names(b)
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
