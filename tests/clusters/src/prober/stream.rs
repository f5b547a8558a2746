//! One user of the cluster: lists and small writes in turn, one after the other, at an even pace.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use tokio::sync::watch as signal;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::answer::Problem;
use super::client::{Call, Client, Connection, Endpoint, Protocol};
use super::ledger::Ledger;
use super::report::{Failure, StreamReport, millis};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Connections {
    /// One for each request.
    New,
    /// One for as long as it lasts.
    Kept,
}

pub(super) struct Stream {
    connections: Connections,
    protocol: Protocol,
    client: Client,
    endpoint: Endpoint,
    ledger: Ledger,
    kept: Option<Connection>,
    report: StreamReport,
    last_answer: Instant,
}

impl Stream {
    pub(super) fn new(
        name: &str,
        connections: Connections,
        protocol: Protocol,
        client: Client,
        endpoint: Endpoint,
        ledger: Ledger,
    ) -> Self {
        let report = StreamReport { name: name.to_owned(), ..StreamReport::default() };
        Self { connections, protocol, client, endpoint, ledger, kept: None, report, last_answer: Instant::now() }
    }

    pub(super) async fn run(mut self, pace: Duration, mut halted: signal::Receiver<bool>) -> StreamReport {
        let mut ticks = interval(pace);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        for number in 0_u64.. {
            tokio::select! {
                _ = halted.wait_for(|halted| *halted) => break,
                _ = ticks.tick() => {}
            }
            if number % 2 == 0 {
                self.list().await;
            } else {
                self.write(number).await;
            }
        }
        self.note_gap();
        self.report
    }

    async fn list(&mut self) {
        self.ask("list", &Call::new(Method::GET, "/api/v1/namespaces/kube-system/configmaps")).await;
    }

    async fn write(&mut self, number: u64) {
        let call = self.ledger.write(&self.report.name, number);
        if self.ask(&format!("write {number}"), &call).await {
            self.ledger.acknowledge(&self.report.name, number);
        }
    }

    /// Whether it was answered well, by the retry rule.
    async fn ask(&mut self, what: &str, call: &Call) -> bool {
        let (at, began) = (Timestamp::now(), Instant::now());
        let failure = |problem: &Problem| Failure { at, what: what.to_owned(), error: problem.text().to_owned() };
        let mut tried = self.attempt(call).await;
        if let Err(problem @ Problem::Broken(_)) = &tried {
            self.report.first_failures.push(failure(problem));
            self.kept = None;
            tried = self.attempt(call).await;
        }
        self.report.requests += 1;
        self.report.slowest_ms = self.report.slowest_ms.max(millis(began.elapsed()));
        match tried {
            Ok(()) => {
                self.note_gap();
                self.last_answer = Instant::now();
                true
            }
            Err(problem) => {
                self.report.failed.push(failure(&problem));
                self.kept = None;
                false
            }
        }
    }

    async fn attempt(&mut self, call: &Call) -> Result<(), Problem> {
        let mut connection = match self.usable().await {
            Some(kept) => kept,
            None => self.client.connect(&self.endpoint, self.protocol).await?,
        };
        connection.send(call).await?;
        if self.connections == Connections::Kept {
            self.kept = Some(connection);
        }
        Ok(())
    }

    async fn usable(&mut self) -> Option<Connection> {
        let mut kept = self.kept.take()?;
        kept.is_usable().await.then_some(kept)
    }

    fn note_gap(&mut self) {
        self.report.longest_gap_ms = self.report.longest_gap_ms.max(millis(self.last_answer.elapsed()));
    }
}
