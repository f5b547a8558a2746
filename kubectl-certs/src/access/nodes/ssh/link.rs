//! One process of `ssh`: bytes in, lines out, what it complains about kept. Threads do the reading and writing, so that the
//! other side hears from us also while the rest of the program waits for a person's answer.

#![expect(clippy::disallowed_methods, reason = "this is the port to the OpenSSH client")]

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// Empty lines in between tell the helper that somebody is there.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// What `ssh` may take to end after it closed its output.
const GRACE: Duration = Duration::from_secs(5);

/// The answer to a walk over thousands of files has some megabytes.
const LONGEST: u64 = 256 << 20;

/// Lines of standard error that are kept.
const LAST: usize = 20;

#[derive(Clone, Default)]
struct Complaints(Arc<Mutex<VecDeque<String>>>);

impl Complaints {
    fn lines(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Link {
    input: Sender<Vec<u8>>,
    output: UnboundedReceiver<Said>,
    beating: Arc<AtomicBool>,
    complaints: Complaints,
    child: Arc<Mutex<Child>>,
    end: Option<End>,
}

enum Said {
    Line(Vec<u8>),
    End(End),
}

/// How it ended, and the last lines of its standard error.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) code: Option<i32>,
    pub(super) complaints: Vec<String>,
}

/// Why no line came.
#[derive(Debug)]
pub(super) enum Broken {
    Ended(End),
    Silent(Duration),
}

impl Link {
    pub(super) fn open(ssh: &Path, arguments: &[OsString]) -> std::io::Result<Self> {
        let mut command = Command::new(ssh);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        apart(&mut command);
        let mut child = command.spawn()?;
        let (to_ssh, from_us) = channel();
        let (said, output) = unbounded_channel();
        let beating = Arc::new(AtomicBool::new(false));
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(std::io::Error::other("it has no standard streams"));
        };
        let child = Arc::new(Mutex::new(child));
        let complaints = Complaints::default();
        let beats = beating.clone();
        thread::spawn(move || write(stdin, &from_us, &beats));
        let (kept, (all_said, until_all)) = (complaints.clone(), channel::<()>());
        thread::spawn(move || {
            keep(stderr, &kept);
            drop(all_said);
        });
        let (ending, kept) = (child.clone(), complaints.clone());
        thread::spawn(move || {
            read(stdout, &said);
            let code = wait(&ending);
            // A process in the background (a shared connection) may keep standard error open.
            until_all.recv_timeout(GRACE).ok();
            let complaints = kept.lines().drain(..).collect();
            said.send(Said::End(End { code, complaints })).ok();
        });
        Ok(Self { input: to_ssh, output, beating, complaints, child, end: None })
    }

    /// What cannot be sent any more is noticed when no answer comes.
    pub(super) fn send(&self, bytes: Vec<u8>) {
        self.input.send(bytes).ok();
    }

    /// The start is over: from now on the other side is told that we are there, and what was said on the way (a banner)
    /// explains nothing that comes later.
    pub(super) fn begin(&self) {
        self.complaints.lines().clear();
        self.beating.store(true, Ordering::Relaxed);
    }

    pub(super) async fn line(&mut self, patience: Duration) -> Result<Vec<u8>, Broken> {
        if let Some(end) = &self.end {
            return Err(Broken::Ended(end.clone()));
        }
        match timeout(patience, self.output.recv()).await {
            Ok(Some(Said::Line(line))) => Ok(line),
            Ok(Some(Said::End(end))) => Err(Broken::Ended(self.end.insert(end).clone())),
            Ok(None) => Err(Broken::Ended(End { code: None, complaints: Vec::new() })),
            Err(_) => {
                self.kill();
                Err(Broken::Silent(patience))
            }
        }
    }

    /// Lines that nobody waits for are answers to questions that were given up.
    pub(super) fn has_ended(&mut self) -> bool {
        while let Ok(said) = self.output.try_recv() {
            if let Said::End(end) = said {
                self.end = Some(end);
            }
        }
        self.end.is_some() || self.output.is_closed()
    }

    pub(super) fn kill(&self) {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).kill().ok();
    }
}

/// Out of the terminal's group: Ctrl-C is for us, and the step that is under way needs its connection.
fn apart(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(windows)]
    std::os::windows::process::CommandExt::creation_flags(command, 0x0000_0200); // CREATE_NEW_PROCESS_GROUP
}

/// Ends, and with it the connection, when the link is dropped.
fn write(mut stdin: ChildStdin, from_us: &Receiver<Vec<u8>>, beating: &AtomicBool) {
    loop {
        let bytes = match from_us.recv_timeout(HEARTBEAT) {
            Ok(bytes) => bytes,
            Err(RecvTimeoutError::Timeout) if beating.load(Ordering::Relaxed) => b"\n".to_vec(),
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
}

fn read(stdout: ChildStdout, said: &UnboundedSender<Said>) {
    let mut stdout = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        let read = Read::by_ref(&mut stdout).take(LONGEST).read_until(b'\n', &mut line);
        // What was cut off is no line.
        if read.is_err() || line.last() != Some(&b'\n') || said.send(Said::Line(line)).is_err() {
            return;
        }
    }
}

fn wait(child: &Mutex<Child>) -> Option<i32> {
    let deadline = Instant::now() + GRACE;
    loop {
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        match child.try_wait() {
            Ok(Some(status)) => return status.code(),
            Ok(None) if Instant::now() > deadline => {
                child.kill().ok();
                return child.wait().ok().and_then(|status| status.code());
            }
            Ok(None) => {}
            Err(_) => return None,
        }
        drop(child);
        thread::sleep(Duration::from_millis(10));
    }
}

fn keep(stderr: ChildStderr, complaints: &Complaints) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    while matches!(Read::by_ref(&mut stderr).take(4096).read_until(b'\n', &mut line), Ok(count) if count > 0) {
        let text: String = String::from_utf8_lossy(&line).chars().filter(|c| !c.is_control()).take(400).collect();
        line.clear();
        // ssh frames its warnings.
        if text.trim_matches([' ', '@']).is_empty() {
            continue;
        }
        let mut lines = complaints.lines();
        lines.push_back(text.trim().to_owned());
        if lines.len() > LAST {
            lines.pop_front();
        }
    }
}
