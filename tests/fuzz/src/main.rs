//! `cargo run -p fuzz -- --seconds 60 [READER…]`: good bytes are spoiled at random and given to the readers. An error is a
//! good answer; a panic, a reader that takes its time and one that takes the memory are not.
//!
//! `readers.rs` is the list of what is read, `seeds.rs` what is spoiled, `spoil.rs` how.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people who look for faults")]

mod readers;
mod seeds;
mod spoil;

use std::panic;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use readers::{READERS, Reader};
use seeds::Seeds;

/// A mebibyte takes milliseconds; this is for machines that do something else as well, and for builds without optimising.
const SLOW: Duration = Duration::from_secs(10);
/// Of the whole process at its highest. The largest seed has a mebibyte.
const MEMORY_KIB: u64 = 512 * 1024;
/// Between two looks at the clock.
const CASES: u32 = 200;

#[derive(Parser)]
struct Arguments {
    /// For each reader
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Only these
    readers: Vec<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(unknown) = arguments.readers.iter().find(|name| !READERS.iter().any(|reader| reader.name == **name)) {
        let names: Vec<&str> = READERS.iter().map(|reader| reader.name).collect();
        eprintln!("there is no reader '{unknown}', only {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let seeds = Seeds::new();
    // A panic is told with the smallest input that leads to it, and not with every one on the way there.
    panic::set_hook(Box::new(|_| {}));
    let wanted =
        |reader: &&Reader| arguments.readers.is_empty() || arguments.readers.iter().any(|name| name == reader.name);
    let mut failed = false;
    for reader in READERS.iter().filter(wanted) {
        match try_for(reader, &seeds, Duration::from_secs(arguments.seconds)) {
            Ok(cases) => println!("{}: {cases} cases", reader.name),
            Err(fault) => {
                failed = true;
                eprintln!("{}: {fault}", reader.name);
            }
        }
    }
    let peak = peak_kib();
    println!("memory: {} MiB at the highest", peak / 1024);
    if peak > MEMORY_KIB {
        eprintln!("that is more than {} MiB", MEMORY_KIB / 1024);
        failed = true;
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn try_for(reader: &Reader, seeds: &Seeds, budget: Duration) -> Result<u32, String> {
    let own = (reader.seeds)(seeds);
    // As they are: what is large or deep is seldom still so when it is spoiled.
    for bytes in own.iter().chain(&seeds.monsters) {
        read(reader, bytes).map_err(|error| told(&error.to_string(), bytes))?;
    }
    let start = Instant::now();
    let mut cases = 0;
    while start.elapsed() < budget {
        let config = Config { cases: CASES, failure_persistence: None, max_shrink_iters: 5_000, ..Config::default() };
        let outcome = TestRunner::new(config).run(&spoil::spoiled(), |spoiled| read(reader, &spoiled.bytes(&own)));
        match outcome {
            Ok(()) => cases += CASES,
            Err(TestError::Fail(why, spoiled)) => return Err(told(&why.to_string(), &spoiled.bytes(&own))),
            Err(TestError::Abort(why)) => return Err(why.to_string()),
        }
    }
    Ok(cases)
}

fn read(reader: &Reader, bytes: &[u8]) -> Result<(), TestCaseError> {
    let start = Instant::now();
    let run = panic::AssertUnwindSafe(|| (reader.read)(bytes));
    if let Err(cause) = panic::catch_unwind(run) {
        let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
        return Err(TestCaseError::fail(format!("it panics: {}", text.unwrap_or("without a word"))));
    }
    match start.elapsed() {
        took if took > SLOW => Err(TestCaseError::fail(format!("it takes {:.1} s", took.as_secs_f64()))),
        _ => Ok(()),
    }
}

fn told(why: &str, bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(2048)];
    format!("{why}\nof {} bytes, in base64:\n{}", bytes.len(), STANDARD.encode(shown))
}

/// As Linux counts it; 0 elsewhere.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
