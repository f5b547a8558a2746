use clap::Subcommand;

use super::scope::{OutputArgs, WHERE, absolute};
use super::ssh::SshArgs;
use crate::request::{Runs, RunsVerb, Scope};

/// The journal of changes: list, show, resume, undo, finish
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the runs of this machine, and those that you started on other disks
    List(ListArgs),
    /// Show what happened in a run
    Show(RunArgs),
    /// Go on with a run that was cut off or failed
    Resume(RunArgs),
    /// Put back everything that a run changed
    Undo(RunArgs),
    /// Wipe the backups and staged keys of a run; there is no way back after it
    Finish(RunArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
struct RunArgs {
    /// Name of the run; may be left out where only one can be meant
    #[arg(value_name = "RUN")]
    run: Option<String>,

    #[command(flatten)]
    place: PlaceArgs,
}

#[derive(Debug, clap::Args)]
struct PlaceArgs {
    /// The disk of a node in this folder
    #[arg(help_heading = WHERE, long, value_name = "DIR")]
    root: Option<String>,

    #[command(flatten)]
    ssh: SshArgs,

    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    fn place(&self) -> &PlaceArgs {
        match &self.verb {
            Verb::List(args) => &args.place,
            Verb::Show(args) | Verb::Resume(args) | Verb::Undo(args) | Verb::Finish(args) => &args.place,
        }
    }

    pub(super) fn output(&self) -> &OutputArgs {
        &self.place().output
    }
}

impl From<Args> for Runs {
    fn from(args: Args) -> Self {
        let place = args.place();
        let root = place.root.as_deref().map(absolute);
        let scope = Scope { root, ssh: (&place.ssh).into(), ..Scope::default() };
        let (verb, run) = match args.verb {
            Verb::List(_) => (RunsVerb::List, None),
            Verb::Show(args) => (RunsVerb::Show, args.run),
            Verb::Resume(args) => (RunsVerb::Resume, args.run),
            Verb::Undo(args) => (RunsVerb::Undo, args.run),
            Verb::Finish(args) => (RunsVerb::Finish, args.run),
        };
        Self { scope, verb, run }
    }
}
