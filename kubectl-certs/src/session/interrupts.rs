//! Ctrl-C. A changing run ends its step first; everything else ends at once.
//!
//! A thread of its own listens: the run itself reads and writes files without pause, so nothing that waits for its turn
//! beside it would hear anything before the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::streams;
use crate::error::exit;

#[derive(Clone, Default)]
pub(super) struct Interrupts {
    /// The run looks at this before each step.
    pub(super) stop: Arc<AtomicBool>,
    /// Something is being changed: until then there is nothing to end properly, and a question may be on the screen.
    busy: Arc<AtomicBool>,
}

impl Interrupts {
    pub(super) fn watch() -> Self {
        let interrupts = Self::default();
        let watched = interrupts.clone();
        std::thread::spawn(move || watched.listen());
        interrupts
    }

    /// From now on the first Ctrl-C means: at the next step.
    pub(super) fn begin_change(&self) {
        self.busy.store(true, Ordering::Relaxed);
    }

    fn listen(&self) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let mut heard = false;
            while tokio::signal::ctrl_c().await.is_ok() {
                if heard || !self.busy.load(Ordering::Relaxed) {
                    leave();
                }
                heard = true;
                self.stop.store(true, Ordering::Relaxed);
                streams::err(
                    "stopping before the next step; Ctrl-C once more stops at once (then: runs resume, or runs undo)\n",
                );
            }
        });
    }
}

#[expect(clippy::exit, reason = "at once means at once; the journal tells where it was")]
fn leave() -> ! {
    std::process::exit(i32::from(exit::INTERRUPTED))
}
