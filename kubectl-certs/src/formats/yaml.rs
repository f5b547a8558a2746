//! What may be said of YAML that is broken.

/// The parser's messages quote the text around the fault, and that text may be a secret: only the position is kept.
pub fn fault(error: &serde_saphyr::Error) -> String {
    match error.location() {
        Some(at) => format!("YAML is broken at line {}, column {}", at.line(), at.column()),
        None => "YAML is broken".to_owned(),
    }
}
