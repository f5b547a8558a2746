//! Watches the command lines and environments of a running program and of all it starts, where
//! every user of the machine could read a secret.
//!
//! Samples as fast as it can; what lives for less than about a millisecond may be missed.

use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::secrets::{Leak, Needles};

const PAUSE: Duration = Duration::from_micros(300);

/// A thread that samples until [`Sampler::finish`].
#[derive(Debug)]
pub struct Sampler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Samples>,
}

/// What a [`Sampler`] saw.
#[derive(Debug, Default)]
pub struct Samples {
    pub leaks: Vec<ProcessLeak>,
    /// The different command lines, arguments separated by spaces: proof that something was seen.
    pub command_lines: Vec<String>,
    seen: HashSet<Vec<u8>>,
}

/// A secret in a place that other processes can read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProcessLeak {
    /// `cmdline` or `environ`.
    pub place: &'static str,
    pub pid: u32,
    pub leak: Leak,
}

impl Sampler {
    /// Samples process `pid` and its descendants.
    pub fn start(pid: u32, needles: Arc<Needles>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut samples = Samples::default();
            while !stopped.load(Ordering::Relaxed) {
                for pid in family(pid) {
                    samples.look_at(pid, &needles);
                }
                thread::sleep(PAUSE);
            }
            samples
        });
        Self { stop, thread }
    }

    pub fn finish(self) -> Samples {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the sampler does not panic")
    }
}

impl Samples {
    fn look_at(&mut self, pid: u32, needles: &Needles) {
        for place in ["cmdline", "environ"] {
            // Gone meanwhile, or exiting: then it reads as an error or as nothing.
            let bytes = fs::read(format!("/proc/{pid}/{place}")).unwrap_or_default();
            if bytes.is_empty() || self.seen.contains(&bytes) {
                continue;
            }
            for leak in needles.find_in(&bytes) {
                self.leaks.push(ProcessLeak { place, pid, leak });
            }
            if place == "cmdline" {
                let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
                self.command_lines.push(text.trim_end().to_owned());
            }
            self.seen.insert(bytes);
        }
    }
}

/// `pid` and its descendants.
fn family(pid: u32) -> Vec<u32> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(pid) = family.get(next) {
        // A thread's children are listed under the thread.
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten() {
            let Ok(task) = task else { continue };
            let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let children = children.split_whitespace();
            family.extend(children.filter_map(|child| child.parse::<u32>().ok()));
        }
        next += 1;
    }
    family
}
