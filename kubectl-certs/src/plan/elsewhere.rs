//! Layouts whose leaves this program does not renew: refused by name where nothing else was asked for, told of where it was.

use std::collections::BTreeSet;

use super::renew::Asked;
use super::{LeftAlone, World};
use crate::error::Error;
use crate::layouts::Layout;
use crate::model::{FoundLayout, Location};
use crate::request::Renew;

/// `named` are the entries that targets mean.
pub fn refuse(world: &World, request: &Renew, named: Option<&[Location]>) -> Result<(), Error> {
    let elsewhere = elsewhere(world, request);
    let of_entry = |at: &Location| {
        let found = world.inventory.layout_of(world.inventory.entry(at)?)?;
        elsewhere.iter().copied().find(|other| *other == found)
    };
    let only_names = |found: &FoundLayout| {
        let layout = Layout::named(&found.name);
        let is_its = |name: &String| layout.is_some_and(|layout| layout.leaf(name).is_some());
        request.only.iter().any(|name| is_its(name) && !renewable_knows(world, request, name))
    };
    let refused = match named {
        Some(named) => named.iter().find_map(of_entry),
        None if elsewhere.len() == chosen(world, request).count() => elsewhere.first().copied(),
        None => elsewhere.iter().copied().find(|found| only_names(found)),
    };
    match refused {
        Some(found) => Err(Error::refused(format!(
            "{} has the files of {}, whose leaves this program does not renew: they {}",
            found.node.as_deref().unwrap_or(&found.root),
            found.name,
            found.renewed_by.as_deref().unwrap_or_default()
        ))
        .about(&found.base)
        .hint("nothing was changed; kubectl certs list and check judge them all the same")),
        None => Ok(()),
    }
}

/// Beside what is renewed.
pub(super) fn left_alone(world: &World, asked: &Asked<'_>) -> Vec<LeftAlone> {
    if asked.named.is_some() || !asked.request.only.is_empty() {
        return Vec::new();
    }
    let left = elsewhere(world, asked.request).into_iter().map(|found| LeftAlone {
        at: Location::file_on(found.node.as_deref(), found.base.clone()),
        name: found.name.clone(),
        why: format!("its leaves {}", found.renewed_by.as_deref().unwrap_or_default()),
    });
    left.collect()
}

fn chosen<'a>(world: &'a World, request: &'a Renew) -> impl Iterator<Item = &'a FoundLayout> {
    let is_chosen = |found: &&FoundLayout| {
        request.nodes.is_empty() || found.node.as_ref().is_some_and(|node| request.nodes.contains(node))
    };
    world.inventory.layouts.iter().filter(is_chosen)
}

fn elsewhere<'a>(world: &'a World, request: &'a Renew) -> Vec<&'a FoundLayout> {
    chosen(world, request).filter(|found| found.renewed_by.is_some()).collect()
}

fn renewable_knows(world: &World, request: &Renew, name: &str) -> bool {
    let ours: BTreeSet<&str> =
        chosen(world, request).filter(|found| found.renewed_by.is_none()).map(|found| found.name.as_str()).collect();
    ours.into_iter().filter_map(Layout::named).any(|layout| layout.leaf(name).is_some())
}
