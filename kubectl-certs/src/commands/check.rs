use super::filter::FilterArgs;
use super::scope::{OutputArgs, ProbeArgs, ScopeArgs, UserArgs};
use crate::request::{Check, FailOn};

/// Say what is wrong with certificates; exit code 1 at or above --fail-on
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  kubectl certs check                              the current cluster
  kubectl certs check --root /mnt/node1 --fail-on error
  kubectl certs check --ignore expiring=secret/shop/web/tls.crt")]
pub(super) struct Args {
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    users: UserArgs,

    /// Severity from which on the exit code is 1
    #[arg(help_heading = "What counts", long, value_enum, default_value_t = FailOnArg::Warning, value_name = "SEVERITY")]
    fail_on: FailOnArg,

    /// Do not report this code, or this code at this target; may be repeated
    #[arg(help_heading = "What counts", long, value_name = "CODE[=TARGET]")]
    ignore: Vec<String>,

    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum FailOnArg {
    Info,
    Warning,
    Error,
    Never,
}

impl From<&Args> for Check {
    fn from(args: &Args) -> Self {
        Self {
            scope: args.users.with(args.probe.of(&args.scope)),
            filter: (&args.filter).into(),
            fail_on: match args.fail_on {
                FailOnArg::Info => FailOn::Info,
                FailOnArg::Warning => FailOn::Warning,
                FailOnArg::Error => FailOn::Error,
                FailOnArg::Never => FailOn::Never,
            },
            ignore: args.ignore.clone(),
        }
    }
}
