use std::time::Duration;

/// Serve one node's operations: JSON lines on standard input, JSON lines on standard output
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder in which the node's disk is seen
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(super) root: String,

    /// End when nothing, not even an empty line, came for so long
    #[arg(long, value_name = "SECONDS")]
    silence: Option<u64>,
}

impl Args {
    pub(super) fn silence(&self) -> Option<Duration> {
        self.silence.map(Duration::from_secs)
    }
}
