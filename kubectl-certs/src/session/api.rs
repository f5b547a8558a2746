//! `kubectl certs api`: one JSON document in, JSON lines out, the last one terminal. What PowerShell speaks.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::interrupts::Interrupts;
use super::streams;
use crate::access::{Access, cluster};
use crate::answer::{Control, answer};
use crate::error::Error;
use crate::output::wire::{Item, Line, Question};
use crate::output::{self};
use crate::request::API;

pub(super) async fn api(access: &Access, interrupts: &Interrupts) -> u8 {
    cluster::keep_standard_input();
    let question = match read_question() {
        Ok(question) => question,
        Err(error) => return failed(error, true),
    };
    if question.stop_on_eof {
        stop_on_eof(interrupts);
    }
    if question.request.changes() {
        interrupts.begin_change();
    }
    let ascii = question.ascii;
    let control = Control {
        sink: Arc::new(move |event| say(&Line::Progress { progress: event.clone() }, ascii)),
        stop: interrupts.stop.clone(),
        ..Control::silent()
    };
    match answer(&question.request, access, &control).await {
        Ok(report) => {
            for gap in report.gaps() {
                say(&Line::Gap { gap: gap.clone() }, ascii);
            }
            let mut items = 0;
            for item in Item::each(&report) {
                items += 1;
                say(&Line::Item { item: Box::new(item) }, ascii);
            }
            let exit_code = output::exit_code(&report);
            let line = Line::Finished { items, gaps: report.gaps().len(), exit_code };
            say(&line, ascii);
            exit_code
        }
        Err(error) => failed(error, ascii),
    }
}

fn failed(error: Error, ascii: bool) -> u8 {
    let exit_code = error.kind.exit_code();
    say(&Line::Failed { error, exit_code }, ascii);
    exit_code
}

fn say(line: &Line, ascii: bool) {
    let Ok(text) = serde_json::to_string(line) else { return };
    // A caller that no longer reads is told nothing; the exit code says how it ended.
    streams::out(&(if ascii { in_ascii(&text) } else { text } + "\n")).ok();
}

/// Outside ASCII everything is within strings, where JSON has an escape for it.
fn in_ascii(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// Reads one document and no more: the stream may stay open.
fn read_question() -> Result<Question, Error> {
    let mut input = WithoutMark::new(std::io::stdin());
    let mut documents = serde_json::Deserializer::from_reader(&mut input).into_iter::<serde_json::Value>();
    let document = match documents.next() {
        Some(Ok(document)) => document,
        Some(Err(error)) => return Err(not_understood(&error)),
        None => return Err(Error::usage("no request came on standard input")),
    };
    // Before all else: a request of another version may look like anything.
    let api = document.get("api").and_then(serde_json::Value::as_str).unwrap_or_default();
    if api != API {
        return Err(Error::usage(format!("the request speaks '{api}' (its field api), this program '{API}'"))
            .hint("use a module and a program of the same version"));
    }
    let mut question: Question = serde_json::from_value(document).map_err(|error| not_understood(&error))?;
    question.request.make_absolute(|path| {
        std::path::absolute(path).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned())
    });
    Ok(question)
}

/// PowerShell's Ctrl-C, or PowerShell gone.
fn stop_on_eof(interrupts: &Interrupts) {
    let stop = interrupts.stop.clone();
    std::thread::spawn(move || {
        let mut rest = [0; 64];
        while matches!(std::io::stdin().read(&mut rest), Ok(count) if count > 0) {}
        stop.store(true, Ordering::Relaxed);
    });
}

fn not_understood(error: &serde_json::Error) -> Error {
    Error::usage(format!("the request is not understood: {error}"))
        .hint("kubectl certs schema prints what is understood, as JSON Schema")
}

/// Drops a UTF-8 byte order mark, which Windows programs write first.
struct WithoutMark<R> {
    inner: R,
    begun: bool,
}

impl<R: Read> WithoutMark<R> {
    fn new(inner: R) -> Self {
        Self { inner, begun: false }
    }
}

impl<R: Read> Read for WithoutMark<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.begun || buffer.is_empty() {
            return self.inner.read(buffer);
        }
        self.begun = true;
        let mut first = [0; 1];
        if self.inner.read(&mut first)? == 0 {
            return Ok(0);
        }
        if first[0] == 0xEF {
            let mut rest = [0; 2];
            self.inner.read_exact(&mut rest)?;
            return self.inner.read(buffer);
        }
        buffer[0] = first[0];
        Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_be_said_in_ascii() {
        let text = serde_json::to_string("é 漢 😀 \"").expect("json");
        let ascii = in_ascii(&text);
        assert!(ascii.is_ascii());
        assert_eq!(serde_json::from_str::<String>(&ascii).expect("json"), "é 漢 😀 \"");
    }

    #[test]
    fn a_byte_order_mark_is_dropped() {
        for text in ["\u{FEFF}{}", "{}", ""] {
            let mut read = String::new();
            WithoutMark::new(text.as_bytes()).read_to_string(&mut read).expect("read");
            assert_eq!(read, text.trim_start_matches('\u{FEFF}'));
        }
    }
}
