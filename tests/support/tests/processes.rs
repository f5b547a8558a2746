//! However a test ends, its servers end too.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use support::processes::Process;

/// Set in the process that is to be killed: its folder, which it cannot remove itself.
const VICTIM: &str = "SUPPORT_TEST_VICTIM";
const GRACE: Duration = Duration::from_secs(5);

/// A server that starts another and has both ids in its log.
fn server(folder: &Path) -> Process {
    let mut command = Command::new("sh");
    command.args(["-c", "sleep 600 & echo $$ $!; wait"]);
    Process::start(&command, &folder.join("log"), GRACE)
}

#[test]
fn dropping_ends_the_server_and_what_it_started() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = server(folder.path());
    let pids = pids_in(&folder.path().join("log"));
    assert_eq!(pids[0], server.pid());
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    drop(server);
    assert_end(&pids);
}

#[test]
fn a_panic_ends_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let test = AssertUnwindSafe(|| {
        let _server = server(folder.path());
        pids_in(&folder.path().join("log"));
        panic!("on purpose");
    });
    assert!(panic::catch_unwind(test).is_err());
    assert_end(&pids_in(&folder.path().join("log")));
}

#[test]
fn killing_the_test_process_ends_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut victim = Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "victim", "--nocapture"])
        .env(VICTIM, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let output = BufReader::new(victim.stdout.take().expect("a pipe"));
    let line = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(line.split_once("victim's server: ")?.1.to_owned()))
        .expect("the victim tells its server's ids");
    let pids = parse(&line);
    assert!(pids.iter().all(|pid| is_alive(*pid)));
    victim.kill().expect("SIGKILL");
    victim.wait().expect("its end");
    assert_end(&pids);
}

/// Does nothing unless started by the test above.
#[test]
#[expect(clippy::print_stdout, reason = "the test above reads it")]
fn victim() {
    if let Some(folder) = env::var_os(VICTIM) {
        let folder = Path::new(&folder);
        let _server = server(folder);
        let pids = pids_in(&folder.join("log"));
        println!("victim's server: {} {}", pids[0], pids[1]);
        thread::sleep(Duration::from_secs(600));
    }
}

fn pids_in(log: &Path) -> Vec<u32> {
    let start = Instant::now();
    loop {
        let text = fs::read_to_string(log).expect("a log");
        if text.ends_with('\n') {
            return parse(&text);
        }
        assert!(start.elapsed() < GRACE, "no ids in {}", log.display());
        thread::sleep(Duration::from_millis(5));
    }
}

fn parse(pids: &str) -> Vec<u32> {
    let pids = pids.split_whitespace();
    pids.map(|pid| pid.parse().expect("a process id")).collect()
}

fn assert_end(pids: &[u32]) {
    let start = Instant::now();
    while pids.iter().any(|pid| is_alive(*pid)) {
        assert!(start.elapsed() < GRACE, "still alive: {pids:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Not merely a dead process that its new parent has not yet taken notice of.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
    !matches!(state, None | Some(Some('Z' | 'X')))
}
