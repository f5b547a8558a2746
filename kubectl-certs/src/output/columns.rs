//! `-o custom-columns`: headers and paths of people's own, one row an item, as kubectl prints them.

use serde_json::Value;

use super::clean;
use super::jsonpath::{Missing, Template, text};

#[derive(Clone, Debug)]
pub struct Columns {
    pub(super) headers: Vec<String>,
    paths: Vec<Template>,
}

impl Columns {
    /// `NAME:.path,NAME:.path`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut columns = Self { headers: Vec::new(), paths: Vec::new() };
        for part in parts(text) {
            let (header, path) = part
                .split_once(':')
                .ok_or_else(|| format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>"))?;
            columns.headers.push(header.to_owned());
            columns.paths.push(relaxed(path)?);
        }
        Ok(columns)
    }

    /// Headers in the first line, paths in the second.
    pub(super) fn parse_file(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let mut words = || lines.next().map(|line| line.split_whitespace().collect::<Vec<_>>()).unwrap_or_default();
        let (headers, paths) = (words(), words());
        if headers.is_empty() || headers.len() != paths.len() {
            return Err(format!(
                "number of headers ({}) and field specifications ({}) don't match",
                headers.len(),
                paths.len()
            ));
        }
        Ok(Self {
            headers: headers.into_iter().map(str::to_owned).collect(),
            paths: paths.into_iter().map(relaxed).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn row(&self, item: &Value) -> Result<Vec<String>, String> {
        self.paths
            .iter()
            .map(|path| {
                let found = path.find(item, Missing::Ignore)?;
                let cell = match found.as_slice() {
                    [] => "<none>".to_owned(),
                    _ => found.into_iter().map(go_text).collect::<Vec<_>>().join(","),
                };
                Ok(clean::line(&cell))
            })
            .collect()
    }
}

/// At the commas outside of brackets.
fn parts(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

/// `x.y`, `.x.y`, `{x.y}` and `{.x.y}` all mean the same here.
pub(super) fn relaxed(path: &str) -> Result<Template, String> {
    let inside = match path.strip_prefix('{') {
        Some(rest) => rest.strip_suffix('}').unwrap_or(path),
        None => path,
    };
    let inside = inside.strip_prefix('.').unwrap_or(inside);
    if inside.is_empty() || inside.contains(['{', '}']) {
        return Err(format!(
            "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{{name1.name2}}' or '{{.name1.name2}}', \
             not '{path}'"
        ));
    }
    Template::parse(&format!("{{.{inside}}}"))
}

/// Lists and objects as Go prints them: `[a b]`, `map[a:b]`.
fn go_text(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(go_text).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", go_text(value))).collect();
            format!("map[{}]", fields.join(" "))
        }
        other => text(other),
    }
}
