//! Standard input, output and error, and files that the command line names. A reader who has gone away is no failure.

#![expect(clippy::disallowed_methods, reason = "this is the port to the terminal and to files named in arguments")]

use std::io::{IsTerminal, Read, Write};

use crate::error::Error;
use crate::formats::pem::decode_text;

pub(super) fn out(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `kubectl certs list | head` closes the pipe early and means it.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("failed to write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

pub(super) fn err(text: &str) {
    std::io::stderr().lock().write_all(text.as_bytes()).ok();
}

pub(super) fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

pub(super) fn ask(question: &str) -> bool {
    err(question);
    let mut line = String::new();
    match std::io::stdin().read_line(&mut line) {
        Ok(_) => matches!(line.trim().to_lowercase().as_str(), "y" | "yes"),
        Err(_) => false,
    }
}

/// All of standard input, in whatever Unicode form PowerShell or a file gave it.
pub(super) fn text_input() -> Result<String, Error> {
    let mut bytes = Vec::new();
    std::io::stdin()
        .read_to_end(&mut bytes)
        .map_err(|error| Error::unreadable(format!("failed to read standard input: {error}")))?;
    Ok(decode_text(&bytes).into_owned())
}

pub(super) fn text_file(path: &str) -> Result<String, Error> {
    if path == "-" {
        return text_input();
    }
    let bytes = std::fs::read(path).map_err(|error| Error::unreadable(format!("failed to read {path}: {error}")))?;
    Ok(decode_text(&bytes).into_owned())
}
