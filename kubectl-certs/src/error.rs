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
        Self { kind, message: message.into(), hints: Vec::new(), target: None }
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
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn about(mut self, target: impl fmt::Display) -> Self {
        self.target = Some(target.to_string());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}
