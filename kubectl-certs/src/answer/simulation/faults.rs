//! What goes wrong on a stage.

use proptest::prelude::*;

#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// Who watches a file notices a change so many milliseconds later.
    pub(super) lag: u64,
    /// A restart takes so many milliseconds.
    pub(super) slow: u64,
    /// So many looks after a restart still show the process of before.
    pub(super) stale: u32,
    /// On the node of this number, the first so many restarts fail: what was stopped comes back by itself, much later.
    pub(super) failing: Option<(usize, u32)>,
    /// On the node of this number, this component answers so many times that it is not healthy.
    pub(super) ill: Option<(usize, &'static str, u32)>,
    /// The node of this number has no firewall to drain a server with.
    pub(super) without_nft: Option<usize>,
    pub(super) lost: Option<Lost>,
}

/// A node that does not answer from some operation on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub(super) node: usize,
    pub(super) from: usize,
    /// The first operation that it does not answer was done all the same.
    pub(super) done: bool,
}

/// A rule that nodes keep by themselves, and that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vice {
    /// An identity is written in halves: its key now, its certificate later.
    Halves,
    /// A restart is called done before what was started is there.
    Hasty,
}

pub(super) fn faults() -> impl Strategy<Value = Faults> {
    let lost = (0_usize..4, 0_usize..90, any::<bool>()).prop_map(|(node, from, done)| Lost { node, from, done });
    let lag = prop_oneof![Just(0), 0..70_000_u64];
    let slow = prop_oneof![Just(0), 0..40_000_u64];
    let failing = proptest::option::weighted(0.3, (0_usize..4, 1_u32..3));
    (lag, slow, 0_u32..4, failing, proptest::option::weighted(0.4, lost)).prop_map(
        |(lag, slow, stale, failing, lost)| Faults { lag, slow, stale, failing, ill: None, without_nft: None, lost },
    )
}
