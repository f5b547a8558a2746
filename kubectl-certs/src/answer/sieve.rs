//! Which of the certificates that were read are wanted, and in which order.

use std::collections::BTreeMap;

use crate::model::{Certificate, Inventory, Location, Purpose, Row, Time};
use crate::report::State;
use crate::request::{Filter, Role, Sort};

pub(super) struct Sieve<'a> {
    filter: &'a Filter,
    /// What is used from which place, by whom was seen to use it.
    uses: BTreeMap<&'a Location, Vec<&'a Purpose>>,
    issuer: Option<String>,
    now: Time,
}

impl<'a> Sieve<'a> {
    pub(super) fn of(filter: &'a Filter, inventory: &'a Inventory, now: Time) -> Self {
        let mut uses: BTreeMap<&Location, Vec<&Purpose>> = BTreeMap::new();
        for use_ in &inventory.uses {
            uses.entry(&use_.place).or_default().push(&use_.purpose);
        }
        Self { filter, uses, issuer: filter.issuer.as_ref().map(|text| text.to_lowercase()), now }
    }

    pub(super) fn keeps(&self, row: &Row<'_>) -> bool {
        let Filter { expired, within, roles, issuer: _ } = self.filter;
        let certificate = row.certificate;
        let left = certificate.not_after.since(self.now);
        (!expired || certificate.is_expired(self.now))
            && within.is_none_or(|within| left <= within)
            && (roles.is_empty() || roles.iter().any(|role| self.is(row, *role)))
            && self.issuer.as_ref().is_none_or(|text| names_issuer(certificate, text))
    }

    fn is(&self, row: &Row<'_>, role: Role) -> bool {
        let certificate = row.certificate;
        let usages = &certificate.extended_key_usages;
        let good_for = |usage: &str| {
            let said = usages.iter().any(|own| own == usage || own == "any");
            said || (usages.is_empty() && !certificate.is_authority)
        };
        let used_to = |what: fn(&Purpose) -> bool| {
            let uses = self.uses.get(&row.entry.at).filter(|_| row.index == 0);
            uses.into_iter().flatten().any(|purpose| what(purpose))
        };
        match role {
            Role::Authority => certificate.is_authority,
            Role::Server => good_for("serverAuth") || used_to(|purpose| matches!(purpose, Purpose::Serve { .. })),
            Role::Client => good_for("clientAuth") || used_to(|purpose| matches!(purpose, Purpose::ClientOf { .. })),
        }
    }
}

fn names_issuer(certificate: &Certificate, text: &str) -> bool {
    // A list prints `NAME(KEY-ID)` where several authorities have that name, and that is accepted too.
    let marked = text.strip_suffix(')').and_then(|text| text.rsplit_once('('));
    let name = certificate.issuer.to_lowercase();
    let id = certificate.authority_key_id.as_deref().unwrap_or_default();
    name.contains(text)
        || (text.len() >= 8 && id.starts_with(text))
        || marked.is_some_and(|(part, mark)| name.contains(part) && certificate.issuer_key_mark() == Some(mark))
}

/// Equal ones stay in the order of their places.
pub(super) fn sort<'a, T>(items: &mut [T], key: Sort, row: impl Fn(&T) -> &Row<'a>, named: bool, now: Time) {
    let end = |item: &T| row(item).certificate.not_after;
    match key {
        Sort::Name => items.sort_by_cached_key(|item| label(row(item), named)),
        Sort::Expires => items.sort_by_key(end),
        Sort::State => items.sort_by_cached_key(|item| (State::of(row(item), now), end(item))),
        Sort::Subject => items.sort_by_cached_key(|item| row(item).certificate.short_name().to_lowercase()),
        Sort::Issuer => items.sort_by_cached_key(|item| row(item).certificate.issuer.to_lowercase()),
        Sort::Place => items.sort_by_cached_key(|item| row(item).target()),
    }
}

/// What tables print for it.
pub(super) fn label(row: &Row<'_>, named: bool) -> String {
    let name = row.entry.origin.name.as_ref().filter(|_| named && row.index == 0);
    name.cloned().unwrap_or_else(|| row.target().to_string())
}
