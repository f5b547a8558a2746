//! What a call of the program came to.

#![expect(clippy::return_self_not_must_use, reason = "often nothing more is asked than that it ended so")]

use std::process::{Command, Output};

use serde_json::Value;

#[derive(Debug)]
pub struct Said {
    /// None after a signal.
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn of(command: &mut Command) -> Self {
        Self::from(command.output().expect("the program runs"))
    }

    /// Panics with everything that was said unless the exit code is this.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        self.expect_one_of(&[code])
    }

    #[track_caller]
    pub fn expect_one_of(self, codes: &[i32]) -> Self {
        assert!(self.code.is_some_and(|code| codes.contains(&code)), "{:?}\n{}\n{}", self.code, self.out, self.err);
        self
    }

    /// Panics unless all of these stand on standard error.
    #[track_caller]
    pub fn naming(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "'{word}' is missing in:\n{}", self.err);
        }
        self
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().expect("items").clone()
    }

    /// The only item, which is of this kind.
    pub fn item(&self, kind: &str) -> Value {
        let items = self.items();
        assert_eq!((items.len(), items[0]["kind"].as_str()), (1, Some(kind)), "{items:?}");
        items[0].clone()
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}
