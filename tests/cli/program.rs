//! The program in a world of its own: nothing of the home, the kubeconfig or the proxies of whoever runs the tests.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Program {
    folder: TempDir,
    executable: OsString,
    environment: Vec<(String, OsString)>,
}

/// What came of one call.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the program");
        for name in ["home", "work"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder, executable: env!("CARGO_BIN_EXE_kubectl-certs").into(), environment: Vec::new() }
    }

    /// Started under another name, as kubectl does it with a link.
    pub(crate) fn named(name: &str) -> Self {
        let program = Self::new();
        let link = program.work().join(name);
        std::os::unix::fs::symlink(&program.executable, &link).expect("a link to the program");
        Self { executable: link.into(), ..program }
    }

    pub(crate) fn with(mut self, variable: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((variable.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// The folder that it is started in.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// Writes a file below the working folder.
    pub(crate) fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file is written");
        path
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        self.run_with(arguments, b"")
    }

    /// A line of words without spaces in them.
    pub(crate) fn line(&self, line: &str) -> Ran {
        self.run(line.split_whitespace())
    }

    pub(crate) fn run_with<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, input: &[u8]) -> Ran {
        let mut command = self.command();
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("a pipe");
        let output = thread::scope(|scope| {
            // It may end without reading.
            scope.spawn(move || drop(pipe.write_all(input)));
            child.wait_with_output().expect("the program ends")
        });
        Ran::of(&output)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        self.prepare(&mut command);
        command
    }

    /// The same world for another program, such as kubectl.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.current_dir(self.work()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home()).env("XDG_STATE_HOME", self.folder.path().join("state"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
    }

    /// Makes the demo and returns its folder.
    pub(crate) fn demo(&self) -> String {
        let folder = self.work().join("demo");
        let ran = self.run(["demo", &folder.display().to_string()]).exits(0);
        assert!(ran.err.contains("12 troubles"), "{ran:?}");
        folder.display().to_string()
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout.clone()).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr.clone()).expect("UTF-8 on standard error"),
        }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        assert!(!self.err.contains("panicked"), "{self:#?}");
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.err.contains(words), "'{words}' is not in {}", self.err);
        self
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().unwrap_or_else(|| panic!("no items: {self:#?}")).clone()
    }

    /// The lines of standard output.
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.out.lines().collect()
    }
}
