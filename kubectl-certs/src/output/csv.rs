//! `-o csv`: RFC 4180, a row an item, fields of objects within it with a dot (`certificate.subject`).

use std::collections::BTreeSet;

use serde_json::Value;

use super::clean;

/// What people look for first; all others follow in the order of the alphabet.
const FIRST: [&str; 16] = [
    "target",
    "label",
    "name",
    "code",
    "severity",
    "message",
    "state",
    "notAfter",
    "secondsLeft",
    "notBefore",
    "subject",
    "issuer",
    "serial",
    "run",
    "title",
    "started",
];

/// The columns that these items need.
#[derive(Default)]
pub(super) struct Header {
    names: BTreeSet<(usize, String)>,
}

impl Header {
    pub(super) fn add(&mut self, item: &Value) {
        for (name, _) in cells(item) {
            let plain = name.strip_prefix("certificate.").unwrap_or(&name);
            let place = FIRST.iter().position(|first| *first == plain).unwrap_or(FIRST.len());
            self.names.insert((place, name));
        }
    }

    pub(super) fn line(&self) -> String {
        line(self.names.iter().map(|(_, name)| name.clone()))
    }

    pub(super) fn row(&self, item: &Value) -> String {
        let cells = cells(item);
        let cell = |name: &str| cells.iter().find(|(own, _)| own == name).map(|(_, text)| text.clone());
        line(self.names.iter().map(|(_, name)| cell(name).unwrap_or_default()))
    }
}

fn cells(item: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    collect("", item, &mut cells);
    cells
}

fn collect(name: &str, value: &Value, cells: &mut Vec<(String, String)>) {
    let text = match value {
        Value::Object(fields) => {
            for (field, value) in fields {
                let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                collect(&name, value, cells);
            }
            return;
        }
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => harmless(text),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            harmless(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Value::Array(_) => value.to_string(),
    };
    cells.push((name.to_owned(), text));
}

/// Spreadsheets run what begins like a formula, and anybody may have chosen these names: an apostrophe makes it text.
fn harmless(text: &str) -> String {
    let text = clean::lines(text);
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted = cells.map(|cell| {
        let plain = !cell.contains(['"', ',', '\n', '\r']) && cell.trim() == cell;
        if plain { cell } else { format!("\"{}\"", cell.replace('"', "\"\"")) }
    });
    quoted.collect::<Vec<_>>().join(",") + "\r\n"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Header;

    #[test]
    fn nothing_becomes_a_formula_or_another_cell() {
        let item = json!({ "subject": "=cmd|'/c calc'!A1", "target": "a,\"b\"\nc", "secondsLeft": -5, "names": ["x", "y"],
            "serial": "-01", "inner": { "deep": null } });
        let mut header = Header::default();
        header.add(&item);
        assert_eq!(header.line(), "target,secondsLeft,subject,serial,inner.deep,names\r\n");
        assert_eq!(header.row(&item), "\"a,\"\"b\"\"\nc\",-5,'=cmd|'/c calc'!A1,'-01,,x y\r\n");
    }
}
