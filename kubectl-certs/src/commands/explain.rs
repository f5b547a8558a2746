use super::scope::OutputArgs;
use crate::request::Explain;

/// Explain what a finding means, why it matters and what repairs it
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Code of the finding; without it, all codes are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl From<&Args> for Explain {
    fn from(args: &Args) -> Self {
        Self { code: args.code.clone() }
    }
}
