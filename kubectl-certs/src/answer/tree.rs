//! The tree request: the trust graph as nodes, roots first, what hangs on nothing last.

use std::collections::{BTreeMap, BTreeSet};

use super::look::{are_names_targets, at, read, state};
use super::missing::{gaps, unanswered};
use super::sieve::{Sieve, label};
use crate::access::Access;
use crate::error::Error;
use crate::model::{CertId, Certificate, Holds, Inventory, KeyId, Location, NameKey, Row};
use crate::report::{Branch, Orphan, Report, Tree, TreeNode, shared_names};
use crate::request::Look;
use crate::trust::TrustGraph;

pub(super) async fn tree(look: &Look, access: &Access) -> Result<Report, Error> {
    let (inventory, wanted) = read(&look.scope, access).await?;
    let now = at(&look.scope, &inventory);
    let named = are_names_targets(&look.scope, &wanted);
    let rows: Vec<Row<'_>> = inventory.rows().filter(|row| wanted.keeps(row)).collect();
    let unanswered = unanswered(&wanted, &inventory, &rows, &[])?;
    let trust = TrustGraph::build(&inventory);
    let sieve = Sieve::of(&look.filter, &inventory, now);
    let mut places: BTreeMap<&CertId, Vec<Row<'_>>> = BTreeMap::new();
    inventory.rows().for_each(|row| places.entry(&row.certificate.fingerprint).or_default().push(row));

    // What was asked for and what hangs on it, as far as the filter goes, and the authorities of all that.
    let passes = |id: &CertId| places.get(id).is_some_and(|rows| rows.iter().any(|row| sieve.keeps(row)));
    let gave = trust.gave();
    let asked = rows.iter().map(|row| &row.certificate.fingerprint);
    let below = closure(asked, |id| gave.get(id).into_iter().flatten().copied().collect());
    let chosen = below.into_iter().filter(|id| passes(id));
    let shown = closure(chosen, |id| trust.issuers(id).iter().collect());

    let shared = shared_names(&inventory);
    let holders = holders(&inventory);
    let mut order: Vec<&Certificate> = shown.iter().filter_map(|id| inventory.certificates.get(*id)).collect();
    order.sort_by_key(|it| (!it.is_authority, it.short_name().to_lowercase(), it.not_after, &it.fingerprint));
    let number: BTreeMap<&CertId, usize> = order.iter().enumerate().map(|(n, it)| (&it.fingerprint, n)).collect();
    let numbers = |ids: &[&CertId]| ids.iter().filter_map(|id| number.get(id).copied()).collect::<Vec<_>>();

    let mut nodes: Vec<TreeNode> = Vec::new();
    for certificate in &order {
        let id = &certificate.fingerprint;
        let rows = places.get(id).map_or(&[][..], Vec::as_slice);
        let Some(first) = rows.first() else { continue };
        let (trusted_by, relied_on) =
            holders.get(&(&certificate.subject_key, &certificate.public_key)).cloned().unwrap_or_default();
        let mut signed = numbers(gave.get(id).map_or(&[][..], Vec::as_slice));
        signed.sort_unstable();
        nodes.push(TreeNode {
            state: state(first, now),
            name: match shared.contains(&certificate.subject_key) && certificate.is_authority {
                true => format!("{}({})", certificate.short_name(), certificate.key_mark()),
                false => certificate.short_name().to_owned(),
            },
            places: rows.iter().map(|row| Branch { target: row.target(), label: label(row, named) }).collect(),
            signed_by: numbers(&trust.issuers(id).iter().collect::<Vec<_>>()),
            signed,
            trusted_by: trusted_by.into_iter().cloned().collect(),
            relied_on,
            orphan: trust
                .broken_at(id)
                .map(|fault| Orphan { reason: fault.why.code().to_owned(), message: fault.sentence(&inventory) }),
            certificate: (*certificate).clone(),
        });
    }
    let (roots, orphans) = tops(&mut nodes);
    let gaps = gaps(&wanted, &inventory, unanswered);
    Ok(Report::Tree(Box::new(Tree { nodes, roots, orphans, namespace: wanted.namespace.clone(), gaps })))
}

/// All that can be reached from these.
fn closure<'a>(
    from: impl Iterator<Item = &'a CertId>,
    next: impl Fn(&CertId) -> Vec<&'a CertId>,
) -> BTreeSet<&'a CertId> {
    let mut reached = BTreeSet::new();
    let mut pending: Vec<&CertId> = from.collect();
    while let Some(id) = pending.pop() {
        if reached.insert(id) {
            pending.extend(next(id));
        }
    }
    reached
}

/// Bundles by the authorities in them, and how many connections rely on those bundles.
type Holders<'a> = BTreeMap<(&'a NameKey, &'a KeyId), (Vec<&'a Location>, usize)>;

fn holders(inventory: &Inventory) -> Holders<'_> {
    let edges: BTreeSet<_> = inventory.edges.iter().collect();
    let mut relying: BTreeMap<&Location, usize> = BTreeMap::new();
    edges.iter().for_each(|edge| *relying.entry(&edge.bundle).or_default() += 1);
    let mut holders = Holders::new();
    for entry in inventory.entries.iter().filter(|entry| matches!(entry.holds, Holds::Bundle(_))) {
        let authorities: BTreeSet<_> = entry
            .certificates()
            .iter()
            .filter_map(|id| inventory.certificates.get(id))
            .map(|authority| (&authority.subject_key, &authority.public_key))
            .collect();
        for authority in authorities {
            let (places, relied_on) = holders.entry(authority).or_default();
            places.push(&entry.at);
            *relied_on += relying.get(&entry.at).copied().unwrap_or_default();
        }
    }
    holders
}

/// Roots, and what hangs on nothing; where signatures go in a circle, one of it.
fn tops(nodes: &mut [TreeNode]) -> (Vec<usize>, Vec<usize>) {
    let all = || 0..nodes.len();
    let roots: Vec<usize> = all().filter(|n| nodes[*n].signed_by.is_empty() && nodes[*n].orphan.is_none()).collect();
    let mut orphans: Vec<usize> = all().filter(|n| nodes[*n].orphan.is_some()).collect();
    let mut reached = BTreeSet::new();
    let mut pending: Vec<usize> = roots.iter().chain(&orphans).copied().collect();
    for next in 0..=nodes.len() {
        while let Some(number) = pending.pop() {
            if reached.insert(number) {
                pending.extend(&nodes[number].signed);
            }
        }
        if next < nodes.len() && !reached.contains(&next) {
            let message = format!("the signatures lead from {} back to itself", nodes[next].name);
            nodes[next].orphan = Some(Orphan { reason: "loop".to_owned(), message });
            orphans.push(next);
            pending.push(next);
        }
    }
    (roots, orphans)
}
