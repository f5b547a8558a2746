//! One call of the program, from its arguments to its exit code: asks, shows, confirms. The only room that talks to a
//! terminal.

mod api;
mod expired;
mod interrupts;
mod progress;
mod requests;
mod streams;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use crate::access::Access;
use crate::access::nodes::helper;
use crate::answer::{Control, answer, saved_plan};
use crate::commands::{self, Asked, Invocation};
use crate::error::{Error, exit, without_keys};
use crate::output::{self, Format, Style};
use crate::report::{Planned, Report};
use crate::request::{Apply, Mode, Renew, Request, quoted};
use interrupts::Interrupts;

/// Runs one call and returns its exit code.
pub fn run(arguments: Vec<OsString>, access: &Access) -> u8 {
    let program = program_name(arguments.first());
    let invocation = match commands::parse(arguments, &program) {
        Ok(invocation) => invocation,
        Err(error) => return usage(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&Error::failed(format!("failed to start: {error}"))),
    };
    runtime.block_on(call(invocation, access))
}

/// kubectl starts `kubectl-NAME` for `kubectl NAME`, `kubectl-A-B` for `kubectl A B` and `kubectl-A_B` for `kubectl A-B`; under another name (a link, our own index) that one is shown.
fn program_name(first: Option<&OsString>) -> String {
    let path = first.map(std::path::Path::new);
    let name = path
        .and_then(|path| path.file_name())
        .map_or_else(|| "kubectl-certs".to_owned(), |name| name.to_string_lossy().into_owned());
    let name = name.strip_suffix(".exe").unwrap_or(&name);
    match name.strip_prefix("kubectl-") {
        Some(plugin) => format!("kubectl {}", plugin.replace('-', " ").replace('_', "-")),
        None => name.to_owned(),
    }
}

/// The commands of the demo are to be pasted; where kubectl would not find this program, what to type instead.
fn how_to_start(program: &str) -> Option<String> {
    let name = program.strip_prefix("kubectl ")?;
    which::which(format!("kubectl-{}", name.replace('-', "_").replace(' ', "-"))).is_err().then_some(())?;
    let own = std::env::current_exe().ok()?;
    let own = quoted(&own.to_string_lossy());
    Some(format!(
        "kubectl does not find this program, because its folder is not in PATH: until it is, type {own} instead of '{program}'.\n"
    ))
}

/// clap's own text, with our exit code: 0 for --help and --version, 2 otherwise.
fn usage(error: &clap::Error) -> u8 {
    let text = error.render().to_string();
    if error.use_stderr() {
        // It quotes what was typed.
        streams::err(&without_keys(&text));
        exit::USAGE
    } else {
        written(streams::out(&text), exit::DONE)
    }
}

fn fail(error: &Error) -> u8 {
    streams::err(&output::error_text(error));
    error.kind.exit_code()
}

/// An answer that did not reach its reader (a full disk) must not look like one.
fn written(outcome: Result<(), Error>, code: u8) -> u8 {
    match outcome {
        Ok(()) => code,
        Err(error) => fail(&error),
    }
}

async fn call(invocation: Invocation, access: &Access) -> u8 {
    let Invocation { mut what, mut style } = invocation;
    style.ascii |= !streams::draws();
    if let Format::InFile(kind, file) = &style.format {
        let read = streams::text_file(file)
            .and_then(|text| kind.read(&text).map_err(|why| Error::usage(format!("{file}: {why}"))));
        match read {
            Ok(format) => style.format = format,
            Err(error) => return fail(&error),
        }
    }
    if what.wants_input() {
        match streams::text_input() {
            Ok(text) => what.give_input(text),
            Err(error) => return fail(&output::named(error, &style.program)),
        }
    }
    let interrupts = Interrupts::watch();
    let control = Control {
        sink: Arc::new(|event| {
            if let Some(text) = output::progress_text(event) {
                streams::err(&text);
            }
        }),
        stop: interrupts.stop.clone(),
        ..Control::silent()
    };
    if matches!(what, Asked::Answer(Request::Runs(_))) {
        interrupts.begin_change();
    }
    if let Asked::Change { renew, signed: Some(folder), .. } = &mut what
        && let Err(error) = requests::add_signed(renew, folder)
    {
        return fail(&output::named(error, &style.program));
    }
    let dialogue = Dialogue { style: &style, access, control: &control, interrupts: &interrupts };
    let outcome = match what {
        Asked::Api => return api::api(access, &interrupts).await,
        Asked::Node { root, silence } => {
            let node = access.nodes.at(&root);
            let served = helper::serve(&*node, std::io::stdin(), std::io::stdout(), silence).await;
            return written(served.map_err(|error| Error::failed(format!("failed to answer: {error}"))), exit::DONE);
        }
        Asked::Answer(request) => expired::answer(request, access, &control).await,
        Asked::Requests { renew, folder } => requests::requests(renew, &folder, access, &control).await,
        Asked::Change { renew, dry_run: true, .. } => expired::answer(Request::Renew(renew), access, &control).await,
        Asked::Change { renew, yes: true, .. } => Box::pin(dialogue.renew_at_once(renew)).await,
        Asked::Change { renew, .. } => Box::pin(dialogue.renew(renew)).await,
        Asked::Apply { file, yes } => dialogue.apply(&file, yes).await,
    };
    expired::tell();
    match outcome.and_then(|report| tell(&report, &style).map(|()| report)) {
        Ok(report) => {
            let code = output::exit_code(&report);
            // The process ends here: to give back ten thousand certificates piece by piece would only keep people waiting.
            core::mem::forget(report);
            code
        }
        Err(error) => {
            let error = output::named(error, &style.program);
            let outcome = output::failure(&error, &style.format).map_or(Ok(()), |text| streams::out(&text));
            written(outcome, fail(&error))
        }
    }
}

fn tell(report: &Report, style: &Style) -> Result<(), Error> {
    // What introduces a demo stands before it; everything else on standard error closes the answer.
    if matches!(report, Report::Demo(_)) {
        let mut text = Vec::new();
        streams::err(&output::render(report, style, &mut text)?);
        streams::out(&String::from_utf8_lossy(&text))?;
        if let Some(note) = how_to_start(&style.program) {
            streams::err(&note);
        }
        return Ok(());
    }
    let mut out = streams::Out::open();
    let said = output::render(report, style, &mut out);
    let flushed = out.flush();
    drop(out);
    streams::err(&said?);
    flushed.map_err(|error| Error::failed(format!("failed to write to standard output: {error}")))
}

/// What a changing command talks to the person with.
struct Dialogue<'a> {
    style: &'a Style,
    access: &'a Access,
    control: &'a Control,
    interrupts: &'a Interrupts,
}

impl Dialogue<'_> {
    /// Plan, show it, ask, do exactly that.
    async fn renew(&self, renew: Renew) -> Result<Report, Error> {
        let planned = expired::answer(Request::Renew(renew), self.access, self.control).await?;
        let Report::Plan(plan) = &planned else { return Ok(planned) };
        if plan.plan.is_empty() {
            return Ok(planned);
        }
        self.ask(&planned)?;
        self.apply_plan(serde_json::to_value(&plan.plan).map_err(|error| Error::failed(error.to_string()))?).await
    }

    /// Nobody thinks about the plan meanwhile, so it need not be made again.
    async fn renew_at_once(&self, renew: Renew) -> Result<Report, Error> {
        let style = self.style.clone();
        let planned = Arc::new(move |planned: &Planned| {
            if !planned.plan.is_empty() {
                // It is shown for the record; who cannot be shown it has said yes all the same.
                show(&Report::Plan(Box::new(planned.clone())), &style).ok();
            }
        });
        self.interrupts.begin_change();
        let request = Request::Renew(Renew { mode: Mode::Apply, ..renew });
        answer(&request, self.access, &Control { planned, ..self.control.clone() }).await
    }

    async fn apply(&self, file: &str, yes: bool) -> Result<Report, Error> {
        let text = streams::text_file(file)?;
        let plan: serde_json::Value = serde_json::from_str(&text).map_err(|error| {
            Error::usage(format!("{file} is not JSON: {error}"))
                .hint("kubectl certs renew --dry-run -o json makes a plan")
        })?;
        if !yes {
            // Judged before anybody is asked: what would be refused anyway is no question.
            self.ask(&saved_plan(&plan, self.access).await?)?;
        }
        self.apply_plan(plan).await
    }

    async fn apply_plan(&self, plan: serde_json::Value) -> Result<Report, Error> {
        self.interrupts.begin_change();
        answer(&Request::Apply(Apply { plan }), self.access, self.control).await
    }

    fn ask(&self, planned: &Report) -> Result<(), Error> {
        show(planned, self.style)?;
        if !streams::can_ask() {
            return Err(Error::refused(
                "nobody can be asked here (standard input is no terminal), and nothing was changed",
            )
            .hint("--yes does it without asking, --dry-run only shows the plan"));
        }
        if streams::ask("Do this? [y/N] ") { Ok(()) } else { Err(Error::refused("not confirmed; nothing was changed")) }
    }
}

/// The plan goes to standard error: standard output is for what came of it.
fn show(planned: &Report, style: &Style) -> Result<(), Error> {
    let style = Style { format: Format::Table, ..style.clone() };
    let mut text = Vec::new();
    let said = output::render(planned, &style, &mut text)?;
    streams::err(&String::from_utf8_lossy(&text));
    streams::err(&said);
    Ok(())
}
