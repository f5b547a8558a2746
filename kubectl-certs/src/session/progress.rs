//! A line about a reading that takes long: what is read and how many so far. On a terminal, and gone before the answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::streams;
use crate::access::progress::{Part, Progress};

/// Who waits less does not need to know.
const PATIENCE: u32 = 5;
const BEAT: Duration = Duration::from_millis(200);

pub(super) struct Line {
    over: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

impl Line {
    /// Draws until it is dropped.
    pub(super) fn of(progress: Progress) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let told = over.clone();
        Self { over, drawing: Some(std::thread::spawn(move || draw(&progress, &told))) }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(drawing) = self.drawing.take() {
            drawing.thread().unpark();
            drawing.join().ok();
        }
    }
}

fn draw(progress: &Progress, over: &AtomicBool) {
    let mut width = 0;
    let mut beats = 0;
    while !over.load(Ordering::Relaxed) {
        if beats >= PATIENCE
            && let Some(text) = text(&progress.parts(), beats)
        {
            // By blanks and not by escapes: old consoles of Windows print those.
            streams::err(&format!("\r{text:width$}"));
            width = text.chars().count();
        }
        beats += 1;
        std::thread::park_timeout(BEAT);
    }
    if width > 0 {
        streams::err(&format!("\r{:width$}\r", ""));
    }
}

/// At most 79 characters, so that it stays one line.
fn text(parts: &[Part], beats: u32) -> Option<String> {
    let open: Vec<String> = parts
        .iter()
        .filter(|part| !part.ended)
        .map(|part| match part.read {
            0 => part.kind.to_owned(),
            read => format!("{} ({read})", part.kind),
        })
        .collect();
    let text = format!("reading {}, {} s", open.join(", "), beats / 5);
    (!open.is_empty()).then(|| text.chars().take(79).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_what_is_not_at_its_end() {
        let progress = Progress::listened_to();
        assert_eq!(text(&progress.parts(), 5), None);
        progress.begin("node files");
        progress.begin("Secrets");
        progress.read("Secrets", 100);
        progress.read("Secrets", 30);
        assert_eq!(text(&progress.parts(), 12).as_deref(), Some("reading node files, Secrets (130), 2 s"));
        progress.end("node files");
        assert_eq!(text(&progress.parts(), 12).as_deref(), Some("reading Secrets (130), 2 s"));
    }
}
