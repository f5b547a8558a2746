//! How far a reading is, for whoever waits for it. Readers tell what they have read; who listens decides what is shown.

use std::sync::{Arc, Mutex};

/// Silent unless somebody listens. Copies tell the same listener.
#[derive(Clone, Debug, Default)]
pub struct Progress(Option<Arc<Mutex<Vec<Part>>>>);

/// One kind of thing that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// For people, in the plural: `Secrets`.
    pub kind: &'static str,
    /// How many so far.
    pub read: usize,
    pub ended: bool,
}

impl Progress {
    /// One that can be asked with `parts`.
    pub fn listened_to() -> Self {
        Self(Some(Arc::default()))
    }

    /// Reading these begins.
    pub fn begin(&self, kind: &'static str) {
        self.change(kind, |part| part.ended = false);
    }

    /// So many more of them were read.
    pub fn read(&self, kind: &'static str, more: usize) {
        self.change(kind, |part| part.read += more);
    }

    pub fn end(&self, kind: &'static str) {
        self.change(kind, |part| part.ended = true);
    }

    /// In the order in which they began.
    pub fn parts(&self) -> Vec<Part> {
        let parts = self.0.as_ref().and_then(|parts| parts.lock().ok());
        parts.map(|parts| parts.clone()).unwrap_or_default()
    }

    fn change(&self, kind: &'static str, change: impl FnOnce(&mut Part)) {
        let Some(Ok(mut parts)) = self.0.as_ref().map(|parts| parts.lock()) else { return };
        match parts.iter_mut().find(|part| part.kind == kind) {
            Some(part) => change(part),
            None => {
                let mut part = Part { kind, read: 0, ended: false };
                change(&mut part);
                parts.push(part);
            }
        }
    }
}
