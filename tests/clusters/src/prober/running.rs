//! The prober as a process in the lab's network.

use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;

use support::lab::Lab;

use super::Report;

/// Its line on stderr when it has begun.
pub const UNDER_WAY: &str = "prober: under way";

/// A prober at work. Ends, without a report, when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// Returns when it has begun. `program` is the binary `prober` of this crate.
    pub fn start(lab: &Lab, program: impl AsRef<Path>) -> Self {
        let mut command = lab.net_command(program);
        command.arg("--kubeconfig").arg(lab.kubeconfig());
        command.arg("--load-balancer").arg(format!("{}:6443", lab.load_balancer()));
        for node in lab.control_planes() {
            command.arg("--server").arg(format!("{node}={}:6443", lab.address(&node)));
        }
        // Closing its stdin ends it: so it does not outlive this process.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("ip for the prober");
        let stderr = child.stderr.take().expect("the prober's stderr");
        let mut said = String::new();
        let mut stderr = BufReader::new(stderr);
        while stderr.read_line(&mut said).expect("the prober's stderr is text") > 0 {
            if said.lines().next_back() == Some(UNDER_WAY) {
                // Should it have more to say, that is for people.
                thread::spawn(move || io::copy(&mut stderr, &mut io::stderr()));
                return Self { child };
            }
        }
        let status = child.wait().expect("the prober is this process's child");
        panic!("the prober did not begin: {status}\n{said}");
    }

    /// Ends it and reads what it saw.
    pub fn stop(mut self) -> Report {
        drop(self.child.stdin.take());
        let stdout = self.child.stdout.take().expect("the prober's stdout");
        let report = serde_json::from_reader(BufReader::new(stdout));
        let status = self.child.wait().expect("the prober is this process's child");
        report.unwrap_or_else(|e| panic!("no report of the prober ({status}): {e}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}
