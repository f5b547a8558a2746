//! Parse, run, print, exit code; nothing else.

use std::process::ExitCode;

use kubectl_certs::access::Access;
use kubectl_certs::session;

/// Reading certificates makes many small texts, which takes a third less time with this one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(session::run(std::env::args_os().collect(), &Access::system()))
}
