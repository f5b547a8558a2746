//! One API server without the load balancer: when it was away.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use tokio::sync::watch as signal;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::client::{Call, Client, Endpoint, Protocol};
use super::report::{ServerReport, Window, millis};

const PACE: Duration = Duration::from_millis(100);

pub(super) struct Server {
    name: String,
    client: Client,
    endpoint: Endpoint,
}

struct Try {
    at: Timestamp,
    took: Duration,
    error: Option<String>,
}

impl Server {
    pub(super) fn new(name: String, client: Client, endpoint: Endpoint) -> Self {
        Self { name, client, endpoint }
    }

    /// Each request on a connection of its own and without waiting for the one before, so that a slow
    /// answer hides nothing.
    pub(super) async fn run(self, mut halted: signal::Receiver<bool>) -> ServerReport {
        let mut ticks = interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut under_way = JoinSet::new();
        let mut tries = Vec::new();
        loop {
            tokio::select! {
                _ = halted.wait_for(|halted| *halted) => break,
                _ = ticks.tick() => {
                    under_way.spawn(ask(self.client.clone(), self.endpoint.clone()));
                }
                Some(done) = under_way.join_next() => tries.push(done.expect("a request does not panic")),
            }
        }
        tries.extend(under_way.join_all().await);
        tries.sort_by_key(|done| done.at);
        let failures = tries.iter().filter(|done| done.error.is_some()).count();
        ServerReport {
            name: self.name,
            requests: tries.len() as u64,
            failures: failures as u64,
            slowest_ms: tries.iter().map(|done| millis(done.took)).max().unwrap_or_default(),
            windows: windows(&tries, Timestamp::now()),
        }
    }
}

/// Not /readyz, which tells of the future: something that must pass authentication, authorization and
/// etcd.
async fn ask(client: Client, endpoint: Endpoint) -> Try {
    let (at, began) = (Timestamp::now(), Instant::now());
    let call = Call::new(Method::GET, "/api/v1/namespaces/default/configmaps?limit=1");
    let answer = match client.connect(&endpoint, Protocol::Http1).await {
        Ok(mut connection) => connection.send(&call).await,
        Err(problem) => Err(problem),
    };
    Try { at, took: began.elapsed(), error: answer.err().map(|problem| problem.text().to_owned()) }
}

fn windows(tries: &[Try], end: Timestamp) -> Vec<Window> {
    let mut windows = Vec::new();
    let mut open: Option<Window> = None;
    for done in tries {
        match (&done.error, &mut open) {
            (None, _) => windows.extend(open.take().map(|window| Window { to: done.at, ..window })),
            (Some(error), None) => {
                open = Some(Window { from: done.at, to: end, failures: 1, errors: vec![error.clone()] });
            }
            (Some(error), Some(window)) => {
                window.failures += 1;
                if !window.errors.contains(error) {
                    window.errors.push(error.clone());
                }
            }
        }
    }
    windows.extend(open);
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_begin_with_a_failure_and_end_with_the_next_success() {
        let tries = [(0, true), (1, false), (2, false), (3, true), (4, true), (5, false)];
        let tries = tries.map(|(second, good)| Try {
            at: Timestamp::from_second(second).expect("a time"),
            took: Duration::ZERO,
            error: (!good).then(|| "refused".to_owned()),
        });
        let found = windows(&tries, Timestamp::from_second(9).expect("a time"));
        let found: Vec<_> = found.iter().map(|w| (w.from.as_second(), w.to.as_second(), w.failures)).collect();
        assert_eq!(found, [(1, 3, 2), (5, 9, 1)]);
    }
}
