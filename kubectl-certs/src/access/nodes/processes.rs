//! Which components run here and from which files, as `/proc` tells. Other systems have no control planes of their own.

#![expect(clippy::disallowed_methods, reason = "this is the port to the processes of a node")]

use std::fs;
#[cfg(unix)]
use std::path::PathBuf;

use super::{Process, Seen, files};
use crate::model::Time;

/// Kernel ticks of `/proc/PID/stat` a second, fixed for all architectures that Kubernetes runs on (proc(5)).
const TICKS: i64 = 100;
const MILLISECONDS: i64 = 1000;

pub(super) fn list(programs: &[String]) -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let booted = boot_time();
    let mut found: Vec<Process> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| process(pid, programs, booted?))
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

fn process(pid: u32, programs: &[String], booted: i64) -> Option<Process> {
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
        started: Time::from_unix((booted + ticks * MILLISECONDS / TICKS).div_euclid(MILLISECONDS)),
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
                // A name alone means that it is so.
                None => (name.to_owned(), "true".to_owned()),
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
    matches!(option, "config" | "config-dir" | "kubeconfig" | "cert-dir" | "rotate-server-certificates")
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

/// In milliseconds since 1970. `btime` of `/proc/stat` has whole seconds: with it, what was started right after a file was
/// written seems to be older than the file. Once: a process must not seem to be another one because a clock was adjusted.
#[cfg(target_os = "linux")]
fn boot_time() -> Option<i64> {
    use rustix::time::{ClockId, clock_gettime};
    use std::sync::OnceLock;
    use std::time::SystemTime;
    static BOOTED: OnceLock<Option<i64>> = OnceLock::new();
    *BOOTED.get_or_init(|| {
        let up = clock_gettime(ClockId::Boottime);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(i64::try_from(now.as_millis()).ok()? - up.tv_sec * MILLISECONDS - up.tv_nsec / 1_000_000)
    })
}

#[cfg(not(target_os = "linux"))]
fn boot_time() -> Option<i64> {
    None
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
        let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
        let before = i64::try_from(now()).expect("soon");
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
        let after = i64::try_from(now()).expect("soon");
        assert!((before..=after).contains(&process.started.unix()), "{before} {} {after}", process.started.unix());
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
