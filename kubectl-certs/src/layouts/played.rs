//! For simulations: another layout than those of the table, for what this thread does in the meantime.

use std::cell::Cell;

use super::Layout;

thread_local! {
    static PLAYED: Cell<Option<&'static Layout>> = const { Cell::new(None) };
}

pub(super) fn layout() -> Option<&'static Layout> {
    PLAYED.get()
}

/// As long as this lives.
pub(crate) struct Playing(Option<&'static Layout>);

pub(crate) fn play(layout: &'static Layout) -> Playing {
    Playing(PLAYED.replace(Some(layout)))
}

impl Drop for Playing {
    fn drop(&mut self) {
        PLAYED.set(self.0);
    }
}
