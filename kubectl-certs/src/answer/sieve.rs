//! Which of the certificates that were read are wanted, and in which order.

use std::collections::BTreeMap;

use super::look::state;
use crate::model::{Certificate, Entry, Holds, Inventory, Location, Purpose, Row, Time};
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

    /// Requests have no end, and neither they nor tokens a role or an issuer.
    pub(super) fn keeps_other(&self, entry: &Entry) -> bool {
        let Filter { expired, within, roles, issuer } = self.filter;
        let left = match &entry.holds {
            Holds::Token(token) => token.expires.map(|end| end.since(self.now)),
            Holds::Managed(object) => object.not_after.map(|end| end.since(self.now)),
            _ => None,
        };
        (!expired || left.is_some_and(|left| left.0 < 0))
            && within.is_none_or(|within| left.is_some_and(|left| left <= within))
            && roles.is_empty()
            && issuer.is_none()
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
pub(super) fn sort(rows: &mut [Row<'_>], key: Sort, named: bool, now: Time) {
    match key {
        Sort::Name => rows.sort_by_cached_key(|row| label(row, named)),
        Sort::Expires => rows.sort_by_key(|row| row.certificate.not_after),
        Sort::State => rows.sort_by_cached_key(|row| (state(row, now), row.certificate.not_after)),
        Sort::Subject => rows.sort_by_cached_key(|row| row.certificate.short_name().to_lowercase()),
        Sort::Issuer => rows.sort_by_cached_key(|row| row.certificate.issuer.to_lowercase()),
        Sort::Place => rows.sort_by_cached_key(Row::target),
    }
}

/// What tables print for it.
pub(super) fn label(row: &Row<'_>, named: bool) -> String {
    let name = row.entry.origin.name.as_ref().filter(|_| named && row.index == 0);
    name.cloned().unwrap_or_else(|| row.target().to_string())
}
