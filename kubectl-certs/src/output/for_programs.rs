//! Formats for programs. All of them write the same document, item by item, so that a long one never lies in memory whole.

use std::io::{self, Write};

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::columns::Columns;
use super::csv::Header;
use super::jsonpath::{Missing, Template};
use super::wire::Item;
use super::{clean, schema, table};
use crate::error::Error;
use crate::model::{FoundLayout, Gap};
use crate::report::Report;
use crate::request::API;

/// Why nothing, or not all, was written.
pub(super) enum Fault {
    Io(io::Error),
    /// A template asks for what is not there.
    Template(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Io(error) => Self::failed(format!("failed to write the answer: {error}")),
            Fault::Template(why) => Self::usage(why),
        }
    }
}

/// As `wire::Document`, with its items made while they are written.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    api_version: &'a str,
    kind: &'a str,
    items: Items<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    layouts: &'a [FoundLayout],
    gaps: &'a [Gap],
}

struct Items<'a>(&'a Report);

impl Serialize for Items<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for item in Item::each(self.0) {
            list.serialize_element(&item)?;
        }
        list.end()
    }
}

impl<'a> Written<'a> {
    fn of(report: &'a Report) -> Self {
        let layouts: &[FoundLayout] = if let Report::List(listing) = report { &listing.layouts } else { &[] };
        Self { api_version: API, kind: "List", items: Items(report), layouts, gaps: report.gaps() }
    }
}

pub(super) fn json(report: &Report, out: &mut dyn Write) -> Result<(), Fault> {
    match report {
        Report::Schema => serde_json::to_writer_pretty(&mut *out, &schema()),
        _ => serde_json::to_writer_pretty(&mut *out, &Written::of(report)),
    }
    .map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

pub(super) fn yaml(report: &Report, mut out: &mut dyn Write) -> Result<(), Fault> {
    match report {
        Report::Schema => serde_saphyr::to_io_writer(&mut out, &schema()),
        _ => serde_saphyr::to_io_writer(&mut out, &Written::of(report)),
    }
    .map_err(|error| Fault::Io(io::Error::other(error.to_string())))
}

pub(super) fn csv(report: &Report, out: &mut dyn Write) -> Result<(), Fault> {
    let mut header = Header::default();
    for item in Item::each(report) {
        header.add(&value(&item)?);
    }
    out.write_all(header.line().as_bytes())?;
    for item in Item::each(report) {
        out.write_all(header.row(&value(&item)?).as_bytes())?;
    }
    Ok(())
}

pub(super) fn columns(report: &Report, columns: &Columns, headers: bool, out: &mut dyn Write) -> Result<(), Fault> {
    let row = |item: Item| columns.row(&value(&item)?).map_err(Fault::Template);
    // Found out before the first line is written.
    for item in Item::each(report) {
        row(item)?;
    }
    let names: Vec<&str> = columns.headers.iter().map(String::as_str).collect();
    if headers && Item::each(report).next().is_none() {
        return Ok(writeln!(out, "{}", names.join("   "))?);
    }
    Ok(table::write(out, &names, || Item::each(report).filter_map(|item| row(item).ok()), headers)?)
}

pub(super) fn jsonpath(
    report: &Report,
    template: &Template,
    missing: Missing,
    out: &mut dyn Write,
) -> Result<(), Fault> {
    let Some(parts) = template.by_item().filter(|_| missing == Missing::Ignore) else {
        let mut text = String::new();
        template.print(&document(report)?, missing, &mut text).map_err(Fault::Template)?;
        return Ok(out.write_all(clean::lines(&text).as_bytes())?);
    };
    for part in parts {
        if let Some(text) = part.text() {
            out.write_all(text.as_bytes())?;
            continue;
        }
        let mut first = true;
        for item in Item::each(report) {
            let mut text = String::new();
            part.print(&alone(&item)?, missing, &mut text).map_err(Fault::Template)?;
            if part.is_one_path() && !text.is_empty() {
                let gap = if first { "" } else { " " };
                first = false;
                out.write_all(gap.as_bytes())?;
            }
            out.write_all(clean::lines(&text).as_bytes())?;
        }
    }
    Ok(())
}

/// Everything that is found, as one list.
pub(super) fn jsonpath_as_json(
    report: &Report,
    template: &Template,
    missing: Missing,
    out: &mut dyn Write,
) -> Result<(), Fault> {
    let document = document(report)?;
    let found = template.find(&document, missing).map_err(Fault::Template)?;
    let mut json =
        serde_json::Serializer::with_formatter(&mut *out, serde_json::ser::PrettyFormatter::with_indent(b"    "));
    found.serialize(&mut json).map_err(io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}

/// The whole document, for paths that look at more than one item.
fn document(report: &Report) -> Result<Value, Fault> {
    let whole = match report {
        Report::Schema => serde_json::to_value(schema()),
        _ => serde_json::to_value(Written::of(report)),
    };
    Ok(without_null(whole.map_err(io::Error::from)?))
}

/// A document with this item alone, for paths that look at one after the other.
fn alone(item: &Item) -> Result<Value, Fault> {
    Ok(serde_json::json!({ "items": [value(item)?] }))
}

fn value(item: &Item) -> Result<Value, Fault> {
    Ok(without_null(serde_json::to_value(item).map_err(io::Error::from)?))
}

/// Absent and null mean the same in our documents; kubectl has no null in its own, and would print `<nil>`.
fn without_null(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, it)| (name, without_null(it)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_null).collect(),
        other => other,
    }
}
