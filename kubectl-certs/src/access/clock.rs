//! The one place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Time;

pub trait Clock: Send + Sync {
    fn now(&self) -> Time;
}

pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time::from_unix(unix_milliseconds().div_euclid(1000))
    }
}

/// Fine enough to tell by how much the clocks of two machines differ.
#[expect(clippy::disallowed_methods, reason = "this is the port to the clock")]
pub(super) fn unix_milliseconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
