//! Whether a cluster keeps answering: requests without pause, each failure written down with its time.
//!
//! Streams through the load balancer are what users see. Their retry rule is that of ordinary
//! clients: one immediate retry, on a fresh connection, after a refused or reset connection; none
//! after an answered error or a timeout. Streams at each API server, without retry, tell which server
//! was away and when. A watch must see every write once and in order.

mod answer;
mod client;
mod identity;
mod ledger;
mod report;
mod running;
mod server;
mod stream;
mod watch;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch as signal;
use tokio::time::{Instant, sleep};

use client::{Endpoint, Protocol};
use identity::Identity;
use ledger::Ledger;
pub use report::{Failure, Report, ServerReport, StreamReport, WatchReport, Window};
pub use running::{Running, UNDER_WAY};
use server::Server;
use stream::{Connections, Stream};
use watch::Watch;

/// How long the watch may take for the events of the last writes.
const LAST_EVENTS: Duration = Duration::from_secs(10);

/// What to probe.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Read once, at the start; with inline certificates.
    pub kubeconfig: PathBuf,
    /// The load balancer. Its certificate is checked for the host in the kubeconfig.
    pub load_balancer: SocketAddr,
    /// Requests a second through the load balancer, of all streams together.
    pub rate: u32,
    /// Each API server by a name for the report.
    pub servers: Vec<(String, SocketAddr)>,
}

/// Probes until `stop` is done; `under_way` is called when the streams begin.
pub async fn run(
    settings: Settings,
    under_way: impl FnOnce(),
    stop: impl Future<Output = ()>,
) -> Result<Report, String> {
    let identity = Identity::read(&settings.kubeconfig)?;
    let balancer = Endpoint::new(settings.load_balancer, &identity.host)?;
    let client = client::Client::new(&identity)?;

    let kinds = [
        ("new-http1", Connections::New, Protocol::Http1),
        ("new-http2", Connections::New, Protocol::Http2),
        ("kept-http1", Connections::Kept, Protocol::Http1),
        ("kept-http2", Connections::Kept, Protocol::Http2),
    ];
    let pace = Duration::from_secs(1) * u32::try_from(kinds.len()).expect("a few") / settings.rate;
    let ledger = Ledger::open(&client, &balancer, &kinds.map(|kind| kind.0)).await?;
    let (halt, halted) = signal::channel(false);
    let started = Timestamp::now();

    let watch = Watch::new(client.clone(), balancer.clone(), &ledger);
    let watching = tokio::spawn(watch.follow());
    let streams = kinds.map(|(name, connections, protocol)| {
        let stream = Stream::new(name, connections, protocol, client.clone(), balancer.clone(), ledger.clone());
        tokio::spawn(stream.run(pace, halted.clone()))
    });
    let mut servers = Vec::new();
    for (name, address) in settings.servers {
        let server = Server::new(name, client.clone(), Endpoint::new(address, &address.ip().to_string())?);
        servers.push(tokio::spawn(server.run(halted.clone())));
    }
    under_way();

    stop.await;
    halt.send_replace(true);
    let mut report = Report { started, ended: Timestamp::now(), ..Report::default() };
    for stream in streams {
        report.streams.push(stream.await.expect("a stream ends by itself"));
    }
    for server in servers {
        report.servers.push(server.await.expect("the requests to a server end by themselves"));
    }
    let deadline = Instant::now() + LAST_EVENTS;
    while !ledger.is_balanced() && Instant::now() < deadline {
        sleep(Duration::from_millis(50)).await;
    }
    watching.abort();
    report.watch = ledger.close(&client, &balancer).await;
    Ok(report)
}
