//! Reports as bytes. Pure: what goes to which stream is returned, not written. One writer per format.

mod clean;
mod describe;
mod others;
mod plan;
mod requests;
mod table;
mod text;
mod users;
pub mod wire;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::{Error, exit};
use crate::findings::Severity;
use crate::plan::{Action, Plan};
use crate::report::Report;
use crate::request::API;
use crate::request::quoted;
use wire::{Document, Item};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Table,
    Wide,
    Json,
    Yaml,
    Name,
}

/// How the report is to look.
#[derive(Clone, Debug)]
pub struct Style {
    pub format: Format,
    pub headers: bool,
    /// What people type to run this program: `kubectl certs`.
    pub program: String,
}

#[derive(Debug, Default)]
pub struct Rendered {
    /// For standard output.
    pub out: String,
    /// For standard error.
    pub err: String,
}

pub fn render(report: &Report, style: &Style) -> Result<Rendered, Error> {
    let unwritable = |error: &dyn core::fmt::Display| Error::failed(format!("failed to write the answer: {error}"));
    let mut rendered = match style.format {
        Format::Table | Format::Wide => text::render(report, style),
        Format::Name => Rendered { out: names(report), ..Rendered::default() },
        Format::Json => Rendered {
            out: match report {
                Report::Schema => serde_json::to_string_pretty(&schema()),
                _ => serde_json::to_string_pretty(&document(report)),
            }
            .map_err(|error| unwritable(&error))?
                + "\n",
            ..Rendered::default()
        },
        Format::Yaml => Rendered {
            out: match report {
                Report::Schema => serde_saphyr::to_string(&schema()),
                _ => serde_saphyr::to_string(&document(report)),
            }
            .map_err(|error| unwritable(&error))?,
            ..Rendered::default()
        },
    };
    if !matches!(style.format, Format::Json | Format::Yaml) {
        rendered.err.push_str(&text::gaps(report.gaps()));
    }
    Ok(rendered)
}

/// The exit code of an answer; findings beat gaps.
pub fn exit_code(report: &Report) -> u8 {
    let worst = match report {
        Report::Check(checked) => {
            checked.fail_on.is_some_and(|limit| checked.findings.iter().any(|finding| finding.severity >= limit))
        }
        _ => false,
    };
    // A demo shows troubles on purpose.
    let looked = !matches!(report, Report::Demo(_));
    match (worst, looked && !report.gaps().is_empty()) {
        (true, _) => exit::FINDINGS,
        (false, true) => exit::UNREADABLE,
        (false, false) => exit::DONE,
    }
}

pub fn document(report: &Report) -> Document {
    let gaps = report.gaps().to_vec();
    let layouts = if let Report::List(listing) = report { listing.layouts.clone() } else { Vec::new() };
    Document { api_version: API.to_owned(), kind: "List".to_owned(), items: Item::all(report), layouts, gaps }
}

/// The whole wire as JSON Schema: what is asked, what is answered line by line, what `-o json` prints, also of an error.
pub fn schema() -> BTreeMap<&'static str, impl Serialize> {
    let parts = [
        ("question", schemars::schema_for!(wire::Question)),
        ("line", schemars::schema_for!(wire::Line)),
        ("document", schemars::schema_for!(Document)),
        ("failure", schemars::schema_for!(wire::Failure)),
    ];
    parts.into_iter().collect::<BTreeMap<_, _>>()
}

fn names(report: &Report) -> String {
    let names: Vec<String> = match report {
        // There may be a hundred thousand.
        Report::List(listing) => {
            let rows = listing.rows().map(|row| row.target.to_string());
            let others = listing.others.iter().map(|entry| entry.at.to_string());
            return rows.chain(others).fold(String::new(), |mut text, name| {
                text.push_str(&name);
                text.push('\n');
                text
            });
        }
        Report::Show(shown) => {
            let rows = shown.rows.iter().map(|row| row.listed.target.to_string());
            rows.chain(shown.others.iter().map(|entry| entry.at.to_string())).collect()
        }
        Report::Check(checked) => checked.findings.iter().map(|finding| finding.at.to_string()).collect(),
        Report::Explain(checks) => checks.iter().map(|check| check.code.to_owned()).collect(),
        Report::Explanation(check) => vec![check.code.to_owned()],
        Report::Plan(planned) => places(&planned.plan),
        Report::Requests(made) => made.requests.iter().map(|request| request.name.clone()).collect(),
        Report::Run(done, _) => vec![done.run.clone()],
        Report::Runs(runs, _) => runs.iter().map(|run| run.run.clone()).collect(),
        Report::RunDetails(run, _) => vec![run.run.clone()],
        Report::Demo(made) => vec![made.folder.clone()],
        Report::Version => vec![env!("CARGO_PKG_VERSION").to_owned()],
        Report::Schema => schema().into_keys().map(str::to_owned).collect(),
    };
    names.into_iter().map(|name| name + "\n").collect()
}

/// What a plan changes, by names that every command accepts.
fn places(plan: &Plan) -> Vec<String> {
    let actions = plan.steps().flat_map(|step| &step.actions);
    let places = actions.filter_map(|action| match action {
        Action::WriteIdentity(write) => Some(&write.at),
        Action::Remake(remake) => Some(&remake.at),
        // Issued for what is written, backed up before that, restarted because of it.
        Action::Issue(_) | Action::Import(_) | Action::BackUp(_) | Action::Restart(_) => None,
    });
    places.map(ToString::to_string).collect()
}

/// How messages inside of the program call it; people see the name that they have typed.
const USUAL_NAME: &str = "kubectl certs";

fn as_typed(text: &str, program: &str) -> String {
    text.replace(USUAL_NAME, program)
}

/// An error with the program's name as people type it.
pub fn named(error: Error, program: &str) -> Error {
    Error { hints: error.hints.iter().map(|hint| as_typed(hint, program)).collect(), ..error }
}

/// An error as `-o json` and `-o yaml` print it; none for the other formats.
pub fn failure(error: &Error, format: Format) -> Option<String> {
    let failure = wire::Failure { error: error.clone() };
    match format {
        Format::Json => serde_json::to_string_pretty(&failure).ok().map(|text| text + "\n"),
        Format::Yaml => serde_saphyr::to_string(&failure).ok(),
        Format::Table | Format::Wide | Format::Name => None,
    }
}

/// An error as kubectl prints its own, the hints below it.
pub fn error_text(error: &Error) -> String {
    let hints: String = error.hints.iter().map(|hint| format!("hint: {}\n", clean::line(hint))).collect();
    format!("error: {}\n{hints}", clean::line(&error.message))
}

pub(crate) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Text for a person while something runs, or nothing for what is said at the end anyway.
pub fn progress_text(event: &crate::event::Event) -> Option<String> {
    text::progress(event)
}
