//! Waiting for the health of what was restarted.

#![expect(clippy::disallowed_methods, reason = "waiting for a component is the port's own business")]

use std::time::{Duration, Instant};

use crate::access::nodes::health::{ANSWER, Probe};

/// One success may be the last of a server that is on its way out.
const IN_A_ROW: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(100);

/// Waits until it answers well several times in a row; returns the last answer.
pub(super) async fn until_healthy(probe: &Probe, deadline: Instant) -> Result<String, String> {
    let mut row = 0;
    loop {
        let health = probe.ask(ANSWER).await;
        row = if health.healthy { row + 1 } else { 0 };
        if row == IN_A_ROW {
            return Ok(format!("{} ({IN_A_ROW} times in a row)", health.said));
        }
        if Instant::now() > deadline {
            return Err(health.said);
        }
        tokio::time::sleep(BETWEEN).await;
    }
}
