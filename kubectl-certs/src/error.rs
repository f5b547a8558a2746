//! The one error that leaves the program. Its kind decides the exit code and PowerShell's category; the rest is text.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The exit codes are part of the contract: they are in `--help` and in the README, and never change their meaning.
pub mod exit {
    pub const DONE: u8 = 0;
    pub const FINDINGS: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const UNREADABLE: u8 = 3;
    pub const REFUSED: u8 = 4;
    pub const FAILED_SAFE: u8 = 5;
    pub const FAILED_UNSAFE: u8 = 6;
    pub const LOCKED: u8 = 7;
    pub const INTERRUPTED: u8 = 130;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// Wrong usage or bad input.
    Usage,
    /// What was named does not exist.
    NotFound,
    /// Could not read enough: unreachable, forbidden, unreadable.
    Unreadable,
    /// Unsafe, changed since planned, or not confirmed.
    Refused,
    /// Failed, and everything is as before or can be resumed.
    FailedSafe,
    /// Failed, and a person must look.
    FailedUnsafe,
    /// Another run holds the lock.
    Locked,
    Interrupted,
}

impl ErrorKind {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Usage => exit::USAGE,
            Self::NotFound | Self::Unreadable => exit::UNREADABLE,
            Self::Refused => exit::REFUSED,
            Self::FailedSafe => exit::FAILED_SAFE,
            Self::FailedUnsafe => exit::FAILED_UNSAFE,
            Self::Locked => exit::LOCKED,
            Self::Interrupted => exit::INTERRUPTED,
        }
    }
}

/// `message` names the object, what was seen and what was wanted; `hints` say what to do next, one to a line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// What it is about, as a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: without_keys(&message.into()), hints: Vec::new(), target: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, message)
    }

    pub fn unreadable(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unreadable, message)
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::FailedSafe, message)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(without_keys(&hint.into()));
        self
    }

    #[must_use]
    pub fn about(mut self, target: impl fmt::Display) -> Self {
        self.target = Some(without_keys(&target.to_string()));
        self
    }
}

/// Messages quote what they were given: a word that was typed, a value that a parser did not expect. If somebody puts a
/// key or a token in the wrong place, that must not be how others come to read it. So every text of an error comes by here.
pub(crate) fn without_keys(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(PEM) {
        out.push_str(&rest[..start + PEM.len()]);
        out.push('…');
        // Up to its end, and where it has none all of it.
        let end = rest[start..].find("-----END").map_or(rest.len(), |end| start + end);
        rest = &rest[end..];
    }
    out.push_str(rest);
    let is_word = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`');
    let mut shown = String::with_capacity(out.len());
    for piece in out.split_inclusive(|c| !is_word(c)) {
        let word = piece.trim_end_matches(|c| !is_word(c));
        shown.push_str(if looks_like_a_key(word) { "…" } else { word });
        shown.push_str(&piece[word.len()..]);
    }
    shown
}

const PEM: &str = "-----BEGIN";

/// A long run of what base64 consists of. Digests are of one case; `/`, `-` and `_` part the pieces of paths and names, and
/// a key or token is long enough to show between them.
fn looks_like_a_key(word: &str) -> bool {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '=');
    word.split(|c| !is_base64(c)).any(|run| {
        let has = |kind: fn(&u8) -> bool| run.bytes().any(|byte| kind(&byte));
        run.len() >= 32 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::Error;

    #[test]
    fn a_key_that_was_put_in_the_wrong_place_is_not_repeated() {
        let pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIJ8k\nq80w==\n-----END EC PRIVATE KEY-----\n";
        let token = "eyJhbGciOiJSUzI1NiJ9.e30.c2lnbmF0dXJlLXNpZ25hdHVyZS1zaWduYXR1cmU";
        for (text, shown) in [
            (format!("'{pem}' names nothing"), "'-----BEGIN…-----END EC PRIVATE KEY-----\n' names nothing".to_owned()),
            (
                format!("string {pem:?}, expected"),
                "string \"-----BEGIN…-----END EC PRIVATE KEY-----\\n\", expected".into(),
            ),
            (format!("unknown field `{token}`"), "unknown field `…`".to_owned()),
            ("it ends here: -----BEGIN PRIVATE KEY-----\nMII".to_owned(), "it ends here: -----BEGIN…".to_owned()),
        ] {
            let error = Error::usage(&text).hint(&text).about(&text);
            assert_eq!([error.message.as_str(), &error.hints[0], &error.target.expect("set")], [&*shown; 3]);
        }
    }

    #[test]
    fn names_and_paths_are_said_as_they_are() {
        for text in [
            "/srv/Cluster-1/etc/kubernetes/pki/apiserver-kubelet-client.crt is 'not' there",
            "arn:aws:eks:eu-central-1:123456789012:cluster/my-own-Cluster",
            "container 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "/mnt/Backup-of-Node-1-2026-11-22-Control-Plane is no folder",
            "system:kube-controller-manager-of-the-second-control-plane-node-in-zone-1",
        ] {
            assert_eq!(Error::usage(text).message, text);
        }
    }
}
