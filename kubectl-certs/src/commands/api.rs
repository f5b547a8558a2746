/// One JSON request on standard input, JSON lines of events on standard output
#[derive(Debug, clap::Args)]
pub(super) struct Args {}
