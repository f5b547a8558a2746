//! Programs that play a part: what the real one says only on a bad day, and what was asked of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

/// A shell script in the program's place; it keeps what it is asked.
#[derive(Debug)]
pub struct Fake {
    folder: TempDir,
}

const VERSION: &str = r#"IFS= read -r question
case $question in *'"request":"version"'*)
  echo '{"event":"item","item":{"kind":"Version","version":"0.0.0","api":"certs/v1alpha1"}}'
  echo '{"event":"finished","items":1,"gaps":0,"exitCode":0}'
  exit ;;
esac
"#;

/// The line that ends an answer well.
pub const FINISHED: &str = r#"{"event":"finished","items":0,"gaps":0,"exitCode":0}"#;

impl Fake {
    /// Answers the handshake, and everything else with these lines.
    pub fn saying(lines: &[&str]) -> Self {
        Self::doing(&format!("cat <<'END'\n{}\nEND\n", lines.join("\n")))
    }

    /// Answers the handshake, and everything else with this shell text. `$HERE` is a folder of its own.
    pub fn doing(text: &str) -> Self {
        Self::script(&format!("{VERSION}printf '%s\\n' \"$question\" >>\"$HERE/questions\"\n{text}"))
    }

    /// Stands between the module and the real program and keeps both sides of what they say.
    pub fn listening() -> Self {
        let real = crate::program::path().display().to_string();
        Self::script(&format!("tee -a \"$HERE/questions\" | '{real}' \"$@\" | tee -a \"$HERE/answers\"\n"))
    }

    /// Any shell text.
    pub fn script(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder for a program");
        let here = folder.path().display();
        let path = folder.path().join("kubectl-certs");
        fs::write(&path, format!("#!/bin/sh\nHERE='{here}'\n{text}")).expect("a program is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program may be executed");
        Self { folder }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("kubectl-certs")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The documents that it was asked, in order.
    pub fn questions(&self) -> Vec<Value> {
        lines(&self.folder.path().join("questions"))
    }

    /// The lines that it answered, where it is [`Fake::listening`].
    pub fn answers(&self) -> Vec<Value> {
        lines(&self.folder.path().join("answers"))
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e} in {line}"))).collect()
}
