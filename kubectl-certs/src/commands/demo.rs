use super::scope::{OutputArgs, absolute};
use crate::request::Demo;

/// Make the disk of an invented control-plane node with the usual troubles in it, to try everything on
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to make
    #[arg(value_name = "DIR", default_value = "certs-demo")]
    folder: String,

    /// Replace a demo that is there already
    #[arg(long)]
    force: bool,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl From<&Args> for Demo {
    fn from(args: &Args) -> Self {
        Self { folder: absolute(&args.folder), force: args.force }
    }
}
