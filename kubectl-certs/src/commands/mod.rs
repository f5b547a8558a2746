//! The command line: help texts and arguments, each command in its file, turned into a `Request`. Nothing is read here.

mod api;
mod apply;
mod check;
mod demo;
mod explain;
mod list;
mod renew;
mod runs;
mod scope;
mod show;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::output::{Format, Style};
use crate::request::Request;

const EXIT_CODES: &str = "\
Exit codes:
  0    done, or nothing to do
  1    findings at or above --fail-on (beats 3)
  2    wrong usage or bad input
  3    could not read enough: unreachable, forbidden, unreadable
  4    refused: unsafe, changed since planned, or not confirmed
  5    failed, and safe: undone or resumable
  6    failed, needs a person
  7    another run holds the lock
  130  interrupted";

/// See, judge and renew every certificate of a Kubernetes cluster
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = EXIT_CODES,
    infer_subcommands = false,
    max_term_width = 120,
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Check(check::Args),
    Explain(explain::Args),
    Renew(renew::Args),
    Apply(apply::Args),
    Runs(runs::Args),
    Demo(demo::Args),
    Version(VersionArgs),
    Schema(SchemaArgs),
    #[command(hide = true)]
    Api(api::Args),
}

/// Print the version of the program and of its JSON
#[derive(Debug, clap::Args)]
struct VersionArgs {
    #[command(flatten)]
    output: scope::OutputArgs,
}

/// Print the JSON Schema of requests, events and documents
#[derive(Debug, clap::Args)]
struct SchemaArgs {
    #[command(flatten)]
    output: scope::OutputArgs,
}

/// What one call of the program asks for.
pub struct Invocation {
    pub what: Asked,
    pub style: Style,
}

pub enum Asked {
    /// Answer and print.
    Answer(Request),
    /// Plan, show, ask, do.
    Change { request: Request, dry_run: bool, yes: bool },
    /// The plan is in this file (`-` for standard input).
    Apply { file: String, yes: bool },
    /// JSON in, JSON lines out.
    Api,
}

impl Asked {
    /// The PEM text for the target `-` must still be read.
    pub fn wants_input(&self) -> bool {
        let scope = match self {
            Self::Answer(Request::List(look) | Request::Show(look)) => &look.scope,
            Self::Answer(Request::Check(check)) => &check.scope,
            _ => return false,
        };
        scope.targets.iter().any(|target| target == "-")
    }

    pub fn give_input(&mut self, text: String) {
        let scope = match self {
            Self::Answer(Request::List(look) | Request::Show(look)) => &mut look.scope,
            Self::Answer(Request::Check(check)) => &mut check.scope,
            _ => return,
        };
        scope.input = Some(text);
    }
}

/// `program` is what people type (`kubectl certs`), from the name under which this was started.
pub fn parse(arguments: Vec<std::ffi::OsString>, program: &str) -> Result<Invocation, clap::Error> {
    let command = Cli::command().name(program.to_owned()).bin_name(program.to_owned());
    let matches = command.try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let answer =
        |request: Request, output: &scope::OutputArgs| (Asked::Answer(request), output.format(), !output.no_headers);
    let (what, format, headers) = match cli.command {
        Command::List(args) => answer(Request::List((&args).into()), &args.output),
        Command::Show(args) => answer(Request::Show((&args).into()), &args.output),
        Command::Check(args) => answer(Request::Check((&args).into()), &args.output),
        Command::Explain(args) => answer(Request::Explain((&args).into()), &args.output),
        Command::Renew(args) => {
            let what = Asked::Change {
                request: Request::Renew((&args).into()),
                dry_run: args.dry_run.is_some(),
                yes: args.yes,
            };
            (what, args.output.format(), !args.output.no_headers)
        }
        Command::Apply(args) => {
            let what = Asked::Apply { file: args.file, yes: args.yes };
            (what, args.output.format(), !args.output.no_headers)
        }
        Command::Runs(args) => {
            let output = args.output().clone();
            answer(Request::Runs(args.into()), &output)
        }
        Command::Demo(args) => answer(Request::Demo((&args).into()), &args.output),
        Command::Version(args) => answer(Request::Version, &args.output),
        Command::Schema(args) => answer(Request::Schema, &args.output),
        Command::Api(_) => (Asked::Api, Format::Json, true),
    };
    Ok(Invocation { what, style: Style { format, headers, program: program.to_owned() } })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        super::Cli::command().debug_assert();
    }
}
