use super::scope::OutputArgs;

/// Do a saved plan, if planning again over what is there now gives exactly that plan
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The plan, as --dry-run -o json printed it; - for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: String,

    /// Do it without asking
    #[arg(short = 'y', long)]
    pub(super) yes: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}
