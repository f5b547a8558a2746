//! Reports as bytes. Pure: whoever asks brings the stream. One writer per format.

mod clean;
mod columns;
mod csv;
mod describe;
mod for_programs;
mod format;
mod jsonpath;
mod kubeadm_json;
mod mermaid;
mod others;
mod plan;
mod prometheus;
mod requests;
mod table;
mod text;
mod tree;
mod users;
pub mod wire;

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;

use crate::error::{Error, exit};
use crate::findings::Severity;
use crate::plan::{Action, Plan};
use crate::report::Report;
use crate::request::quoted;
pub use format::{Format, Kind};
pub use jsonpath::{Missing, Template};
use wire::Document;

/// How the report is to look.
#[derive(Clone, Debug)]
pub struct Style {
    pub format: Format,
    pub headers: bool,
    /// What a template may ask for although nothing has it.
    pub missing: Missing,
    /// Lines of trees in plain characters.
    pub ascii: bool,
    /// What people type to run this program: `kubectl certs`.
    pub program: String,
}

/// For standard output and standard error.
#[derive(Debug, Default)]
struct Rendered {
    out: String,
    err: String,
}

/// Writes the report, and returns what is to be said beside it on standard error.
pub fn render(report: &Report, style: &Style, out: &mut dyn Write) -> Result<String, Error> {
    let written = match &style.format {
        Format::Table | Format::Wide => {
            let said = text::write(report, style, out).map_err(for_programs::Fault::Io)?;
            return Ok(said + &text::gaps(report.gaps()));
        }
        Format::Name => names(report, out).map_err(for_programs::Fault::Io),
        Format::Json => for_programs::json(report, out),
        Format::Yaml => for_programs::yaml(report, out),
        Format::Csv => for_programs::csv(report, out),
        Format::KubeadmJson => match report {
            Report::List(listing) => kubeadm_json::write(listing, out),
            _ => Err(for_programs::Fault::Template("-o kubeadm-json is a format of list alone".to_owned())),
        },
        Format::Prometheus => match report {
            Report::List(listing) => prometheus::write(listing, out).map_err(for_programs::Fault::Io),
            _ => Err(for_programs::Fault::Template("-o prometheus is a format of list alone".to_owned())),
        },
        Format::Mermaid => match report {
            Report::Tree(tree) => mermaid::write(tree, out).map_err(for_programs::Fault::Io),
            _ => Err(for_programs::Fault::Template("-o mermaid is a format of tree alone".to_owned())),
        },
        Format::JsonPath(template) => for_programs::jsonpath(report, template, style.missing, out),
        Format::JsonPathAsJson(template) => for_programs::jsonpath_as_json(report, template, style.missing, out),
        Format::CustomColumns(columns) => for_programs::columns(report, columns, style.headers, out),
        Format::InFile(..) => Ok(()),
    };
    written?;
    Ok(if style.format.is_document() { String::new() } else { text::gaps(report.gaps()) })
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

fn names(report: &Report, out: &mut dyn Write) -> std::io::Result<()> {
    let names: Box<dyn Iterator<Item = String> + '_> = match report {
        Report::List(listing) => {
            let rows = listing.rows().map(|row| row.target.to_string());
            Box::new(rows.chain(listing.others.iter().map(|entry| entry.at.to_string())))
        }
        Report::Show(shown) => {
            let rows = shown.rows.iter().map(|row| row.listed.target.to_string());
            Box::new(rows.chain(shown.others.iter().map(|entry| entry.at.to_string())))
        }
        Report::Tree(tree) => {
            let places = tree.nodes.iter().flat_map(|node| &node.places);
            Box::new(places.map(|place| place.target.to_string()))
        }
        Report::Check(checked) => Box::new(checked.findings.iter().map(|finding| finding.at.to_string())),
        Report::Explain(checks) => Box::new(checks.iter().map(|check| check.code.to_owned())),
        Report::Explanation(check) => Box::new(core::iter::once(check.code.to_owned())),
        Report::Plan(planned) => Box::new(places(&planned.plan).into_iter()),
        Report::Requests(made) => Box::new(made.requests.iter().map(|request| request.name.clone())),
        Report::Run(done, _) => Box::new(core::iter::once(done.run.clone())),
        Report::Runs(runs, _) => Box::new(runs.iter().map(|run| run.run.clone())),
        Report::RunDetails(run, _) => Box::new(core::iter::once(run.run.clone())),
        Report::Demo(made) => Box::new(core::iter::once(made.folder.clone())),
        Report::Version => Box::new(core::iter::once(env!("CARGO_PKG_VERSION").to_owned())),
        Report::Schema => Box::new(schema().into_keys().map(str::to_owned)),
    };
    names.into_iter().try_for_each(|name| writeln!(out, "{name}"))
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
pub fn failure(error: &Error, format: &Format) -> Option<String> {
    let failure = wire::Failure { error: error.clone() };
    match format {
        Format::Json => serde_json::to_string_pretty(&failure).ok().map(|text| text + "\n"),
        Format::Yaml => serde_saphyr::to_string(&failure).ok(),
        _ => None,
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
