//! What everybody on the machine can see of the program while it runs.

use std::fs;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use support::sampler::Sampler;
use support::secrets::Needles;

use crate::disk::{Disk, Said};

/// Runs the program; with what it said come its command line and its environment.
pub(super) fn watched(disk: &Disk, arguments: &[&str], needles: &Arc<Needles>) -> (Said, Vec<(String, Vec<u8>)>) {
    let mut command = disk.command(arguments.iter().copied());
    command.arg("--root").arg(disk.root()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program runs");
    let sampler = Sampler::start(child.id(), Arc::clone(needles));
    // The new keys are not known yet, so what is seen is kept too.
    let pid = child.id();
    let watcher = std::thread::spawn(move || {
        let mut seen = Vec::new();
        for place in ["cmdline", "environ"].iter().cycle() {
            let path = format!("/proc/{pid}/{place}");
            match fs::read(&path) {
                Ok(bytes) if !bytes.is_empty() => {
                    if !seen.iter().any(|(_, before)| *before == bytes) {
                        seen.push((path, bytes));
                    }
                }
                _ => return seen,
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        seen
    });
    let said = Said::from(child.wait_with_output().expect("its end"));
    let samples = sampler.finish();
    assert_eq!(samples.leaks, []);
    assert!(samples.command_lines.iter().any(|line| line.contains("renew --all")), "{:?}", samples.command_lines);
    (said, watcher.join().expect("what was seen"))
}
