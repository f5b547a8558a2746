//! From text to steps. Errors are kubectl's own, so that they can be looked up.

use serde_json::Value;

use super::compare::Operator;
use super::{Node, Slice, Step};

pub(super) fn template(source: &str) -> Result<Vec<Node>, String> {
    // Ranges that are open, each with what came before it.
    let mut open: Vec<(Vec<Node>, Vec<Step>)> = Vec::new();
    let mut nodes = Vec::new();
    let mut rest = source;
    while !rest.is_empty() {
        let Some((text, inside)) = rest.split_once('{') else {
            nodes.push(Node::Text(rest.to_owned()));
            break;
        };
        if !text.is_empty() {
            nodes.push(Node::Text(text.to_owned()));
        }
        let end = end_of_action(inside)?;
        rest = &inside[end + 1..];
        let action = inside[..end].trim();
        match action.strip_prefix("range").filter(|more| !more.starts_with(is_word)) {
            Some(path) => open.push((core::mem::take(&mut nodes), steps(path)?)),
            None if action == "end" => {
                let (before, path) = open.pop().ok_or("not in range, nothing to end")?;
                let inside = core::mem::replace(&mut nodes, before);
                nodes.push(Node::Range(path, inside));
            }
            None => nodes.push(Node::Path(steps(action)?)),
        }
    }
    // kubectl takes the end of the template for the end of a range too.
    while let Some((before, path)) = open.pop() {
        let inside = core::mem::replace(&mut nodes, before);
        nodes.push(Node::Range(path, inside));
    }
    Ok(nodes)
}

/// Where the `}` is that is neither quoted nor escaped.
fn end_of_action(text: &str) -> Result<usize, String> {
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            _ if escaped => escaped = false,
            ('\\', _) => escaped = true,
            (c, Some(open)) if c == open => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) => quote = Some(c),
            ('}', None) => return Ok(at),
            _ => {}
        }
    }
    Err(if quote.is_some() { "unterminated quoted string" } else { "unclosed action" }.to_owned())
}

/// What stands inside of one pair of braces.
pub(super) fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            ' ' | '\t' | '\r' | '\n' | '$' | '@' => &rest[1..],
            '"' | '\'' => quoted(rest, first, &mut steps)?,
            '[' => bracket(rest, &mut steps)?,
            '.' if rest.starts_with("..") => {
                steps.push(Step::Descend);
                let after = &rest[2..];
                if after.starts_with(is_word) { field(after, &mut steps) } else { after }
            }
            '.' => field(&rest[1..], &mut steps),
            '+' | '-' | '0'..='9' => number(rest, &mut steps)?,
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let value = match &rest[..end] {
                    "true" => Value::Bool(true),
                    "false" => Value::Bool(false),
                    word => return Err(format!("unrecognized identifier {word}")),
                };
                steps.push(Step::Literal(value));
                &rest[end..]
            }
            c => return Err(format!("unrecognized character in action: U+{:04X} '{c}'", u32::from(c))),
        };
    }
    Ok(steps)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A name up to what ends one; `\` takes the next character as it is.
fn field<'a>(text: &'a str, steps: &mut Vec<Step>) -> &'a str {
    let mut name = String::new();
    let mut characters = text.char_indices();
    let mut end = text.len();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => name.extend(characters.next().map(|(_, c)| c)),
            c if c.is_whitespace() || ".,[]$@{}".contains(c) => {
                end = at;
                break;
            }
            c => name.push(c),
        }
    }
    match name.as_str() {
        "" => {}
        "*" => steps.push(Step::Wildcard),
        _ => steps.push(Step::Field(name)),
    }
    &text[end..]
}

fn quoted<'a>(text: &'a str, quote: char, steps: &mut Vec<Step>) -> Result<&'a str, String> {
    let mut value = String::new();
    let mut characters = text.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next().map(|(_, c)| c) {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(c @ ('\\' | '"' | '\'')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => break,
            },
            c if c == quote => {
                steps.push(Step::Literal(Value::String(value)));
                return Ok(&text[at + 1..]);
            }
            c => value.push(c),
        }
    }
    Err("unterminated quoted string".to_owned())
}

fn number<'a>(text: &'a str, steps: &mut Vec<Step>) -> Result<&'a str, String> {
    let inside = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E');
    let end = text.find(|c| !inside(c)).unwrap_or(text.len());
    let word = text[..end].trim_start_matches('+');
    let value = match (word.parse::<i64>(), word.parse::<f64>()) {
        (Ok(whole), _) => Value::from(whole),
        (_, Ok(broken)) => Value::from(broken),
        _ => return Err(format!("cannot parse number {}", &text[..end])),
    };
    steps.push(Step::Literal(value));
    Ok(&text[end..])
}

/// `[…]`: a filter, a union, a name in quotes, or a slice.
fn bracket<'a>(text: &'a str, steps: &mut Vec<Step>) -> Result<&'a str, String> {
    if let Some(filter) = text.strip_prefix("[?(") {
        let end = end_of_filter(filter)?;
        steps.push(condition(&filter[..end])?);
        return filter[end + 1..].strip_prefix(']').ok_or_else(|| "unclosed array expect ]".to_owned());
    }
    let end = text.find([']', '\n']).filter(|at| text[*at..].starts_with(']')).ok_or("unterminated array")?;
    let (inside, after) = (&text[1..end], &text[end + 1..]);
    let parts: Vec<&str> = inside.split(',').collect();
    if parts.len() > 1 {
        let parts = parts.into_iter().map(|part| self::steps(&format!("[{}]", part.trim_matches(' '))));
        steps.push(Step::Union(parts.collect::<Result<_, _>>()?));
    } else if let Some(name) = inside.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        steps.extend(self::steps(&format!(".{name}"))?);
    } else {
        steps.push(Step::Slice(slice(inside)?));
    }
    Ok(after)
}

fn slice(text: &str) -> Result<Slice, String> {
    let wrong = || format!("invalid array index {text}");
    if text == "*" {
        return Ok(Slice::ALL);
    }
    let numbers: Vec<Option<i64>> = text
        .split(':')
        .map(|part| if part.is_empty() { Ok(None) } else { part.parse().map(Some).map_err(|_| wrong()) })
        .collect::<Result<_, _>>()?;
    let at = |index: usize| numbers.get(index).copied().flatten();
    match numbers.len() {
        1 if at(0).is_some() => Ok(Slice { from: at(0), one: true, ..Slice::ALL }),
        2 | 3 => Ok(Slice { from: at(0), to: at(1), one: false, step: at(2) }),
        _ => Err(wrong()),
    }
}

/// The `)` that is not within quotes.
fn end_of_filter(text: &str) -> Result<usize, String> {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open && before != '\\' => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            (')', None) => return Ok(at),
            _ => {}
        }
        before = c;
    }
    Err("unterminated filter".to_owned())
}

fn condition(text: &str) -> Result<Step, String> {
    let is_operator = |c: char| "!<>=".contains(c);
    let Some(start) = text.find(is_operator).filter(|start| *start > 0) else {
        return Ok(Step::Exists(steps(text)?));
    };
    let length = text[start..].find(|c| !is_operator(c)).unwrap_or(text.len() - start);
    let operator = Operator::parse(&text[start..start + length])?;
    Ok(Step::Compare(steps(&text[..start])?, operator, steps(&text[start + length..])?))
}
