//! The program as people run it, each time anew.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) struct Listed {
    pub(crate) took: Duration,
    /// KiB, the most that was resident at one time.
    pub(crate) memory: u64,
    pub(crate) lines: usize,
}

/// Built beside this one by the same command.
fn path() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let path = own.with_file_name("kubectl-certs");
    assert!(path.exists(), "{} is missing: cargo build --release -p kubectl-certs makes it", path.display());
    path
}

pub(crate) fn help() -> Duration {
    let start = Instant::now();
    let done = Command::new(path()).arg("--help").stdout(Stdio::null()).status().expect("the program");
    assert!(done.success());
    start.elapsed()
}

/// What it takes with next to nothing to list.
pub(crate) fn base_memory(kubeconfig: &Path) -> u64 {
    let one = || run(&["list", "secret/team-00/web-00000"], kubeconfig).memory;
    // So short a run may have ended before it was looked at.
    (0..20).map(|_| one()).max().unwrap_or_default()
}

pub(crate) fn list(kubeconfig: &Path, format: &str) -> Listed {
    run(&["list", "-o", format], kubeconfig)
}

fn run(words: &[&str], kubeconfig: &Path) -> Listed {
    let start = Instant::now();
    let mut child = Command::new(path())
        .args(words)
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program");
    let mut out = child.stdout.take().expect("its output");
    let mut buffer = vec![0; 1 << 16];
    let (mut lines, mut memory) = (0, 0);
    loop {
        let count = out.read(&mut buffer).expect("its output");
        if count == 0 {
            break;
        }
        lines += buffer[..count].split(|byte| *byte == b'\n').count() - 1;
        // It only grows; the last look is the truest, and after the end there is nothing to look at.
        memory = peak(child.id()).unwrap_or(memory);
    }
    child.wait().expect("its end");
    Listed { took: start.elapsed(), memory, lines }
}

/// `VmHWM` of /proc/PID/status, in KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
