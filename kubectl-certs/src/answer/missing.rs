//! What was asked for and is not in the answer: which of the gaps are about that, and what is said of them.

use std::path::Path;

use crate::error::{Error, ErrorKind};
use crate::model::{Entry, FoundLayout, Gap, GapReason, Inventory, Location, Place, Row};
use crate::sources::target::Target;
use crate::sources::{Wanted, key_names};

/// Targets that nothing answers to are an error where there is nothing else to tell, and gaps where there is.
pub(super) fn unanswered(
    wanted: &Wanted,
    inventory: &Inventory,
    rows: &[Row<'_>],
    others: &[&Entry],
) -> Result<Vec<Gap>, Error> {
    let unanswered = wanted.unanswered(rows, others);
    let Some(first) = unanswered.first() else { return Ok(Vec::new()) };
    if rows.is_empty() && others.is_empty() {
        return Err(nothing_at(first, inventory));
    }
    // The disk stands for a name that it has nothing of.
    let disk = || match wanted.members.first() {
        Some(member) => Location::file_on(member.name.as_deref(), &member.root),
        None => Location::file("/"),
    };
    let told = |target: &Target| inventory.gaps.iter().any(|gap| concerns(target, gap, &inventory.layouts));
    Ok(unanswered
        .into_iter()
        .filter(|target| !told(target))
        .map(|target| Gap {
            at: target.location().unwrap_or_else(disk),
            reason: GapReason::NoCertificateFound,
            message: format!("no certificate was found at {target}"),
        })
        .collect())
}

/// Why a target has no certificate, as far as the reading tells.
pub(super) fn nothing_at(target: &Target, inventory: &Inventory) -> Error {
    let Inventory { gaps, layouts, .. } = inventory;
    let own = gaps.iter().find(|gap| concerns(target, gap, layouts));
    // Without a layout nobody knows which file it would be.
    let any = || gaps.iter().find(|gap| layouts.is_empty() || !is_of_a_file(gap));
    let Some(gap) = own.or_else(any) else {
        return Error::new(ErrorKind::NotFound, format!("no certificate was found at {target}"))
            .about(target)
            .hint("kubectl certs list -o name prints the names of what is there");
    };
    let place = if target.means(&gap.at, None) { String::new() } else { format!(": {}", gap.at) };
    let message = format!("no certificate could be read at {target}{place} ({}): {}", gap.reason.code(), gap.message);
    Error::new(ErrorKind::Unreadable, message).about(target)
}

/// What could not be read, as far as it was asked for: who names a certificate is not told of its neighbours, which are
/// read only because they may have signed it.
pub(super) fn gaps(wanted: &Wanted, inventory: &Inventory, unanswered: Vec<Gap>) -> Vec<Gap> {
    let Inventory { gaps, layouts, .. } = inventory;
    let any = wanted.filter.is_empty() || (!unanswered.is_empty() && layouts.is_empty());
    let hides_more = |gap: &Gap| !is_of_a_file(gap) && !is_of_content(gap);
    let asked =
        |gap: &&Gap| any || hides_more(gap) || wanted.filter.iter().any(|target| concerns(target, gap, layouts));
    gaps.iter().filter(asked).cloned().chain(unanswered).collect()
}

/// Keys that would tell more about these rows: whether a pair is one cannot be judged without.
pub(super) fn keys_of(rows: &[Row<'_>], inventory: &Inventory, told: &[Gap]) -> Vec<Gap> {
    let is_key = |gap: &Gap| {
        rows.iter().any(|row| {
            let names = |path: &str| Some((Path::new(path).parent()?.to_owned(), file_name(path)?));
            let (Some(own), Some(other)) = (row.entry.at.path().and_then(names), gap.at.path().and_then(names)) else {
                return false;
            };
            row.entry.at.node() == gap.at.node() && own.0 == other.0 && key_names(&own.1).contains(&other.1)
        })
    };
    inventory.gaps.iter().filter(|gap| is_key(gap) && !told.contains(gap)).cloned().collect()
}

fn file_name(path: &str) -> Option<String> {
    Some(Path::new(path).file_name()?.to_str()?.to_owned())
}

/// Is it about what the target names, or about a folder in which that would lie?
fn concerns(target: &Target, gap: &Gap, layouts: &[FoundLayout]) -> bool {
    let within = |file: &Location| match (file.path(), gap.at.path()) {
        (Some(file_path), Some(path)) => file.node() == gap.at.node() && Path::new(file_path).starts_with(path),
        _ => false,
    };
    target.means(&gap.at, None)
        || target.files(layouts).iter().any(within)
        || target.location().is_some_and(|at| within(&at))
}

/// It could be read, and something in it is broken: that hides nothing but itself.
fn is_of_content(gap: &Gap) -> bool {
    use GapReason::{
        BadCertificate, BadDocument, BadJks, BadKey, BadKubeconfig, BadPassword, BadPem, BadPkcs12, BadRequest,
        BadToken, TooLarge,
    };
    matches!(
        gap.reason,
        BadCertificate
            | BadDocument
            | BadJks
            | BadKey
            | BadKubeconfig
            | BadPassword
            | BadPem
            | BadPkcs12
            | BadRequest
            | BadToken
            | TooLarge
    )
}

/// As opposed to a node or a cluster that does not answer: that hides everything.
fn is_of_a_file(gap: &Gap) -> bool {
    gap.reason != GapReason::Unreachable && matches!(gap.at.place, Place::File { .. } | Place::Kubeconfig { .. })
}
