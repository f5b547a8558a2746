//! What the planner itself refuses, in words for people: the rehearsal would call it a fault of the program.

use proptest::prelude::*;

use super::worlds::shapes;
use crate::error::ErrorKind;
use crate::model::{Entry, KeyState};
use crate::plan::rehearse::rehearse;

proptest! {
    #[test]
    fn a_key_that_cannot_be_read(shape in shapes()) {
        spoil_keys(&shape, |entry| {
            entry.key = KeyState::Unreadable;
            (entry.key_public, entry.key_digest) = (None, None);
        })?;
    }

    #[test]
    fn a_key_inside_of_the_certificate_file_of_a_pair(shape in shapes()) {
        spoil_keys(&shape, |entry| (entry.key_at, entry.key_digest) = (None, None))?;
    }
}

fn spoil_keys(shape: &super::worlds::Shape, spoil: fn(&mut Entry)) -> Result<(), TestCaseError> {
    let mut world = shape.world();
    let pairs = world.inventory.entries.iter_mut().filter(|entry| entry.leaf().is_some() && entry.key_at.is_some());
    pairs.for_each(spoil);
    match shape.try_plan(&world) {
        None => {}
        // Nothing of it was to be renewed.
        Some(Ok(plan)) => prop_assert!(rehearse(plan, &world).is_ok()),
        Some(Err(error)) => {
            prop_assert_eq!(error.kind, ErrorKind::Refused);
            prop_assert!(error.message.contains("its private key"), "{}", error);
        }
    }
    Ok(())
}
