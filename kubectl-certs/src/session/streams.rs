//! Standard input, output and error, and files that the command line names. A reader who has gone away is no failure.

#![expect(clippy::disallowed_methods, reason = "this is the port to the terminal and to files named in arguments")]

use std::io::{self, BufWriter, IsTerminal, Read, StdoutLock, Write};

use crate::error::Error;
use crate::formats::pem::decode_text;

pub(super) fn out(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // `kubectl certs list | head` closes the pipe early and means it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("failed to write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Standard output for what is written piece by piece. Once the reader has gone away, the rest goes nowhere.
pub(super) struct Out {
    inner: BufWriter<StdoutLock<'static>>,
    gone: bool,
}

impl Out {
    pub(super) fn open() -> Self {
        Self { inner: BufWriter::with_capacity(64 * 1024, io::stdout().lock()), gone: false }
    }

    fn unless_gone<T>(&mut self, outcome: io::Result<T>, instead: T) -> io::Result<T> {
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.gone = true;
                Ok(instead)
            }
            other => other,
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.gone {
            return Ok(bytes.len());
        }
        let outcome = self.inner.write(bytes);
        self.unless_gone(outcome, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.gone {
            return Ok(());
        }
        let outcome = self.inner.flush();
        self.unless_gone(outcome, ())
    }
}

/// Trees are drawn with more than ASCII where somebody looks at them.
pub(super) fn draws() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether somebody looks at what is said meanwhile.
pub(super) fn is_watched() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

pub(super) fn err(text: &str) {
    io::stderr().lock().write_all(text.as_bytes()).ok();
}

pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

pub(super) fn ask(question: &str) -> bool {
    err(question);
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(_) => matches!(line.trim().to_lowercase().as_str(), "y" | "yes"),
        Err(_) => false,
    }
}

/// All of standard input, in whatever Unicode form PowerShell or a file gave it.
pub(super) fn text_input() -> Result<String, Error> {
    let mut bytes = Vec::new();
    io::stdin()
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

/// Path, name without its ending, and ending in lower case of each file in a folder, in the order of their names.
pub(super) fn files_in(folder: &str) -> Result<Vec<(String, String, String)>, Error> {
    let failed = |error: io::Error| Error::unreadable(format!("failed to read the folder {folder}: {error}"));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
        if let (true, Some(stem), Some(ending)) = (path.is_file(), text(path.file_stem()), text(path.extension())) {
            files.push((path.to_string_lossy().into_owned(), stem, ending.to_lowercase()));
        }
    }
    files.sort();
    Ok(files)
}

/// `NAME.csr`. What is there stays unless it is the same: it may be somebody else's request.
pub(super) fn write_request(folder: &str, name: &str, text: &str) -> Result<String, Error> {
    let path = std::path::Path::new(folder).join(format!("{name}.csr"));
    let shown = path.to_string_lossy().into_owned();
    let failed = |error: io::Error| Error::failed(format!("failed to write {shown}: {error}"));
    std::fs::create_dir_all(folder).map_err(failed)?;
    match std::fs::read(&path) {
        Ok(there) if there == text.as_bytes() => return Ok(shown),
        Ok(_) => {
            return Err(Error::refused(format!("{shown} is there and is another request; it was not replaced"))
                .hint("the key was made and waits on its node: ask again with an empty folder"));
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        Err(_) => {}
    }
    std::fs::write(&path, text).map_err(failed)?;
    Ok(shown)
}
