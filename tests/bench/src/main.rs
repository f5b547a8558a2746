//! `cargo run --release -p bench`: lists a crowded cluster, and fetches the same bytes with a plain client, in turns.
//!
//! The API server and etcd are real. What is measured: wall time of the whole program against that of the plain client (the
//! same selectors, pages and parallelism), and the program's largest resident memory.

#![expect(clippy::print_stdout, reason = "the figures are the answer")]

mod client;
mod load;
mod plain;
mod program;

use std::time::Duration;

use clap::Parser;
use support::control_plane::ControlPlane;
use support::kubeadm::{KeyAlgorithm, Kubeadm};
use support::ports::Port;

#[derive(Parser)]
struct Arguments {
    /// TLS Secrets, each with its own leaf, the authority twice and an RSA key
    #[arg(long, default_value_t = 10_000)]
    secrets: usize,
    /// Helm releases, which no list may fetch
    #[arg(long, default_value_t = 3_000)]
    helm: usize,
    /// Opaque Secrets of 1 MiB without any certificate
    #[arg(long, default_value_t = 200)]
    large: usize,
    /// Turns of both
    #[arg(long, default_value_t = 5)]
    turns: usize,
    /// As many MiB may the program take at most
    #[arg(long, default_value_t = 60)]
    memory: u64,
    /// Of the time that the plain client takes
    #[arg(long, default_value_t = 1.3)]
    ratio: f64,
    /// Measure and say, but demand nothing
    #[arg(long)]
    only_tell: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let root = tempfile::tempdir().expect("a folder");
    let port = Port::take();
    Kubeadm { key_algorithm: KeyAlgorithm::EcdsaP256, ..Kubeadm::new(port.number()) }.write(root.path());
    let control_plane = ControlPlane::start(root.path(), port.number());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = client::Server::of(&control_plane);
    let loaded = runtime.block_on(load::load(&server, &arguments));
    println!(
        "loaded in {:.0} s: {} TLS Secrets, {} Helm releases, {} Opaque Secrets of 1 MiB",
        loaded.as_secs_f64(),
        arguments.secrets,
        arguments.helm,
        arguments.large
    );

    let help = median((0..20).map(|_| program::help()).collect());
    let base = program::base_memory(&control_plane.kubeconfig());
    let (mut plain, mut names, mut table, mut memory, mut bytes, mut rows) =
        (Vec::new(), Vec::new(), Vec::new(), 0, 0, 0);
    // One turn of each before, so that the server's caches are the same for both.
    runtime.block_on(plain::fetch(&server));
    for _ in 0..arguments.turns {
        let fetched = runtime.block_on(plain::fetch(&server));
        plain.push(fetched.took);
        bytes = fetched.bytes;
        let listed = program::list(&control_plane.kubeconfig(), "name");
        names.push(listed.took);
        (memory, rows) = (listed.memory.max(memory), listed.lines);
        let listed = program::list(&control_plane.kubeconfig(), "table");
        table.push(listed.took);
        memory = listed.memory.max(memory);
    }
    let (plain, names, table) = (median(plain), median(names), median(table));
    let ratio = |took: Duration| took.as_secs_f64() / plain.as_secs_f64();
    let kib_per_row = ratio_of(memory.saturating_sub(base), rows);
    println!("plain fetch of {} MiB: {} ms", bytes >> 20, plain.as_millis());
    println!("list -o name: {} ms, {:.2} × the plain fetch", names.as_millis(), ratio(names));
    println!("list: {} ms, {:.2} × the plain fetch", table.as_millis(), ratio(table));
    println!(
        "memory: {} MiB for {rows} listed certificates: {} MiB and {kib_per_row:.2} KiB for each",
        memory >> 10,
        base >> 10
    );
    println!("--help: {:.1} ms", help.as_secs_f64() * 1000.0);
    if !arguments.only_tell {
        assert!(rows >= arguments.secrets * 3, "{rows} certificates were listed");
        assert!(ratio(table) <= arguments.ratio, "slower than {} × the plain fetch", arguments.ratio);
        assert!(memory >> 10 < arguments.memory, "more than {} MiB", arguments.memory);
        assert!(kib_per_row <= 1.0, "more than 1 KiB for each certificate");
        assert!(help < Duration::from_millis(10), "--help takes too long");
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn ratio_of(sum: u64, count: usize) -> f64 {
    sum as f64 / count.max(1) as f64
}
