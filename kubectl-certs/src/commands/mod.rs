//! The command line: help texts and arguments, each command in its file, turned into a `Request`. Nothing is read here.

mod api;
mod apply;
mod check;
mod demo;
mod explain;
mod filter;
mod kubectl;
mod list;
mod node;
mod renew;
mod runs;
mod scope;
mod show;
mod ssh;
mod tree;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::model::{Location, Place};
use crate::output::{Format, Style};
use crate::request::{Renew, Request, Scope};

/// The others accept kubectl's options too, but do not list them in their help.
const LOOKS_AT_CLUSTERS: [&str; 5] = ["list", "show", "tree", "check", "renew"];

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
    #[command(flatten)]
    kubectl: kubectl::KubectlArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Tree(tree::Args),
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
    #[command(hide = true)]
    Node(node::Args),
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
    /// Plan, show, ask, do. What an authority signed may be in a folder that must still be read.
    Change { renew: Renew, signed: Option<String>, dry_run: bool, yes: bool },
    /// Answer, and write the requests for certificates into this folder.
    Requests { renew: Renew, folder: String },
    /// The plan is in this file (`-` for standard input).
    Apply { file: String, yes: bool },
    /// JSON in, JSON lines out.
    Api,
    /// The helper that runs on a node.
    Node { root: String, silence: Option<std::time::Duration> },
}

impl Asked {
    /// The PEM text for the target `-` must still be read.
    pub fn wants_input(&mut self) -> bool {
        let is_input = |target: &String| matches!(target.parse(), Ok(Location { place: Place::StandardInput, .. }));
        // A plan is kept; what came on standard input, a key perhaps, must not be in it.
        matches!(self, Self::Answer(_)) && self.scope().is_some_and(|scope| scope.targets.iter().any(is_input))
    }

    pub fn give_input(&mut self, text: String) {
        if let Some(scope) = self.scope() {
            scope.input = Some(text);
        }
    }

    fn scope(&mut self) -> Option<&mut Scope> {
        match self {
            Self::Answer(request) => request.scope_mut(),
            Self::Change { renew, .. } | Self::Requests { renew, .. } => Some(&mut renew.scope),
            Self::Apply { .. } | Self::Api | Self::Node { .. } => None,
        }
    }
}

/// `program` is what people type (`kubectl certs`), from the name under which this was started.
pub fn parse(arguments: Vec<std::ffi::OsString>, program: &str) -> Result<Invocation, clap::Error> {
    let arguments = arguments.into_iter().map(plain_name_of_input);
    let matches = definition(program).try_get_matches_from(arguments)?;
    let cli = Cli::from_arg_matches(&matches)?;
    let kubectl = cli.kubectl;
    let answer = |request: Request, output: &scope::OutputArgs| (Asked::Answer(request), output.style(program));
    let spoken = || Style { format: Format::Json, ..scope::plain(program) };
    let (mut what, style) = match cli.command {
        Command::List(args) => answer(Request::List((&args).into()), &args.output),
        Command::Show(args) => answer(Request::Show((&args).into()), &args.output),
        Command::Tree(args) => {
            let (what, style) = answer(Request::Tree((&args).into()), &args.output);
            (what, Style { ascii: args.ascii, ..style })
        }
        Command::Check(args) => answer(Request::Check((&args).into()), &args.output),
        Command::Explain(args) => answer(Request::Explain((&args).into()), &args.output),
        Command::Renew(args) => (args.asked(), args.output.style(program)),
        Command::Apply(args) => {
            let style = args.output.style(program);
            (Asked::Apply { file: args.file, yes: args.yes }, style)
        }
        Command::Runs(args) => {
            let output = args.output().clone();
            answer(Request::Runs(args.into()), &output)
        }
        Command::Demo(args) => answer(Request::Demo((&args).into()), &args.output),
        Command::Version(args) => answer(Request::Version, &args.output),
        Command::Schema(args) => answer(Request::Schema, &args.output),
        Command::Api(_) => (Asked::Api, spoken()),
        Command::Node(args) => (Asked::Node { silence: args.silence(), root: args.root }, spoken()),
    };
    if let Some(scope) = what.scope() {
        kubectl.apply_to(scope);
    }
    Ok(Invocation { what, style })
}

/// The arguments and help texts under the name that people type.
fn definition(program: &str) -> clap::Command {
    let mut command = Cli::command().name(program.to_owned()).bin_name(program.to_owned());
    command.build();
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let quiet = !LOOKS_AT_CLUSTERS.contains(&name.as_str());
        command = command.mut_subcommand(name, |sub| {
            let sub = if quiet { without_kubectl_options(sub) } else { sub };
            match sub.get_after_help().map(|help| help.to_string().replace("kubectl certs", program)) {
                Some(help) => sub.after_help(help),
                None => sub,
            }
        });
    }
    without_kubectl_options(command)
}

/// They are accepted all the same; where they have no effect, they would only be noise in the help.
fn without_kubectl_options(command: clap::Command) -> clap::Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let own = command.get_name().to_owned();
    let command = command.mut_args(|arg| {
        let noise = arg.get_help_heading() == Some(kubectl::HEADING);
        arg.hide(noise)
    });
    // `runs list` and its like; the commands themselves are told apart above.
    names
        .into_iter()
        .filter(|_| own == "runs")
        .fold(command, |command, name| command.mut_subcommand(name, without_kubectl_options))
}

/// `-#2`, as printed for the second certificate of standard input, looks like an option.
fn plain_name_of_input(argument: std::ffi::OsString) -> std::ffi::OsString {
    match argument.to_str().and_then(|text| text.strip_prefix("-#")) {
        Some(number) => format!("stdin#{number}").into(),
        None => argument,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        super::Cli::command().debug_assert();
    }
}
