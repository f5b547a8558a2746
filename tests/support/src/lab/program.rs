//! The script tests/lab/lab, and how its end is made sure of.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Takes the lab down on a line as well as on end of file: whoever holds the other end, ends it.
const WATCHDOG: &str = r#"read -r _; exec "$0" down"#;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../lab/lab");

pub(super) fn script() -> Command {
    let mut script = Command::new(SCRIPT);
    script.stdin(Stdio::null());
    script
}

/// `lab down`, waiting for its time in a process that outlives this one, so that also a test that is
/// killed leaves nothing behind.
#[derive(Debug)]
pub(super) struct Ending {
    watchdog: Child,
    leash: ChildStdin,
}

impl Ending {
    pub(super) fn prepare() -> Self {
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::null());
        // Of its own, so that ^C in the terminal reaches the test alone.
        watchdog.process_group(0);
        let mut watchdog = watchdog.spawn().expect("sh for a watchdog");
        let leash = watchdog.stdin.take().expect("the pipe to the watchdog");
        Self { watchdog, leash }
    }
}

impl Drop for Ending {
    #[expect(clippy::print_stderr, reason = "a second panic would abort the test and hide the first")]
    fn drop(&mut self) {
        let _gone = self.leash.write_all(b"now\n");
        match self.watchdog.wait() {
            Ok(status) if status.success() => {}
            other => eprintln!("the lab did not go down: {other:?}"),
        }
    }
}
