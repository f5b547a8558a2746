//! Which of the certificates there.

use clap::Args;

use crate::model::Span;
use crate::request::{Filter, Role};

const WHICH: &str = "Which of them";

#[derive(Clone, Debug, Args)]
pub(super) struct FilterArgs {
    /// Only what has expired
    #[arg(help_heading = WHICH, long)]
    expired: bool,

    /// Only what ends within this time (30d, 12h, 1y) or has ended
    #[arg(help_heading = WHICH, long, value_name = "DURATION")]
    within: Option<Span>,

    /// Only what is good for this, by its usages or by who was seen to use it; may be repeated
    #[arg(help_heading = WHICH, long = "role", value_enum, value_name = "ROLE")]
    roles: Vec<RoleArg>,

    /// Only what names such an issuer: part of its name in whatever case, or the beginning of its key id (8 digits or more)
    #[arg(help_heading = WHICH, long, value_name = "TEXT")]
    issuer: Option<String>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum RoleArg {
    Authority,
    Server,
    Client,
}

impl From<&FilterArgs> for Filter {
    fn from(args: &FilterArgs) -> Self {
        let role = |role: &RoleArg| match role {
            RoleArg::Authority => Role::Authority,
            RoleArg::Server => Role::Server,
            RoleArg::Client => Role::Client,
        };
        Self {
            expired: args.expired,
            within: args.within,
            roles: args.roles.iter().map(role).collect(),
            issuer: args.issuer.clone(),
        }
    }
}
