//! Which components run here and from which files, as `/proc` tells. Other systems have no control planes of their own.

#![expect(clippy::disallowed_methods, reason = "this is the port to the processes of a node")]

use std::fs;
#[cfg(unix)]
use std::path::PathBuf;

use super::{Process, Seen, files};
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
    let options = options(words.collect());
    let cgroup = files::text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    Some(Process {
        pid,
        program,
        seen: seen(pid, &options),
        on_our_root: on_our_root(pid),
        options,
        started: Time::from_unix(boot + ticks / TICKS),
        contained: ["kubepods", "containerd", "crio", "docker"].iter().any(|mark| cgroup.contains(mark)),
    })
}

/// What this process finds under the paths that its options name; none where we may not look (without root).
#[cfg(unix)]
fn seen(pid: u32, options: &[(String, String)]) -> Option<Vec<(String, Seen)>> {
    use std::os::unix::fs::MetadataExt;
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    fs::read_link(&root).ok()?;
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
    let seen = options.iter().filter_map(|(name, value)| {
        let path = folder.join(value);
        // Symlinks are followed as the process would: an absolute one starts at its own root.
        let file = files::resolve(&root, &root.join(path.strip_prefix("/").ok()?)).ok()?;
        let metadata = fs::symlink_metadata(file).ok()?;
        Some((name.clone(), Seen { id: files::id(&metadata)?, replaced: metadata.nlink() == 0 }))
    });
    Some(seen.collect())
}

#[cfg(not(unix))]
fn seen(_: u32, _: &[(String, String)]) -> Option<Vec<(String, Seen)>> {
    None
}

fn on_our_root(pid: u32) -> Option<bool> {
    let [own, its] = ["/".to_owned(), format!("/proc/{pid}/root/")].map(|root| fs::metadata(root).ok());
    Some(files::id(&its?)? == files::id(&own?)?)
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
    matches!(option, "config" | "kubeconfig" | "cert-dir" | "rotate-server-certificates")
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
    use super::*;

    /// Known by what it sees: another path of the same file is it, the same path of another file is not.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_uses_what_it_sees() {
        let folder = tempfile::tempdir().expect("folder");
        let [one, link, other] = ["one", "link", "other"].map(|name| folder.path().join(name));
        fs::write(&one, "1").expect("written");
        fs::write(&other, "2").expect("written");
        std::os::unix::fs::symlink("one", &link).expect("link");
        let option = format!("--kubeconfig={}", link.display());
        let script = format!("exec -a kubectl-certs-probe sh -c 'read x; :' {option}");
        let mut child = std::process::Command::new("bash")
            .args(["-c", &script])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("bash");
        let programs = ["kubectl-certs-probe".to_owned()];
        let process = core::iter::repeat_with(|| list(&programs)).find_map(|found| {
            std::thread::sleep(std::time::Duration::from_millis(20));
            found.into_iter().find(|process| process.pid == child.id())
        });
        let process = process.expect("it runs");
        child.kill().expect("ended");
        child.wait().expect("ended");
        let id = |path: &std::path::Path| files::id(&fs::metadata(path).expect("a file"));
        let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
        assert!(process.names("kubeconfig", &text(&one), id(&one)));
        assert!(!process.names("kubeconfig", &text(&link), id(&other)), "another file of the same name");
        assert_eq!(process.on_our_root, Some(true));
        let blind = Process { seen: None, ..process };
        assert!(blind.names("kubeconfig", &text(&link), id(&other)), "the text must do");
    }

    #[test]
    fn both_spellings_are_understood_and_secrets_dropped() {
        let words = ["--secure-port=6443", "--cert-file", "/x", "--token=secret", "-v", "--kubeconfig=/k"];
        let seen = options(words.iter().map(|word| (*word).to_owned()).collect());
        let seen: Vec<_> = seen.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(seen, [("secure-port", "6443"), ("cert-file", "/x"), ("kubeconfig", "/k")]);
    }
}
