//! Parse, run, print, exit code; nothing else.

use std::process::ExitCode;

use kubectl_certs::access::Access;
use kubectl_certs::session;

fn main() -> ExitCode {
    ExitCode::from(session::run(std::env::args_os().collect(), &Access::system()))
}
