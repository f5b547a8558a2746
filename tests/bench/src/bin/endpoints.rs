//! How long it takes to look at 1,000 TLS servers: `cargo run --release -p bench --bin endpoints`.
//!
//! The servers are listeners of this process on loopback ports, so both sides of each handshake are paid for.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures are for people")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Resource, getrlimit, setrlimit};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const ENDPOINTS: usize = 1000;
const RUNS: usize = 3;
const WANTED: Duration = Duration::from_secs(10);

fn main() -> Result<(), Box<dyn Error>> {
    let program = released()?;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let targets = serve()?;
    let mut best = Duration::MAX;
    for run in 1..=RUNS {
        let start = Instant::now();
        let output =
            Command::new(&program).args(["list", "-o", "name"]).args(&targets).stdin(Stdio::null()).output()?;
        let took = start.elapsed();
        let seen = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
        println!("run {run}: {seen} of {ENDPOINTS} endpoints in {:.2} s", took.as_secs_f64());
        if seen != ENDPOINTS || !output.status.success() {
            eprintln!("{}", String::from_utf8_lossy(&output.stderr));
            return Err("not all endpoints were seen".into());
        }
        best = best.min(took);
    }
    println!("best: {:.2} s; wanted: under {} s", best.as_secs_f64(), WANTED.as_secs());
    if best < WANTED { Ok(()) } else { Err("too slow".into()) }
}

/// As it is given to people.
fn released() -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "-p", "kubectl-certs", "--bin", "kubectl-certs"])
        .current_dir(&folder)
        .status()?;
    if !built.success() {
        return Err("the program could not be built".into());
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| folder.join("target"), PathBuf::from);
    Ok(target.join("release/kubectl-certs"))
}

/// Servers on ports that the system chose, and their names as targets. They run until this process ends.
fn serve() -> Result<Vec<String>, Box<dyn Error>> {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listeners = (0..ENDPOINTS).map(|_| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    let listeners = listeners.collect::<Result<Vec<_>, std::io::Error>>()?;
    let targets = listeners.iter().map(|listener| Ok(format!("tls://{}", listener.local_addr()?)));
    let targets = targets.collect::<Result<Vec<_>, std::io::Error>>()?;
    std::thread::spawn(move || {
        runtime.block_on(async move {
            for listener in listeners {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let Ok(listener) = TcpListener::from_std(listener) else { return };
                    while let Ok((stream, _)) = listener.accept().await {
                        tokio::spawn(acceptor.accept(stream));
                    }
                });
            }
            std::future::pending::<()>().await;
        });
    });
    Ok(targets)
}
