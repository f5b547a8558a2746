//! Probes a cluster until it gets SIGTERM or SIGINT or its stdin is closed, then prints a JSON report.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clusters::prober::{self, Settings};
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Arguments {
    /// With inline certificates, such as admin.conf
    #[arg(long)]
    kubeconfig: PathBuf,
    #[arg(long, value_name = "ADDRESS:PORT")]
    load_balancer: SocketAddr,
    /// An API server that is also asked directly; can be repeated
    #[arg(long = "server", value_name = "NAME=ADDRESS:PORT", value_parser = named)]
    servers: Vec<(String, SocketAddr)>,
    /// Requests a second through the load balancer
    #[arg(long, default_value_t = 20)]
    rate: u32,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments { kubeconfig, load_balancer, servers, rate } = Arguments::parse();
    let settings = Settings { kubeconfig, load_balancer, rate, servers };
    let under_way = || eprintln!("{}", prober::UNDER_WAY);
    match prober::run(settings, under_way, told_to_stop()).await {
        Ok(report) => {
            println!("{}", serde_json::to_string_pretty(&report).expect("a report is plain data"));
            // Not by leaving main: the runtime would wait for the thread that reads stdin.
            finish()
        }
        Err(message) => {
            eprintln!("prober: {message}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::exit, reason = "a signal may have ended it while stdin is still open")]
fn finish() -> ! {
    std::process::exit(0)
}

async fn told_to_stop() {
    let mut terminate = signal(SignalKind::terminate()).expect("a handler of SIGTERM");
    let mut interrupt = signal(SignalKind::interrupt()).expect("a handler of SIGINT");
    let mut stdin = tokio::io::stdin();
    let mut unread = Vec::new();
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = stdin.read_to_end(&mut unread) => {}
    }
}

fn named(text: &str) -> Result<(String, SocketAddr), String> {
    let (name, address) = text.split_once('=').ok_or("expected NAME=ADDRESS:PORT")?;
    Ok((name.to_owned(), address.parse().map_err(|e| format!("{address}: {e}"))?))
}
