//! What the prober saw, as JSON for programs.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Report {
    pub started: Timestamp,
    pub ended: Timestamp,
    /// Through the load balancer.
    pub streams: Vec<StreamReport>,
    pub watch: WatchReport,
    /// Directly at each API server.
    pub servers: Vec<ServerReport>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct StreamReport {
    pub name: String,
    pub requests: u64,
    /// Refused or reset connections that the one retry was for.
    pub first_failures: Vec<Failure>,
    /// What a user would have noticed.
    pub failed: Vec<Failure>,
    /// Milliseconds, retry included.
    pub slowest_ms: u64,
    /// The longest time, in milliseconds, without an answered request.
    pub longest_gap_ms: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Failure {
    /// When the request began.
    pub at: Timestamp,
    pub what: String,
    pub error: String,
}

/// Writes whose answer was lost may or may not have happened; they are in none of the numbers.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct WatchReport {
    /// Acknowledged writes.
    pub expected: u64,
    /// Of those, how many the watch saw.
    pub seen: u64,
    pub missed: Vec<String>,
    /// Events that came twice or after a later one of the same writer.
    pub disordered: Vec<String>,
    /// How often it was opened again, from the last version that it had seen.
    pub reopened: u64,
    /// How often that version was too old for the server, and events may be lost.
    pub expired: u64,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ServerReport {
    pub name: String,
    pub requests: u64,
    pub failures: u64,
    /// Milliseconds. A server that starts again may accept a connection long before it answers.
    pub slowest_ms: u64,
    pub windows: Vec<Window>,
}

/// From the first failed request to the next that succeeded, by the times at which they began.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Window {
    pub from: Timestamp,
    /// The prober's end if the server did not come back.
    pub to: Timestamp,
    pub failures: u64,
    /// Each once, in order.
    pub errors: Vec<String>,
}

impl Report {
    pub fn requests(&self) -> u64 {
        self.streams.iter().map(|stream| stream.requests).sum()
    }

    /// Whole requests a second through the load balancer.
    pub fn rate(&self) -> u64 {
        let took = self.ended.duration_since(self.started).as_millis();
        self.requests() * 1000 / u64::try_from(took).unwrap_or_default().max(1)
    }

    /// Everything that a user would have noticed, as lines; empty if the cluster kept answering.
    pub fn complaints(&self) -> Vec<String> {
        let failed = self.streams.iter().flat_map(|stream| {
            stream
                .failed
                .iter()
                .map(|failure| format!("{} {}: {}: {}", failure.at, stream.name, failure.what, failure.error))
        });
        let missed = self.watch.missed.iter().map(|event| format!("the watch missed {event}"));
        let disordered = self.watch.disordered.iter().map(|event| format!("the watch saw again, or late, {event}"));
        failed.chain(missed).chain(disordered).collect()
    }

    /// Pairs of servers that were away at the same time.
    pub fn overlaps(&self) -> Vec<String> {
        let windows = self.servers.iter().flat_map(|server| server.windows.iter().map(|window| (&server.name, window)));
        let windows: Vec<_> = windows.collect();
        let mut found = Vec::new();
        for (index, (name, window)) in windows.iter().enumerate() {
            for (other_name, other) in &windows[index + 1..] {
                if name != other_name && window.from < other.to && other.from < window.to {
                    found.push(format!("{name} and {other_name} at {}", window.from.max(other.from)));
                }
            }
        }
        found
    }

    pub fn server(&self, name: &str) -> &ServerReport {
        let server = self.servers.iter().find(|server| server.name == name);
        server.unwrap_or_else(|| panic!("the prober was not given {name}"))
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
