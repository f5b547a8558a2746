//! kubectl's dialect of JSONPath: text and `{…}` in turn, `{range …}` and `{end}`, filters of one comparison, `\.` for a dot
//! in a name (client-go, `util/jsonpath`). Other engines speak another one: they know neither its braces nor its escapes,
//! and are silent where it says that a key is missing.

mod compare;
mod parse;

use serde_json::Value;

use compare::Operator;

#[derive(Clone, Debug)]
pub struct Template {
    pub(super) source: String,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
enum Node {
    Text(String),
    Path(Vec<Step>),
    Range(Vec<Step>, Vec<Node>),
}

#[derive(Clone, Debug)]
enum Step {
    Field(String),
    Wildcard,
    /// `..`: everything that holds something, at any depth.
    Descend,
    Slice(Slice),
    Union(Vec<Vec<Step>>),
    Exists(Vec<Step>),
    Compare(Vec<Step>, Operator, Vec<Step>),
    Literal(Value),
}

/// `[FROM:TO:STEP]`; one number alone is the slice of that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    from: Option<i64>,
    to: Option<i64>,
    /// `to` was not said: only the one at `from`.
    one: bool,
    step: Option<i64>,
}

/// What to do about a key that nothing has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    Ignore,
    Report,
}

impl Template {
    pub fn parse(source: &str) -> Result<Self, String> {
        let nodes = parse::template(source).map_err(|why| format!("error parsing jsonpath {source}, {why}"))?;
        Ok(Self { source: source.to_owned(), nodes })
    }

    /// As text: what one pair of braces finds is parted by blanks.
    pub(super) fn print(&self, document: &Value, missing: Missing, out: &mut String) -> Result<(), String> {
        print_all(&self.nodes, document, missing, out).map_err(|why| self.failed(&why))
    }

    /// All values that are found, in order.
    pub(super) fn find<'a>(&'a self, document: &'a Value, missing: Missing) -> Result<Vec<&'a Value>, String> {
        let mut found = Vec::new();
        find_all(&self.nodes, document, missing, &mut found).map_err(|why| self.failed(&why))?;
        Ok(found)
    }

    /// Whether it says the same of a list, and of its items one after the other: all that it asks begins with them.
    /// `parts` are then the templates to be asked one after the other.
    pub(super) fn by_item(&self) -> Option<Vec<Self>> {
        let of_items = |steps: &[Step]| match steps {
            [Step::Field(items), Step::Slice(slice), ..] => items == "items" && slice.is_all(),
            [Step::Field(items), Step::Wildcard | Step::Exists(_) | Step::Compare(..), ..] => items == "items",
            _ => false,
        };
        self.nodes
            .iter()
            .map(|node| {
                let whole = match node {
                    Node::Text(_) => true,
                    Node::Path(steps) | Node::Range(steps, _) => of_items(steps),
                };
                whole.then(|| Self { source: self.source.clone(), nodes: vec![node.clone()] })
            })
            .collect()
    }

    /// It is text and nothing else.
    pub(super) fn text(&self) -> Option<&str> {
        match self.nodes.as_slice() {
            [Node::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What it finds is parted by blanks, also where it is asked piece by piece.
    pub(super) fn is_one_path(&self) -> bool {
        matches!(self.nodes.as_slice(), [Node::Path(_)])
    }

    fn failed(&self, why: &str) -> String {
        format!("error executing jsonpath \"{}\": {why}", self.source)
    }
}

fn print_all(nodes: &[Node], at: &Value, missing: Missing, out: &mut String) -> Result<(), String> {
    for node in nodes {
        match node {
            Node::Text(text) => out.push_str(text),
            Node::Path(steps) => {
                let texts: Vec<String> = walk(steps, vec![at], missing)?.into_iter().map(text).collect();
                out.push_str(&texts.join(" "));
            }
            Node::Range(steps, inside) => {
                for value in walk(steps, vec![at], missing)? {
                    print_all(inside, value, missing, out)?;
                }
            }
        }
    }
    Ok(())
}

fn find_all<'a>(nodes: &'a [Node], at: &'a Value, missing: Missing, found: &mut Vec<&'a Value>) -> Result<(), String> {
    for node in nodes {
        match node {
            Node::Text(_) => {}
            Node::Path(steps) => found.extend(walk(steps, vec![at], missing)?),
            Node::Range(steps, inside) => {
                for value in walk(steps, vec![at], missing)? {
                    find_all(inside, value, missing, found)?;
                }
            }
        }
    }
    Ok(())
}

fn walk<'a>(steps: &'a [Step], from: Vec<&'a Value>, missing: Missing) -> Result<Vec<&'a Value>, String> {
    steps.iter().try_fold(from, |at, step| step.take(at, missing))
}

impl Step {
    fn take<'a>(&'a self, at: Vec<&'a Value>, missing: Missing) -> Result<Vec<&'a Value>, String> {
        let mut found = Vec::new();
        match self {
            Self::Literal(value) => return Ok(vec![value]),
            Self::Field(name) => {
                let asked = !at.is_empty();
                found.extend(at.into_iter().filter_map(|value| value.get(name)));
                if asked && found.is_empty() && missing == Missing::Report {
                    return Err(format!("{name} is not found"));
                }
            }
            Self::Wildcard => at.into_iter().for_each(|value| found.extend(children(value))),
            Self::Descend => at.into_iter().for_each(|value| descend(value, &mut found)),
            Self::Slice(slice) => {
                for value in at.into_iter().filter(|value| !value.is_null()) {
                    let items = value.as_array().ok_or_else(|| format!("{} is not array or slice", kind(value)))?;
                    found.extend(slice.of(items)?);
                }
            }
            Self::Union(parts) => {
                for part in parts {
                    found.extend(walk(part, at.clone(), missing)?);
                }
            }
            Self::Exists(_) | Self::Compare(..) => {
                for value in at {
                    let items = value.as_array();
                    let items =
                        items.ok_or_else(|| format!("{} is not array or slice and cannot be filtered", kind(value)))?;
                    for item in items {
                        if self.keeps(item, missing)? {
                            found.push(item);
                        }
                    }
                }
            }
        }
        Ok(found)
    }

    fn keeps(&self, item: &Value, missing: Missing) -> Result<bool, String> {
        match self {
            // What cannot be asked is not there. (kubectl says that it is, where an index is beyond a list's end.)
            Self::Exists(path) => Ok(walk(path, vec![item], Missing::Ignore).is_ok_and(|found| !found.is_empty())),
            Self::Compare(left, operator, right) => {
                let one = |steps| -> Result<Option<Value>, String> {
                    match walk(steps, vec![item], missing)?.as_slice() {
                        [] => Ok(None),
                        [one] => Ok(Some((*one).clone())),
                        _ => Err("can only compare one element at a time".to_owned()),
                    }
                };
                match (one(left)?, one(right)?) {
                    (Some(left), Some(right)) => operator.holds(&left, &right),
                    _ => Ok(false),
                }
            }
            _ => Ok(true),
        }
    }
}

impl Slice {
    const ALL: Self = Self { from: None, to: None, one: false, step: None };

    fn is_all(self) -> bool {
        self == Self::ALL
    }

    fn of(self, items: &[Value]) -> Result<impl Iterator<Item = &Value>, String> {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let from_end = |number: i64| if number < 0 { number + length } else { number };
        let from = from_end(self.from.unwrap_or(0));
        let to = if self.one { from + 1 } else { from_end(self.to.unwrap_or(length)) };
        let step = match self.step {
            Some(step) if step <= 0 => return Err("step must be > 0".to_owned()),
            step => step.unwrap_or(1),
        };
        let outside = |index: i64| format!("array index out of bounds: index {index}, length {length}");
        if from != to {
            if !(0..length).contains(&from) {
                return Err(outside(from));
            }
            if !(0..=length).contains(&to) {
                return Err(outside(to - 1));
            }
            if from > to {
                return Err(format!("starting index {from} is greater than ending index {to}"));
            }
        }
        let index = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let part = if from == to { &[][..] } else { items.get(index(from)..index(to)).unwrap_or_default() };
        Ok(part.iter().step_by(index(step)))
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(fields) => fields.values().collect(),
        _ => Vec::new(),
    }
}

fn descend<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    let inside = children(value);
    // Text holds its characters, to kubectl.
    if !inside.is_empty() || value.as_str().is_some_and(|text| !text.is_empty()) {
        found.push(value);
        inside.into_iter().for_each(|child| descend(child, found));
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "a number",
        Value::String(_) => "string",
        Value::Array(_) => "an array",
        Value::Object(_) => "a map",
    }
}

/// Plain for what is plain; lists and objects as Go writes JSON.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        Value::Array(_) | Value::Object(_) => {
            let mut json = value.to_string();
            // Outside of strings there are none of these.
            for (character, escape) in
                [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")]
            {
                json = json.replace(character, escape);
            }
            json
        }
        other => other.to_string(),
    }
}
