//! Reports for people.

use std::io::{self, Write};

use super::table::{self, table};
use super::{Format, Rendered, Style, clean, describe, plan, quoted, requests, severity_word, tree};
use crate::event::{Event, What};
use crate::findings::{Check, Finding, Severity};
use crate::model::{Gap, KeyState};
use crate::report::{Checked, DemoMade, Listed, Listing, Report, RunDone, RunInfo};

/// Writes what is for standard output, and returns the rest.
pub(super) fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<String> {
    match report {
        Report::List(listing) => list(listing, style, out),
        Report::Check(checked) => check(checked, style, out),
        Report::Tree(tree) if tree.nodes.is_empty() => Ok(nothing_found(tree.namespace.as_deref(), &tree.gaps)),
        Report::Tree(tree) => tree::write(tree, style, out).map(|()| String::new()),
        short => {
            let Rendered { out: text, err } = render(short, style);
            out.write_all(text.as_bytes()).map(|()| err)
        }
    }
}

fn render(report: &Report, style: &Style) -> Rendered {
    match report {
        // Written as they are made.
        Report::List(_) | Report::Check(_) | Report::Tree(_) => Rendered::default(),
        Report::Show(shown) => Rendered {
            out: {
                let rows = shown.rows.iter().map(|row| describe::certificate(row, shown.now));
                let others = shown.others.iter().map(|entry| super::others::describe(entry, shown.now));
                rows.chain(others).collect::<Vec<_>>().join("\n")
            },
            ..Rendered::default()
        },
        Report::Explain(checks) => explain_all(checks, style),
        Report::Explanation(check) => Rendered { out: describe::check(check, &style.program), ..Rendered::default() },
        Report::Plan(planned) => plan::render(&planned.plan, style),
        Report::Requests(made) => requests::render(made, style),
        Report::Run(done, _) => run(done, style),
        Report::Runs(runs, gaps) => list_runs(runs, gaps, style),
        Report::RunDetails(run, events) => run_details(run, events),
        Report::Demo(made) => demo(made, style),
        Report::Version => {
            Rendered { out: format!("{} {}\n", style.program, env!("CARGO_PKG_VERSION")), ..Rendered::default() }
        }
        Report::Schema => Rendered {
            out: serde_json::to_string_pretty(&super::schema()).unwrap_or_default() + "\n",
            ..Rendered::default()
        },
    }
}

fn list(listing: &Listing, style: &Style, out: &mut dyn Write) -> io::Result<String> {
    if listing.chosen.is_empty() && listing.others.is_empty() {
        return Ok(nothing_found(listing.namespace.as_deref(), &listing.gaps));
    }
    let wide = matches!(style.format, Format::Wide);
    let mut headers = vec!["NAME", "STATE", "EXPIRES", "LEFT", "SUBJECT", "SIGNED-BY"];
    if wide {
        headers.extend(["KEY", "ALGORITHM", "SERIAL", "BACKUP", "PLACE"]);
    }
    // These stand behind the others, where there is something to tell: who reads by position reads on.
    let users = wide && listing.chosen.iter().any(|row| row.used_by.is_some());
    let copies = listing.rows().any(|row| !row.entry.also_in.is_empty());
    headers.extend(users.then_some("USED-BY"));
    headers.extend(copies.then_some("IN"));
    let rows = || {
        listing.rows().map(|row| {
            let mut cells = list_row(&row, listing, wide);
            cells.extend(users.then(|| row.used_by.map(|count| count.to_string()).unwrap_or_default()));
            cells.extend(copies.then(|| in_namespaces(&row)));
            cells
        })
    };
    table::write(out, &headers, rows, style.headers)?;
    let others = super::others::tables(listing, wide, style.headers);
    // As kubectl parts the tables of several kinds.
    if !listing.chosen.is_empty() && !others.is_empty() {
        writeln!(out)?;
    }
    out.write_all(others.join("\n").as_bytes())?;
    // By what it was recognised: whoever wonders about a name looks here.
    let recognised = listing.layouts.iter().filter(|_| wide).map(|found| {
        let on = found.node.as_ref().map_or_else(String::new, |node| format!(" on {}", clean::line(node)));
        format!("{}{on}: {}\n", found.name, clean::line(&found.why))
    });
    Ok(recognised.collect())
}

/// In kubectl's own words, which scripts look for. Where something could not be read, nobody knows what is there: then
/// the gap is all there is to say.
fn nothing_found(namespace: Option<&str>, gaps: &[Gap]) -> String {
    match namespace {
        _ if !gaps.is_empty() => String::new(),
        Some(namespace) => format!("No resources found in {} namespace.\n", clean::line(namespace)),
        None => "No resources found\n".to_owned(),
    }
}

/// Copies of one object in many namespaces are one row.
fn in_namespaces(row: &Listed<'_>) -> String {
    match row.entry.also_in.len() {
        0 => String::new(),
        more => format!("{} namespaces", more + 1),
    }
}

fn list_row(row: &Listed<'_>, listing: &Listing, wide: bool) -> Vec<String> {
    let certificate = &row.certificate;
    let first = row.target.number.is_none_or(|number| number == 1);
    let mut cells = vec![
        row.label(listing.named),
        row.state.word().to_owned(),
        certificate.not_after.minute(),
        certificate.not_after.since(listing.now).to_string(),
        listing.subject(certificate),
        listing.signer(certificate),
    ];
    if wide {
        let key = match (first, row.entry.key) {
            (false, _) | (_, KeyState::Absent) => "-",
            (_, KeyState::Matches) => "matches",
            (_, KeyState::Differs) => "differs",
            (_, KeyState::Unreadable) => "unreadable",
        };
        let backup = if row.entry.origin.backup { "yes" } else { "-" };
        let serial = certificate.serial.clone();
        let target = row.target.to_string();
        cells.extend([key.to_owned(), certificate.key_algorithm.to_string(), serial, backup.to_owned(), target]);
    }
    cells
}

fn check(checked: &Checked, style: &Style, out: &mut dyn Write) -> io::Result<String> {
    let wide = matches!(style.format, Format::Wide);
    // What was found comes last: it is the only cell with spaces in it.
    let headers: &[&str] =
        if wide { &["SEVERITY", "CODE", "NAME", "PLACE", "WHAT"] } else { &["SEVERITY", "CODE", "NAME", "WHAT"] };
    let rows = || checked.findings.iter().map(|finding| finding_row(finding, checked.named, wide));
    table::write(out, headers, rows, style.headers).map(|()| summary(checked, style))
}

fn finding_row(finding: &Finding, named: bool, wide: bool) -> Vec<String> {
    let place = finding.at.to_string();
    let mut cells = vec![severity_word(finding.severity).to_owned(), finding.code.clone(), finding.label(named)];
    if wide {
        cells.push(place);
    }
    cells.push(finding.message.clone());
    cells
}

fn summary(checked: &Checked, style: &Style) -> String {
    let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
    let parts: Vec<String> =
        [(count(Severity::Error), "error"), (count(Severity::Warning), "warning"), (count(Severity::Info), "info")]
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}{}", if *count == 1 || *word == "info" { "" } else { "s" }))
            .collect();
    if checked.certificates == 0 {
        return nothing_found(checked.namespace.as_deref(), &checked.gaps);
    }
    let looked = format!("{} certificate{}", checked.certificates, if checked.certificates == 1 { "" } else { "s" });
    if parts.is_empty() {
        // A gap may hide anything: this must not sound like the end of worry.
        let read = if checked.gaps.is_empty() { "" } else { " that could be read" };
        return format!("Nothing wrong with {looked}{read}.\n");
    }
    let mut text = format!("{} in {looked}. What a code means: {} explain CODE\n", parts.join(", "), style.program);
    if checked.findings.iter().any(|finding| finding.remedy.is_some()) {
        let root = checked.root.as_ref().map_or_else(String::new, |root| format!(" --root {}", quoted(root)));
        text.push_str(&format!("To see what renewing would do: {} renew{root} --dry-run\n", style.program));
    }
    text
}

fn explain_all(checks: &[&Check], style: &Style) -> Rendered {
    let rows: Vec<_> = checks.iter().map(|check| vec![check.code.to_owned(), check.title.to_owned()]).collect();
    Rendered { out: table(&["CODE", "MEANING"], &rows, style.headers), ..Rendered::default() }
}

fn run(done: &RunDone, style: &Style) -> Rendered {
    let mut out = String::new();
    for step in &done.steps {
        let mark = match step.pending_until {
            Some(until) => format!("pending until {until}"),
            None if step.changed => "done".to_owned(),
            None => "as it was".to_owned(),
        };
        out.push_str(&format!("{mark}   {}   {}\n", step.id, step.title));
        for line in &step.evidence {
            out.push_str(&format!("       {}\n", clean::line(line)));
        }
        if step.pending_until.is_some() {
            out.push_str("       written; in use by then at the latest, without a restart\n");
        }
    }
    for line in &done.evidence {
        out.push_str(&format!("proof  {}\n", clean::line(line)));
    }
    for left in &done.left_alone {
        if left.why.contains("restart it yourself") {
            out.push_str(&format!("to do  {}: {}\n", left.name, left.why));
        }
    }
    let way = match done.state {
        crate::report::RunState::Done => format!(
            "Run {} is done. Take it back: {p} runs undo {run}. Wipe the backups when all is well: {p} runs finish {run}\n",
            done.run,
            p = style.program,
            run = done.run
        ),
        state => format!("Run {} is {}.\n", done.run, state.word()),
    };
    Rendered { out, err: way }
}

fn list_runs(runs: &[RunInfo], gaps: &[Gap], style: &Style) -> Rendered {
    if runs.is_empty() {
        // A gap may hide any: it is all there is to say.
        if !gaps.is_empty() {
            return Rendered::default();
        }
        return Rendered { err: "No runs found.\n".to_owned(), ..Rendered::default() };
    }
    let rows: Vec<_> = runs
        .iter()
        .map(|run| {
            vec![
                run.run.clone(),
                run.word().to_owned(),
                format!("{}/{}", run.steps_done, run.steps_total),
                run.started.to_string(),
                disks(&run.root, &run.nodes),
            ]
        })
        .collect();
    Rendered { out: table(&["RUN", "STATE", "STEPS", "STARTED", "ON"], &rows, style.headers), ..Rendered::default() }
}

/// For people: which machines, or which disk.
pub(super) fn disks(root: &str, nodes: &[String]) -> String {
    match (nodes.is_empty(), root) {
        (false, _) => nodes.join(", "),
        (true, "/") => "this machine".to_owned(),
        (true, root) => root.to_owned(),
    }
}

fn run_details(run: &RunInfo, events: &[Event]) -> Rendered {
    let mut out = format!(
        "Run:      {}\nState:    {}\nOn:       {}\nStarted:  {}\nSteps:    {} of {}\nEvents:\n",
        run.run,
        run.word(),
        disks(&run.root, &run.nodes),
        run.started,
        run.steps_done,
        run.steps_total
    );
    for event in events {
        out.push_str(&format!("  {}  {}\n", event.time, sentence(event).trim_end()));
    }
    Rendered { out, ..Rendered::default() }
}

/// What is worth a line while it happens; how each step ended is told at the end.
pub(super) fn progress(event: &Event) -> Option<String> {
    let quiet = matches!(
        event.what,
        What::StepSucceeded { .. }
            | What::GatePassed { .. }
            | What::Pending { .. }
            | What::Finished { .. }
            | What::Failed { .. }
    );
    (!quiet).then(|| sentence(event))
}

fn sentence(event: &Event) -> String {
    let text = match &event.what {
        What::Started { title, root, nodes, .. } => {
            format!("run {} begins: {title} on {}", event.run, disks(root, nodes))
        }
        What::Lost { node, why } => format!("{node} no longer answers: {why}"),
        What::Waiting { why, .. } => format!("waiting: {why}"),
        What::StepStarted { step, title, .. } => format!("{step}: {title}"),
        What::StepSkipped { step, why } => format!("{step}: skipped, {why}"),
        What::StepSucceeded { step, .. } => format!("{step}: done"),
        What::StepFailed { step, error } => format!("{step}: failed: {}", error.message),
        What::GatePassed { phase, evidence } => format!("{phase}: {}", evidence.join("; ")),
        What::Pending { step, until, why } => format!("{step}: pending until {until}: {why}"),
        What::Finished { done, skipped } => format!("{done} done, {skipped} as it was"),
        What::Failed { error } => format!("failed: {}", error.message),
        What::Resumed => format!("run {} goes on", event.run),
        What::UndoStarted => format!("run {} is taken back", event.run),
        What::UndoneStep { step, why } => format!("{step}: {why}"),
        What::Undone => "all is as before".to_owned(),
        What::Wiped => "backups and staged files are wiped".to_owned(),
    };
    clean::line(&text) + "\n"
}

fn demo(made: &DemoMade, style: &Style) -> Rendered {
    let (program, folder) = (&style.program, quoted(&made.folder));
    let mut checked = Vec::new();
    // Memory takes everything.
    check(&made.check, style, &mut checked).ok();
    let err = format!(
        "The disk of an invented control-plane node is in {folder} ({} files, {} troubles).\nThis is what its check says:\n\n",
        made.files, made.troubles
    );
    let next = format!(
        "\nTry on it:\n  {program} list --root {folder}\n  {program} show apiserver --root {folder}\n  {program} explain key-differs\n  \
         {program} renew --root {folder} --dry-run\n  {program} renew --root {folder} --yes\n  {program} check --root {folder}\n  \
         {program} runs undo --root {folder}\n"
    );
    Rendered { out: String::from_utf8_lossy(&checked).into_owned() + &next, err }
}

pub(super) fn gaps(gaps: &[Gap]) -> String {
    gaps.iter()
        .map(|gap| {
            format!("warning: {} could not be read ({}): {}\n", gap.at, gap.reason.code(), clean::line(&gap.message))
        })
        .collect()
}
