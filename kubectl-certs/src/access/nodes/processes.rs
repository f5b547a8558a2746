//! Which components run here and from which files, as `/proc` tells. Other systems have no control planes of their own.

#![expect(clippy::disallowed_methods, reason = "this is the port to the processes of a node")]

use std::fs;

use super::{Process, files};
use crate::model::Time;

/// Kernel ticks of `/proc/PID/stat` a second, fixed for all architectures that Kubernetes runs on (proc(5)).
const TICKS: i64 = 100;

pub(super) fn list(programs: &[String]) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let started = boot_time();
    let mut found: Vec<Process> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| process(pid, programs, started?))
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn process(pid: u32, programs: &[String], boot: i64) -> Option<Process> {
    let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let mut words = arguments.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    let program = words.next()?.rsplit('/').next()?.to_owned();
    programs.contains(&program).then_some(())?;
    let stat = files::text(&format!("/proc/{pid}/stat"))?;
    // The name of the program is in parentheses and may contain anything; the fields that count come after it.
    let ticks: i64 = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()?;
    let cgroup = files::text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    Some(Process {
        pid,
        program,
        options: options(words.collect()),
        started: Time::from_unix(boot + ticks / TICKS),
        contained: ["kubepods", "containerd", "crio", "docker"].iter().any(|mark| cgroup.contains(mark)),
    })
}

fn options(words: Vec<String>) -> Vec<(String, String)> {
    let mut options = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
            continue;
        };
        let (name, value) = match name.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => match words.next_if(|next| !next.starts_with('-')) {
                Some(value) => (name.to_owned(), value),
                None => continue,
            },
        };
        if names_a_file_or_an_address(&name) {
            options.push((name, value));
        }
    }
    options
}

/// Anything else could be a secret and is dropped here.
fn names_a_file_or_an_address(option: &str) -> bool {
    matches!(option, "config" | "kubeconfig")
        || [
            "-file",
            "-certfile",
            "-keyfile",
            "-cafile",
            "-certificate",
            "-path",
            "-port",
            "-address",
            "-urls",
            "-endpoint",
        ]
        .iter()
        .any(|ending| option.ends_with(ending))
}

fn boot_time() -> Option<i64> {
    let stat = files::text("/proc/stat")?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn both_spellings_are_understood_and_secrets_dropped() {
        let words = ["--secure-port=6443", "--cert-file", "/x", "--token=secret", "-v", "--kubeconfig=/k"];
        let seen = options(words.iter().map(|word| (*word).to_owned()).collect());
        let seen: Vec<_> = seen.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(seen, [("secure-port", "6443"), ("cert-file", "/x"), ("kubeconfig", "/k")]);
    }
}
