//! Somebody who runs the program under test from outside the nodes: in the lab's network, with a home of their own.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::lab::Lab;
use tempfile::TempDir;

/// The longest that one command may take, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub struct Operator<'a> {
    pub lab: &'a Lab,
    program: PathBuf,
    home: TempDir,
    /// How the nodes are reached.
    ssh: Vec<String>,
}

impl<'a> Operator<'a> {
    /// With all nodes of the lab by their names. `folder` has the program and the helper.
    pub fn new(lab: &'a Lab, folder: &Path) -> Self {
        let ssh = lab.nodes().into_iter().flat_map(|node| ["--ssh".to_owned(), node]).collect();
        Self { lab, program: folder.join("kubectl-certs"), home: tempfile::tempdir().expect("a home"), ssh }
    }

    /// The same program in somebody else's hands, with these nodes.
    #[must_use]
    pub fn other(&self, ssh: &[&str]) -> Self {
        let ssh = ssh.iter().map(|&word| word.to_owned()).collect();
        let home = tempfile::tempdir().expect("a home");
        Self { lab: self.lab, program: self.program.clone(), home, ssh }
    }

    /// Somebody else with the same nodes.
    #[must_use]
    pub fn colleague(&self) -> Self {
        self.other(&self.ssh.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Where the nodes are is added; the answer is JSON.
    pub fn start(&self, arguments: &[&str]) -> Running {
        let mut command = self.lab.net_command(&self.program);
        command.args(arguments).args(["-o", "json"]).args(&self.ssh).arg("--ssh-config").arg(self.lab.ssh_config());
        command.env("XDG_STATE_HOME", self.home.path()).env("USER", "alice").env_remove("SUDO_USER");
        Running::new(command)
    }

    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).finish()
    }

    /// As [`Self::run`]; fails the test unless it ends well. Its only item.
    pub fn succeed(&self, arguments: &[&str]) -> Value {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, Some(0), "{arguments:?}: {outcome:?}");
        outcome.items().into_iter().next().unwrap_or_default()
    }

    /// Undoes a run and wipes what was kept for that.
    pub fn take_back(&self, run: &str) {
        for verb in ["undo", "finish"] {
            self.succeed(&["runs", verb, run]);
        }
    }

    /// As often as the helpers of a run that was cut off are still at work.
    pub fn when_unlocked(&self, arguments: &[&str]) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        loop {
            let outcome = self.run(arguments);
            if outcome.code != Some(7) {
                return outcome;
            }
            assert!(Instant::now() < deadline, "still locked: {outcome:?}");
            thread::sleep(Duration::from_secs(1));
        }
    }

    /// The first row of `list` on each node that is this leaf: its fingerprint and its end.
    pub fn leaves(&self) -> Vec<Value> {
        let outcome = self.run(&["list"]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        outcome.items().into_iter().filter(|item| item["name"].is_string() && item["isAuthority"] == false).collect()
    }
}

/// A command at work. Is killed when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    said: Vec<String>,
    lines: Receiver<String>,
    out: Option<JoinHandle<String>>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Outcome {
    /// None after a signal.
    pub code: Option<i32>,
    pub out: String,
    /// Its standard error.
    pub said: String,
}

impl Running {
    fn new(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("ip for the program");
        let mut stdout = child.stdout.take().expect("its stdout");
        let out = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).expect("the program prints UTF-8");
            text
        });
        let stderr = BufReader::new(child.stderr.take().expect("its stderr"));
        let (send, lines) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, said: Vec::new(), lines, out: Some(out) }
    }

    /// Returns when a line of its progress begins so; fails the test if it ends before.
    pub fn wait_for(&mut self, beginning: &str) {
        let deadline = Instant::now() + LIMIT;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    let found = line.starts_with(beginning);
                    self.said.push(line);
                    if found {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => panic!("nothing begins with {beginning}: {:#?}", self.said),
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without {beginning}: {:#?}", self.said),
            }
        }
    }

    /// The name of the run, which it says when it begins.
    pub fn run(&self) -> Option<String> {
        self.said.iter().find_map(|line| Some(line.strip_prefix("run ")?.split_once(' ')?.0.to_owned()))
    }

    pub fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("it is this process's child");
    }

    pub fn finish(mut self) -> Outcome {
        let deadline = Instant::now() + LIMIT;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.said.push(line);
        }
        if Instant::now() >= deadline {
            self.signal(Signal::KILL);
        }
        let status = self.child.wait().expect("it is this process's child");
        let out = self.out.take().and_then(|out| out.join().ok()).unwrap_or_default();
        Outcome { code: status.code(), out, said: self.said.join("\n") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Outcome {
    pub fn items(&self) -> Vec<Value> {
        let answer: Value = serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        answer["items"].as_array().cloned().unwrap_or_default()
    }
}
