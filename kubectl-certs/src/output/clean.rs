//! Names come from certificates and from the cluster, so anybody may have chosen them: nothing in them may steer a
//! terminal or turn a line around.

/// One line of text without control characters.
pub(super) fn line(text: &str) -> String {
    text.chars().map(|c| if is_harmful(c) { '\u{FFFD}' } else { c }).collect()
}

fn is_harmful(c: char) -> bool {
    // Marks that change the direction of writing make one name look like another.
    c.is_control()
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(line("a\u{1b}[31mb\u{202E}c\nd"), "a\u{FFFD}[31mb\u{FFFD}c\u{FFFD}d");
        assert_eq!(line("Müller GmbH"), "Müller GmbH");
    }
}
