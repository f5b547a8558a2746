//! PEM that came with the request (the target `-`).

use futures::FutureExt;

use super::gather::{Found, Key, Kind, add};
use super::{Reading, Source};
use crate::formats;
use crate::model::{Gap, GapReason, Inventory, Location, Origin, Place};

pub(super) const SOURCE: Source = Source {
    name: "standard input",
    wanted: |wanted| wanted.input.is_some(),
    read: |reading| async move { read(reading) }.boxed(),
};

fn read(reading: &Reading<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let at = Location::from(Place::StandardInput);
    let content = formats::read(reading.wanted.input.as_deref().unwrap_or_default().as_bytes());
    if content.certificates.is_empty() {
        inventory.gaps.push(Gap {
            at: at.clone(),
            reason: GapReason::NoCertificateFound,
            message: "no PEM block with a certificate came on standard input".to_owned(),
        });
    }
    add(
        &mut inventory,
        Found {
            at,
            content: &content,
            key: Key::inside(&content),
            kind: Kind::Guess,
            origin: Origin::default(),
            digest: None,
        },
    );
    inventory
}
