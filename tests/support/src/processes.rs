//! Server processes that end with the test that started them, however the test ends.
//!
//! A test that returns or panics drops its [`Process`]. A test process that is killed cannot drop
//! anything; for that case each server has a watchdog, a shell that waits for the end of a pipe
//! whose other end only the test process holds. (`PR_SET_PDEATHSIG` is no substitute: it fires when
//! the *thread* that started the child ends, and the test harness ends a thread per test.)

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// The server waits for a line before it becomes the program, so that its watchdog is there first.
const GATE: &str = r#"read -r _ && exec "$@" </dev/null"#;
/// Ends quietly on a line, kills the process group on end of file.
const WATCHDOG: &str = r#"read -r _ || kill -s KILL -- "-$1""#;

const POLL: Duration = Duration::from_millis(10);

/// A running program in a process group of its own, its output in a log file.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    watchdog: Child,
    /// Closing this without a line fires the watchdog.
    leash: ChildStdin,
    log: PathBuf,
    grace: Duration,
    ended: Option<ExitStatus>,
}

impl Process {
    /// Starts `command` (program, arguments and environment; its stdio is replaced), appending its
    /// output to `log`. On drop it gets SIGTERM and, after `grace`, SIGKILL.
    pub fn start(command: &Command, log: &Path, grace: Duration) -> Self {
        let program = Path::new(command.get_program());
        let name = program.file_name().unwrap_or(program.as_os_str());
        let name = name.to_string_lossy().into_owned();
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap_or_else(|e| panic!("failed to open the log {}: {e}", log.display()));

        let mut gate = shell(GATE, &name);
        gate.arg(program).args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => gate.env(variable, value),
                None => gate.env_remove(variable),
            };
        }
        gate.stderr(output.try_clone().expect("a second handle of the log")).stdout(output);
        let mut child = gate.spawn().expect("sh for a server");
        let mut gate = child.stdin.take().expect("the pipe to the server's shell");

        let mut watchdog = shell(WATCHDOG, "support-watchdog");
        watchdog.arg(child.id().to_string());
        watchdog.stdout(Stdio::null()).stderr(Stdio::null());
        let mut watchdog = watchdog.spawn().expect("sh for a watchdog");
        let leash = watchdog.stdin.take().expect("the pipe to the watchdog");

        gate.write_all(b"go\n").expect("the server's shell reads");
        Self { name, child, watchdog, leash, log: log.to_owned(), grace, ended: None }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the program has ended by itself. It is left unreaped, so that its id is not given to
    /// another process.
    pub fn has_exited(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        matches!(waitid(WaitId::Pid(self.id()), options), Ok(Some(_)))
    }

    /// Ends the program as drop does and tells how it went.
    pub fn stop(&mut self) -> ExitStatus {
        if let Some(status) = self.ended {
            return status;
        }
        // Errors mean that the group is gone already.
        let _gone = kill_process_group(self.id(), Signal::TERM);
        let deadline = Instant::now() + self.grace;
        while !self.has_exited() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
        // Also what the program itself started. Its own id is taken until the wait below, so this
        // cannot hit a stranger.
        let _gone = kill_process_group(self.id(), Signal::KILL);
        // Only now: until here the watchdog must do the same should this process be killed.
        let _gone = self.leash.write_all(b"done\n");
        let _status = self.watchdog.wait();
        let status = self.child.wait().expect("the server is this process's child");
        *self.ended.insert(status)
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The last `lines` lines of the log, headed by the program's name.
    pub fn log_tail(&self, lines: usize) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let all: Vec<&str> = text.lines().collect();
        let tail = &all[all.len().saturating_sub(lines)..];
        format!("--- end of the log of {} ---\n{}", self.name, tail.join("\n"))
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

fn shell(script: &str, name: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, name]);
    // Of its own, so that ^C in the terminal reaches the test alone, which then ends its servers.
    shell.process_group(0).stdin(Stdio::piped());
    shell
}
