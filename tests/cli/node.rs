//! `kubectl certs node`, the helper: what it says, when it ends, and who gets the lock.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::program::Program;

#[test]
fn says_nothing_but_lines_and_ends_with_its_input() {
    let ran = Program::new().run_with(["node", "--root", "/nowhere"], b"{\"id\":1,\"op\":\"Facts\"}\n?\n");
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    let said: Vec<Value> = ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(said[0], json!({"kubectlCerts": env!("CARGO_PKG_VERSION"), "wire": 3}));
    let facts = &said[1]["reply"]["Facts"];
    assert_eq!(facts["arch"], std::env::consts::ARCH);
    let now = now_ms();
    assert!(facts["now_ms"].as_i64().is_some_and(|seen| (now - seen).abs() < 60_000), "{facts} {now}");
    assert!(said[2]["error"]["message"].as_str().is_some_and(|text| text.contains("not understood")), "{}", said[2]);
    assert_eq!(said.len(), 3);
}

/// Stale after stale: the holder is killed, and of all that ask in the same moment one gets the lock.
#[test]
fn of_many_that_find_a_stale_lock_one_gets_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut stale = Helper::start(folder.path());
    assert_eq!(stale.lock("first"), None);
    for round in 0..15 {
        stale.kill();
        let text = fs::read_to_string(folder.path().join("var/lib/kubectl-certs/lock")).expect("left behind");
        assert!(text.contains("alice@there"), "{text}");
        let mut helpers: Vec<Helper> = (0..8).map(|_| Helper::start(folder.path())).collect();
        for (index, helper) in helpers.iter_mut().enumerate() {
            helper.ask_for_lock(&format!("run-{round}-{index}"));
        }
        let answers: Vec<Option<Value>> = helpers.iter_mut().map(Helper::locked_by).collect();
        let winners: Vec<usize> = (0..answers.len()).filter(|&index| answers[index].is_none()).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        let winner = winners[0];
        for other in answers.iter().flatten() {
            assert_eq!(other["run"], format!("run-{round}-{winner}"), "the others are told who has it");
            assert_eq!(other["pid"], helpers[winner].child.id());
        }
        stale = helpers.swap_remove(winner);
    }
    // What ends in peace leaves nothing to be told about.
    stale.ask(&json!({"Unlock": {"run": "another"}}));
    let mut next = Helper::start(folder.path());
    assert!(next.lock("next").is_some());
    drop(stale);
    assert_eq!(next.lock("next"), None);
}

struct Helper {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Helper {
    fn start(root: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-certs"));
        command.args(["node", "--root"]).arg(root).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the helper starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut helper = Self { child, input, output };
        assert_eq!(helper.answer()["wire"], 3);
        helper
    }

    fn send(&mut self, op: &Value) {
        let line = format!("{}\n", json!({"id": 1, "op": op}));
        self.input.as_mut().expect("open").write_all(line.as_bytes()).expect("it listens");
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    }

    fn ask(&mut self, op: &Value) -> Value {
        self.send(op);
        self.answer()
    }

    fn ask_for_lock(&mut self, run: &str) {
        self.send(&json!({"Lock": {"run": run, "who": "alice@there", "since": "2026-01-02T03:04:05Z"}}));
    }

    fn locked_by(&mut self) -> Option<Value> {
        let answer = self.answer();
        let holder = answer["reply"].get("LockedBy").unwrap_or_else(|| panic!("{answer}"));
        (!holder.is_null()).then(|| holder.clone())
    }

    fn lock(&mut self, run: &str) -> Option<Value> {
        self.ask_for_lock(run);
        self.locked_by()
    }

    fn kill(&mut self) {
        self.child.kill().expect("its end");
        self.child.wait().expect("its end");
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // The end of its input is what it ends by.
        self.input = None;
        self.child.wait().expect("its end");
    }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the end of time")
}
