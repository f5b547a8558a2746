//! What one run of the program has learnt and every connection of it needs: what exec plugins gave, and whose expired
//! certificate was met. A run may connect several times; the person must be asked, and a plugin be run, only once.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::exec_plugin::Plugin;
use crate::model::{KeyId, Time};

/// An API server whose certificate has expired and is right in everything else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpiredServer {
    /// `HOST:PORT`.
    pub server: String,
    pub subject: String,
    pub not_after: Time,
    /// Whoever shows another key later in this run is not the same server.
    pub key: KeyId,
    pub accepted: bool,
}

#[derive(Default)]
struct Remembered {
    plugins: BTreeMap<String, Arc<Plugin>>,
    expired: BTreeMap<String, ExpiredServer>,
}

static REMEMBERED: LazyLock<Mutex<Remembered>> = LazyLock::new(Mutex::default);

fn with<T>(change: impl FnOnce(&mut Remembered) -> T) -> T {
    change(&mut REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The one that was there before, where it is the same.
pub(super) fn plugin(new: Plugin) -> Arc<Plugin> {
    with(|remembered| remembered.plugins.entry(new.id()).or_insert_with(|| Arc::new(new)).clone())
}

/// Notes it, and returns what is held to from now on: the first key that was seen.
pub(super) fn expired(met: &ExpiredServer) -> ExpiredServer {
    with(|remembered| {
        let known = remembered.expired.entry(met.server.clone()).or_insert_with(|| met.clone());
        known.accepted |= met.accepted;
        known.clone()
    })
}

/// Those that this run has met, for the person to be asked or told.
pub fn expired_servers() -> Vec<ExpiredServer> {
    with(|remembered| remembered.expired.values().cloned().collect())
}
