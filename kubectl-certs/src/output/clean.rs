//! Names come from certificates and from the cluster, so anybody may have chosen them: nothing in them may steer a
//! terminal or turn a line around.

use std::borrow::Cow;

use crate::model::steers;

/// One line of text without control characters.
pub(super) fn line(text: &str) -> String {
    shown(text).into_owned()
}

/// The same, copied only where something must be replaced.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    // Nearly all are so.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if steers(c) { '\u{FFFD}' } else { c }).collect())
}

/// The same for text of several lines, such as PEM.
pub(super) fn lines(text: &str) -> String {
    text.chars().map(|c| if steers(c) && !matches!(c, '\n' | '\t') { '\u{FFFD}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::{line, lines};

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(line("a\u{1b}[31mb\u{202E}c\nd"), "a\u{FFFD}[31mb\u{FFFD}c\u{FFFD}d");
        assert_eq!(line("Müller GmbH"), "Müller GmbH");
        assert_eq!(lines("a\u{1b}b\n\tc\rd"), "a\u{FFFD}b\n\tc\u{FFFD}d");
    }
}
