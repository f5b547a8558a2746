//! What is wrong. A check is a row: code, severity, explanation and a pure function over one view of the world.

mod algorithms;
mod authorities;
mod bundles;
mod chains;
mod copies;
mod dates;
mod identities;
mod keepers;
mod keys;
mod leftovers;
mod names;
mod oddities;
mod requests;
mod rights;
mod signatures;
mod subjects;
mod tokens;
mod unseen;

use core::cell::OnceCell;
use std::collections::BTreeMap;

pub(crate) use dates::expiring_severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Entry, Inventory, Location, Place, Purpose, Row, Time};
use crate::request::{Renew, Request, Scope};
use crate::trust::TrustGraph;

/// In the order in which `explain` lists them.
pub const ALL: &[&Check] = &[
    &dates::EXPIRED,
    &dates::EXPIRING,
    &dates::NOT_YET_VALID,
    &signatures::BAD_SIGNATURE,
    &signatures::ISSUER_MISSING,
    &keys::KEY_DIFFERS,
    &keys::KEY_ABSENT,
    &keys::KEY_SHARED,
    &rights::KEY_READABLE,
    &dates::OUTLIVES_ISSUER,
    &signatures::BUNDLE_LACKS_SIGNER,
    &unseen::BUNDLE_UNPARSEABLE,
    &tokens::TOKEN_EXPIRED,
    &tokens::TOKEN_EXPIRING,
    &signatures::KUBECONFIG_STALE,
    &chains::WEBHOOK_UNTRUSTED,
    &chains::CHAIN_INCOMPLETE,
    &bundles::TRUST_DIFFERS,
    &bundles::BUNDLE_STALE,
    &bundles::BUNDLE_GROWS,
    &authorities::AUTHORITY_EXPIRING,
    &authorities::NOT_AN_AUTHORITY,
    &authorities::PATH_LENGTH,
    &authorities::AUTHORITY_AMBIGUOUS,
    &authorities::SIGNER_FILE_BUNDLE,
    &identities::COMMON_NAME_ONLY,
    &names::NAMES_MISSING,
    &identities::USAGES_WRONG,
    &subjects::SUBJECT_WRONG,
    &identities::MASTERS_GROUP,
    &identities::KUBELET_SERVING_SELF_SIGNED,
    &identities::KUBELET_CONF_INLINE,
    &algorithms::WEAK_KEY,
    &algorithms::WEAK_SIGNATURE,
    &copies::STORED_NOT_LOADED,
    &copies::NODES_DIFFER,
    &oddities::CHAIN_ORDER,
    &oddities::VERSION_1,
    &oddities::SERIAL_ODD,
    &requests::REQUEST_PENDING,
    &requests::REQUEST_FAILED,
    &requests::REQUEST_NOT_FOR_NODE,
    &leftovers::LEAF_WITHOUT_RENEWER,
    &leftovers::BACKUP_LEFT,
    &keepers::NOT_READY,
    &keepers::OLDER_IN_PODS,
];

pub struct Check {
    pub code: &'static str,
    pub title: &'static str,
    /// What it means.
    pub what: &'static str,
    /// What stops working.
    pub why: &'static str,
    pub repair: &'static str,
    pub source: &'static str,
    /// A new certificate under the same authority repairs it.
    pub renewable: bool,
    pub run: fn(&View<'_>) -> Vec<Finding>,
}

impl core::fmt::Debug for Check {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code)
    }
}

/// All that a check may look at.
pub struct View<'a> {
    pub inventory: &'a Inventory,
    pub trust: &'a TrustGraph,
    /// Where the finding's remedy would be asked for.
    pub scope: &'a Scope,
    pub now: Time,
    /// See `by_certificate`; a dozen checks ask for it.
    groups: OnceCell<Vec<Vec<Row<'a>>>>,
}

impl<'a> View<'a> {
    pub fn new(inventory: &'a Inventory, trust: &'a TrustGraph, scope: &'a Scope, now: Time) -> Self {
        Self { inventory, trust, scope, now, groups: OnceCell::new() }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    pub code: String,
    pub severity: Severity,
    /// The place it is about; every command accepts it as a target.
    pub at: Location,
    /// The layout's own name for it, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Location>,
    /// One sentence with the numbers in it.
    pub message: String,
    /// What repairs it, where this program can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Request>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// All findings, the worst first.
pub fn run(view: &View<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ALL
        .iter()
        .flat_map(|check| {
            (check.run)(view).into_iter().map(|finding| Finding {
                name: name(view, &finding.at),
                remedy: finding.remedy.clone().or_else(|| check.renewable.then(|| remedy(view, &finding.at)).flatten()),
                ..finding
            })
        })
        .collect();
    findings
        .sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.code.cmp(&b.code)).then_with(|| a.at.cmp(&b.at)));
    findings
}

pub fn check(code: &str) -> Option<&'static Check> {
    ALL.iter().copied().find(|check| check.code == code)
}

/// What the layout calls the first certificate of that place.
fn name(view: &View<'_>, at: &Location) -> Option<String> {
    let first = at.number.is_none_or(|number| number == 1);
    let whole = Location { number: None, ..at.clone() };
    view.inventory.entry(&whole).filter(|_| first)?.origin.name.clone()
}

/// Renewing is ours to offer for leaves that a layout's authority signs and that nobody else renews.
fn remedy(view: &View<'_>, at: &Location) -> Option<Request> {
    let whole = Location { number: None, ..at.clone() };
    let entry = view.inventory.entry(&whole)?;
    entry.leaf()?;
    let origin = &entry.origin;
    // Who renews these is told where they were found, see `FoundLayout::renewed_by`.
    if view.inventory.layout_of(entry).is_some_and(|found| found.renewed_by.is_some()) {
        return None;
    }
    let (name, true) = (origin.name.clone()?, origin.signer.is_some() && origin.renewed_at_percent.is_none()) else {
        return None;
    };
    // Without a disk beside it, a name would mean this machine.
    let target = if view.scope.root.is_some() { name } else { entry.at.to_string() };
    Some(Request::Renew(Renew {
        scope: Scope { targets: vec![target], root: view.scope.root.clone(), ..Scope::default() },
        ..Renew::default()
    }))
}

impl Finding {
    /// A name for people that the same command takes as a target.
    pub fn label(&self, named: bool) -> String {
        self.name.clone().filter(|_| named).unwrap_or_else(|| self.at.to_string())
    }

    fn new(check: &Check, severity: Severity, at: Location, message: String) -> Self {
        Self { code: check.code.to_owned(), severity, at, name: None, related: Vec::new(), message, remedy: None }
    }
}

/// Rows of one certificate, the place that a layout names first: one trouble is told once, with all its places.
fn by_certificate<'a, 'v>(view: &'v View<'a>) -> &'v [Vec<Row<'a>>] {
    view.groups.get_or_init(|| grouped(view.inventory))
}

fn grouped(inventory: &Inventory) -> Vec<Vec<Row<'_>>> {
    let mut groups: BTreeMap<_, Vec<Row<'_>>> = BTreeMap::new();
    // What was put aside harms nobody, however old it gets.
    for row in inventory.rows().filter(|row| !row.entry.origin.backup) {
        groups.entry(&row.certificate.fingerprint).or_default().push(row);
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    for rows in &mut groups {
        let place = |row: &Row<'_>| (row.entry.origin.name.is_none(), row.index);
        rows.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| a.entry.at.cmp(&b.entry.at)));
    }
    groups
}

/// The first certificate of that place, by the name that means it alone.
fn first_of(entry: &Entry) -> Location {
    match entry.certificates() {
        [_, _, ..] => entry.at.clone().numbered(1),
        _ => entry.at.clone(),
    }
}

/// A server was seen to present it, or runs with it.
fn is_presented(view: &View<'_>, at: &Location) -> bool {
    matches!(at.place, Place::Endpoint { .. })
        || view.inventory.uses.iter().any(|use_| use_.place == *at && matches!(use_.purpose, Purpose::Serve { .. }))
}

/// The finding at the first of these rows, the others as related places.
fn told_once(check: &Check, severity: Severity, rows: &[Row<'_>], message: String) -> Option<Finding> {
    let (first, others) = rows.split_first()?;
    Some(Finding {
        related: others.iter().map(Row::target).collect(),
        ..Finding::new(check, severity, first.target(), message)
    })
}
